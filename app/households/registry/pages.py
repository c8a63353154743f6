"""The registry's pages: the community team's on the doorstep, the officers' in the commune."""

from __future__ import annotations

from . import office_pages, team_pages
from .blueprint import bp

__all__ = ["bp", "office_pages", "team_pages"]
