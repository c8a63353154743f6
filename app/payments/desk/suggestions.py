"""Which requests money in suspense may be meant for, and why each is thought of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from app.core.crypto import unseal_record
from app.core.texts import fold
from app.payments.bank.models import MEMO_FIELD
from app.payments.desk import queries
from app.payments.requests.models import PaymentRequest
from app.payments.requests.states import OPEN

WITHIN = timedelta(days=30)
CANDIDATES = 400
SHOWN = 8
MAX_EDITS = 2
_MAX_MEMO = 200
_NOT_CODE = re.compile(r"[^A-Z0-9]+")


class Why(StrEnum):
    """What speaks for a request."""

    NAMED = "named"
    NEAR_CODE = "near_code"
    SAME_AMOUNT = "same_amount"


@dataclass(frozen=True)
class Suggestion:
    """A request that may be meant.

    Attributes:
        fits_vnd: how much of the waiting money it would take; 0 when it is over.
        why: what speaks for it, strongest first.
        edits: how many characters its code is off from what the memo says; None when it is not there at all.
    """

    request: PaymentRequest
    fits_vnd: int
    why: tuple[Why, ...]
    edits: int | None


def suggest(notice_id: UUID) -> list[Suggestion]:
    """The best few for a notice, in three queries; none when nothing waits.

    Raises:
        ItemNotFound: the notice has no money in suspense.
    """
    item = queries.item(notice_id)
    if item.waiting_vnd == 0:
        return []
    notice = queries.notice_of(item)
    memo = squeeze(unseal_record(MEMO_FIELD, notice.memo_enc))
    found = queries.candidates(
        notice,
        waiting_vnd=item.waiting_vnd,
        since=notice.received_at - WITHIN,
        named=notice.request_id,
        limit=CANDIDATES,
    )
    judged = [_judge(request, item.waiting_vnd, memo, notice.request_id) for request in found]
    worth = [suggestion for suggestion in judged if suggestion.why]
    return sorted(worth, key=_rank)[:SHOWN]


def _judge(request: PaymentRequest, waiting_vnd: int, memo: str, named: UUID | None) -> Suggestion:
    is_open = request.status in OPEN
    edits = edits_from(request.code, memo)
    why = [Why.NAMED] if request.id == named or edits == 0 else [Why.NEAR_CODE] if edits is not None else []
    if is_open and request.missing_vnd == waiting_vnd:
        why.append(Why.SAME_AMOUNT)
    return Suggestion(request, min(waiting_vnd, request.missing_vnd) if is_open else 0, tuple(why), edits)


def _rank(suggestion: Suggestion) -> tuple[bool, int, int, int]:
    """Those that can still take money first; then by how much speaks for them; then the newest."""
    off = MAX_EDITS + 1 if suggestion.edits is None else suggestion.edits
    return (suggestion.fits_vnd == 0, -len(suggestion.why), off, -suggestion.request.id.int)


def squeeze(memo: str) -> str:
    """A memo as codes are looked for in it: capitals and digits only."""
    return _NOT_CODE.sub("", fold(memo[:_MAX_MEMO]).upper())


def edits_from(code: str, memo: str) -> int | None:
    """The fewest changed, added or lost characters between the code and any part of the squeezed memo, if at most 2.

    A code with two mistakes keeps one of its thirds whole, so most memos are put aside without counting.
    """
    third = -(-len(code) // (MAX_EDITS + 1))
    if not any(code[start : start + third] in memo for start in range(0, len(code), third)):
        return None
    costs = list(range(len(code) + 1))
    best = costs[-1]
    for seen in memo:  # Sellers' algorithm: a match may begin anywhere, so the first cost stays 0
        before, costs[0] = costs[0], 0
        for place, wanted in enumerate(code, start=1):
            before, costs[place] = (
                costs[place],
                min(before + (seen != wanted), costs[place] + 1, costs[place - 1] + 1),
            )
        best = min(best, costs[-1])
    return best if best <= MAX_EDITS else None
