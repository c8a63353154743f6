"""The market floor."""
