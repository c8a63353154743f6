"""A stall as people and programs see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.market.catalogue.models import Shop
from app.payments.payees import queries as payees
from app.payments.payees.queries import MaskedAccount
from app.payments.requests import views as request_views

from . import queries
from .models import Stall


@dataclass(frozen=True)
class Sticker:
    """What the sticker at a stall shows; all None while the shop has no account, or once it has left the stall.

    Attributes:
        payment_code: the code inside the QR.
        vietqr: the text to draw.
    """

    account: MaskedAccount | None = None
    payment_code: str | None = None
    vietqr: str | None = None


def masked_account(shop: Shop) -> MaskedAccount | None:
    """The account the shop is paid at now."""
    account = payees.active_account(shop.payee_id)
    return payees.masked(account) if account else None


def sticker(stall: Stall) -> Sticker:
    """The sticker of a stall with its shop loaded."""
    standing = queries.static_qr(stall) if stall.is_taken else None
    text = request_views.standing_vietqr_text(standing) if standing else None
    if standing is None or text is None:
        return Sticker()
    return Sticker(masked_account(stall.shop), standing.code, text)


def stall_url(code: str) -> str:
    """The public page of a stall."""
    return f"/sap/{code}"


def present(stall: Stall, *, public_url: str) -> dict[str, Any]:
    """The stall for `StallSchema`."""
    shown = sticker(stall)
    account = shown.account
    return {
        "code": stall.code,
        "number": stall.number,
        "name": stall.name,
        "market": stall.market,
        "seller_code": stall.shop.code,
        "payee": {
            "name": stall.shop.name,
            "bank_bin": account.bin if account else None,
            "bank_name": account.bank_name if account else None,
            "account_masked": account.number_masked if account else None,
        },
        "payment_code": shown.payment_code,
        "vietqr": shown.vietqr,
        "url": public_url.rstrip("/") + stall_url(stall.code),
    }
