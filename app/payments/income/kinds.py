"""What a movement on a payee's account was, told from the account on its other side."""

from __future__ import annotations

from enum import StrEnum

from app.payments.ledger.models import AccountKind

REFUND = "refund"
VAT_OWNER = "vat"


class What(StrEnum):
    """Why money of a payee moved."""

    SALE = "sale"
    REFUND = "refund"
    COMMISSION = "commission"
    VAT = "vat"
    INCOME_TAX = "income_tax"
    GATEWAY_FEE = "gateway_fee"
    DEBT = "debt"  # between what we hold and what the payee owes
    PAYOUT = "payout"


WITHHELD = (What.COMMISSION, What.VAT, What.INCOME_TAX, What.GATEWAY_FEE)

_BY_OTHER_SIDE = {
    AccountKind.COMMISSION: What.COMMISSION,
    AccountKind.GATEWAY_FEE: What.GATEWAY_FEE,
    AccountKind.OUTSIDE_PAYEE: What.PAYOUT,
    AccountKind.SELLER_DEBT: What.DEBT,
    AccountKind.PAYABLE: What.DEBT,
    AccountKind.OUTSIDE_PAYER: What.REFUND,
}


def what_of(other_kind: str, other_owner_id: str, purpose_kind: str | None) -> What:
    """Why, from the other side's kind and owner and the transfer's purpose. A reversal is what it takes back."""
    kind = AccountKind(other_kind)
    if kind in _BY_OTHER_SIDE:
        return _BY_OTHER_SIDE[kind]
    if kind is AccountKind.TAX_WITHHELD:
        return What.VAT if other_owner_id == VAT_OWNER else What.INCOME_TAX
    return What.REFUND if purpose_kind == REFUND else What.SALE
