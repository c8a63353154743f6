"""Households: who they are (sealed), what they agreed to, who stood by, and whether they are poor in a given year."""
