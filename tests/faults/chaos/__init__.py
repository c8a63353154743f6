"""`make chaos`: the whole platform, with processes killed at random moments under clients that keep a record."""
