"""The bank's feed: `GET url?since=n&limit=m` with a bearer key answers the transfers after number n, oldest first.

    {items: [{seq, id, reference, wire, account, amount_vnd, memo, transferred_at, …}], next_since, newest, has_more}

An item tells of the same money as the webhook of its wire, so it carries the same external id.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from app.payments.bank.models import Wire
from app.payments.bank.wires import READERS, Notice
from app.payments.statements.errors import FeedUnavailable
from app.payments.statements.lines import BadCell, clean, moment, money

NAME = "bank"
PAGE = 200
CONNECT_S, READ_S = 3.05, 10.0
INCOMPLETE = "incomplete"
MAX_ANSWER_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Told:
    """One item of the feed, ready for the inbox."""

    wire: Wire
    raw: bytes
    notice: Notice


@dataclass(frozen=True)
class Unread:
    """One item that could not be read, and why in a stable word."""

    seq: int
    raw: bytes
    reason: str


@dataclass(frozen=True)
class FeedPage:
    """One answer.

    Attributes:
        told: the items that could be read.
        unread: the items that could not.
        next_since: ask on from here.
        newest: the highest number the feed knows.
    """

    told: Sequence[Told]
    unread: Sequence[Unread]
    next_since: int
    newest: int
    has_more: bool


class Feed(Protocol):
    """Whatever can be asked what arrived."""

    def after(self, since: int) -> FeedPage:
        """What came after number `since`, oldest first. Raises FeedUnavailable."""
        ...


@dataclass(frozen=True)
class HttpFeed:
    """The feed at `url`."""

    url: str
    key: str = field(repr=False)
    read_s: float = READ_S

    def after(self, since: int) -> FeedPage:
        """What came after number `since`, oldest first.

        Raises:
            FeedUnavailable: no answer in time, or not one as agreed.
        """
        try:
            answer = httpx.get(
                self.url,
                params={"since": since, "limit": PAGE},
                headers={"Authorization": f"Bearer {self.key}"},
                timeout=httpx.Timeout(self.read_s, connect=CONNECT_S),
            )
        except httpx.HTTPError as error:
            raise FeedUnavailable(type(error).__name__) from None
        if not answer.is_success or len(answer.content) > MAX_ANSWER_BYTES:
            raise FeedUnavailable(f"status {answer.status_code}")
        return _page(answer, since)


_current: Feed | None = None


def use(feed: Feed | None) -> None:
    """Set this process's feed; None when the bank offers none."""
    global _current
    _current = feed


def current() -> Feed | None:
    """This process's feed."""
    return _current


def _page(answer: httpx.Response, since: int) -> FeedPage:
    try:
        body = answer.json()
        items = list(body["items"])
        next_since, newest = int(body["next_since"]), int(body["newest"])
        numbers = [int(item["seq"]) for item in items]
        has_more = bool(body["has_more"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise FeedUnavailable("not as agreed") from None
    if numbers != sorted(set(numbers)) or next_since < max(numbers, default=since) or (has_more and not items):
        raise FeedUnavailable("out of order")
    told, unread = [], []
    for seq, item in zip(numbers, items, strict=True):
        try:
            told.append(_told(item))
        except BadCell as bad:
            unread.append(Unread(seq, _raw(item), bad.problem))
        except (KeyError, ValueError, TypeError, OverflowError):
            unread.append(Unread(seq, _raw(item), INCOMPLETE))
    return FeedPage(told, unread, next_since, newest, has_more)


def _told(item: Mapping[str, Any]) -> Told:
    wire = Wire(item["wire"])
    if wire not in READERS:
        raise ValueError(wire)
    number, reference = clean(item["id"]), clean(item["reference"])
    amount_vnd = money(item["amount_vnd"])
    accounts = tuple(dict.fromkeys(filter(None, (clean(item["account"]), clean(item.get("sub_account"))))))
    if not number or amount_vnd <= 0 or not accounts:
        raise ValueError("incomplete")
    notice = Notice(
        external_id=f"{number}:{reference}" if wire is Wire.PAYOS else number,
        direction="in",
        amount_vnd=amount_vnd,
        accounts=accounts,
        memo=clean(item["memo"]),
        reference=reference,
        event_at=moment(item["transferred_at"]),
    )
    return Told(wire, _raw(item), notice)


def _raw(item: Mapping[str, Any]) -> bytes:
    return json.dumps(item, ensure_ascii=False).encode(errors="replace")
