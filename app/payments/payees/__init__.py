"""Who can be paid, and at which bank account. Owners are opaque ids of rooms above."""
