"""Checks and small programs around the project."""
