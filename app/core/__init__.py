"""Ground floor: database, jobs, errors, money, crypto, clock, audit, texts. Knows no domain."""
