"""Payouts: collected money on its way to the sellers' own bank accounts, in batches that two people answer for."""
