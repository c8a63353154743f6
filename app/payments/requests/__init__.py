""" "Please pay X": a payment request from asked to paid. Knows no orders or gifts, only purposes."""
