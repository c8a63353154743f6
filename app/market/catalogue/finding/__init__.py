"""Finding goods: words with and without accents, filters, slips of the finger, what to suggest."""
