"""Giving a payer's money back: to the card it came from, or by bank transfer when that way is closed."""
