"""A small world for the log: made-up gifts, logged as the giving room logs them."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from flask import Flask

from app.core import codes
from app.core.database import transaction
from app.giving.log import operations, services
from app.giving.log.leaves import Value
from app.giving.log.models import LogLeaf
from tests.fakes.clock import FrozenClock

LogGifts = Callable[[int], list[UUID]]


def gift_body(**changes: Value) -> dict[str, Value]:
    """What a leaf says about a made-up gift."""
    return {
        "code": codes.new_code("UH"),
        "household": "AS23456789",
        "amount_vnd": 200_000,
        "at": "2026-03-01T08:04:05Z",
        "rail": "vietqr",
        **changes,
    }


def append_gift() -> LogLeaf:
    """One more gift; needs an open transaction."""
    return operations.append_leaf(kind="gift_received", subject_id=uuid4(), body=gift_body())


@pytest.fixture
def log_gifts(app: Flask) -> LogGifts:
    """Log so many gifts in one transaction and answer their leaves' ids; the sequencer has yet to come by."""

    def log(count: int) -> list[UUID]:
        with transaction():
            return [append_gift().id for _ in range(count)]

    return log


@pytest.fixture
def sequence(app: Flask, clock: FrozenClock) -> Callable[[], int]:
    """Let the sequencer come by."""
    return lambda: services.sequence_leaves(clock=clock)
