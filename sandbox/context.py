"""What every page and endpoint of the sandbox needs, hung on the Flask app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import current_app

from sandbox.outbox import Outbox
from sandbox.settings import Settings
from sandbox.store import Store

EXTENSION = "sandbox"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Settings, memory and outbox of one running sandbox."""

    settings: Settings
    store: Store
    outbox: Outbox


def here() -> Sandbox:
    """The sandbox that serves the current request."""
    return cast(Sandbox, current_app.extensions[EXTENSION])
