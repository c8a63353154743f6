"""Giving: from a pledge to the public proof that it arrived."""
