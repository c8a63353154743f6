"""What came in and went out, for the finance office: one chart and one table out of the ledger's entries."""
