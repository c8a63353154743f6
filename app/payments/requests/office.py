"""Where the office looks at what a request was for. A room says so by a method of its handler, `office_links`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable
from uuid import UUID

from app.payments.requests.models import PaymentRequest
from app.payments.requests.purposes import handler_of


@dataclass(frozen=True)
class OfficeLink:
    """A page about what was paid for, and what to call it."""

    title: str
    url: str


@runtime_checkable
class HasOfficePages(Protocol):
    """A handler whose purposes have pages."""

    def office_links(self, requests: Sequence[PaymentRequest]) -> Mapping[UUID, OfficeLink]:
        """By the request's id, for requests of this handler's kind; in one query however many there are."""
        ...


def office_links(requests: Sequence[PaymentRequest]) -> dict[UUID, OfficeLink]:
    """By the request's id; one question to each room, and what has no page is left out."""
    of_kind: dict[str, dict[UUID, PaymentRequest]] = {}
    for request in requests:
        of_kind.setdefault(request.purpose_kind, {})[request.id] = request
    found: dict[UUID, OfficeLink] = {}
    for same in of_kind.values():
        asked = list(same.values())
        handler = handler_of(asked[0])
        if isinstance(handler, HasOfficePages):
            found |= handler.office_links(asked)
    return found
