"""Officers' pages of who works here."""
