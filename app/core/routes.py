"""Marks on views that say who may call them. A guard test demands one on every route.

`open_to_all` is for anyone, `signed_otherwise` for callers proven by a signature on the body (webhooks). What needs a
person is marked by `app.identity.access`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])
MARK = "_access_rule"


def mark(view: View, rule: str) -> View:
    """Note the rule on the view function."""
    setattr(view, MARK, rule)
    return view


def open_to_all(view: View) -> View:
    """Anyone may call this."""
    return mark(view, "open")


def signed_otherwise(view: View) -> View:
    """Machines call this; the body's signature is checked inside."""
    return mark(view, "signature")
