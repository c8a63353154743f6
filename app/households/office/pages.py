"""The pages of the commune office."""

from __future__ import annotations

from . import amendment_pages, queue_pages
from .blueprint import bp

__all__ = ["amendment_pages", "bp", "queue_pages"]
