"""A household and its own data: what is known of it, who looked, what it agreed to, its people, and its erasure."""
