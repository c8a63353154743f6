"""Gifts to households that need help: from the wish to give to the receipt anybody can check."""
