"""A decision about one household, entered by hand."""
