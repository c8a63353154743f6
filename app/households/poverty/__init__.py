"""The yearly poverty decision of a commune, taken in as the list its officers made."""
