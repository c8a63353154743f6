"""The use case of giving."""

from __future__ import annotations

from app.core.clock import Clock
from app.core.codes import new_code, normalise
from app.core.database import transaction
from app.core.texts import tidy
from app.households.welfare import queries as welfare
from app.payments.requests.models import Method

from . import donors, operations, queries
from .errors import AmountOutOfRange, KeyReused, NoDirectGift
from .models import MAX_VND, MIN_VND, Gift
from .operations import CODE_PREFIX
from .states import State


def give(
    *,
    household_code: str,
    amount_vnd: int,
    donor_name: str | None,
    message: str | None,
    method: Method,
    idempotency_key: str,
    clock: Clock,
) -> Gift:
    """Note the wish to give and ask for the money: by VietQR straight into the household's account, by card collected.

    The same key with the same content answers with what it made before. For cards, the intent is made after this
    transaction, by whoever called.

    Args:
        amount_vnd: đồng, from MIN_VND to MAX_VND.
        donor_name: None or blank for an anonymous gift. Sealed; the log holds a salted commitment to it.
        message: sealed; shown to nobody before a person has read it.

    Raises:
        AmountOutOfRange: too little or too much.
        NotListed: no household takes gifts under this code today.
        NoDirectGift: a transfer is wanted, and the household did not agree to direct gifts.
        KeyReused: the key was used for another gift.
    """
    if not MIN_VND <= amount_vnd <= MAX_VND:
        raise AmountOutOfRange()
    name, words = tidy(donor_name or "") or None, tidy(message or "") or None
    with transaction() as session:
        operations.lock_key(idempotency_key)
        earlier = queries.by_key(idempotency_key)
        mark = donors.content_mark(
            household_code=normalise(household_code), amount_vnd=amount_vnd, name=name, message=words, method=method
        )
        if earlier is not None:
            if earlier.content_mark != mark:
                raise KeyReused()
            return earlier
        household = welfare.public_by_code(household_code, clock=clock)
        if method is Method.VIETQR and not household.direct:
            raise NoDirectGift()
        gift = Gift(
            code=new_code(CODE_PREFIX),
            idempotency_key=idempotency_key,
            content_mark=mark,
            household_code=household.code,
            commune_code=household.commune_code,
            payee_id=welfare.payee_for_gift(household.code, clock=clock),
            amount_vnd=amount_vnd,
            method=method,
            status=State.ASKED,
            created_at=clock.now(),
            **donors.sealed_columns(name=name, message=words, clock=clock),
        )
        session.add(gift)
        session.flush()
        operations.ask_for(gift, clock=clock)
        return gift
