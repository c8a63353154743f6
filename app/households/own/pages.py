"""Pages of this room: the household's own, its people, and the officers' side."""

from __future__ import annotations

from . import home_pages, office_pages, people_pages
from .blueprint import bp

__all__ = ["bp", "home_pages", "office_pages", "people_pages"]
