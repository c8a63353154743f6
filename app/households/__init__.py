"""People: where they live, who they are, what they agreed to, and how help reaches them."""
