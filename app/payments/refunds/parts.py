"""Giving back the part of a request that had come before its time ran out; needs an open transaction.

The part lies in the payee's own bank account: the payee makes the transfer, and the office writes it down. What we
collected ourselves we send ourselves; a card's goes to the card (`operations.ask`). From there on it is a refund by
transfer like any other: a second person confirms it, and it may bounce.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from flask_babel import gettext as _

from app.core.actor import Actor
from app.core.clock import Clock
from app.core.crypto import seal_record
from app.payments.refunds import operations, queries
from app.payments.refunds.errors import KeyReused, NotRefundable
from app.payments.refunds.models import ACCOUNT_FIELD, Refund, Way
from app.payments.refunds.operations import Draft, PayerAccount
from app.payments.refunds.states import State
from app.payments.requests import again
from app.payments.requests import queries as requests
from app.payments.requests.models import Settlement


def give_back(
    code: str, *, reason: str, account: PayerAccount, idempotency_key: str, actor: Actor, clock: Clock
) -> Refund:
    """Let all that came of a closed request go back to its payer's account; a repeat answers what was made.

    Raises:
        RequestNotFound, KeyReused.
        NotRefundable: it is not closed with part of its money there, or that is going back; or a card paid it.
    """
    operations.lock_key(idempotency_key)
    request = requests.by_code(code, for_update=True)
    earlier = queries.by_key(idempotency_key)
    if earlier is not None:
        asked = (request.id, Way.BANK_TRANSFER, reason, account)
        if asked != (earlier.request_id, earlier.way, earlier.reason, operations.account_of(earlier)):
            raise KeyReused()
        return earlier
    if not again.is_kept_part(request):
        raise NotRefundable(_("Khoản này không có phần đã trả nào đang chờ trả lại."))
    if request.settlement == Settlement.COLLECTED and operations.charged_intent(request) is not None:
        raise NotRefundable(_("Phần này trả bằng thẻ: mở trang Hoàn tiền, gõ mã này để hoàn về thẻ."))
    sealed = seal_record(ACCOUNT_FIELD, json.dumps(asdict(account)))
    draft = Draft(Way.BANK_TRANSFER, State.WAITING, reason, idempotency_key, account_enc=sealed)
    return operations.make(request, request.refundable_vnd, draft, actor=actor, clock=clock)
