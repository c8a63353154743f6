"""Money: the ledger, payment requests, and every way in and out."""
