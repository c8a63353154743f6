"""Products, their photos, and finding them."""
