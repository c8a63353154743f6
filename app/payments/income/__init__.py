"""What a payee earned, what was kept back, given back and paid out: read from the ledger, in months and in lines."""
