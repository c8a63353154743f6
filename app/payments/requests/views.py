"""A payment request as people and programs see it."""

from __future__ import annotations

from typing import Any

from app.payments.payees import queries as payees
from app.payments.payees.models import BankAccount, PayeeKind
from app.payments.requests.models import PaymentRequest, StandingCode
from app.payments.requests.purposes import handler_of
from app.payments.requests.states import OPEN
from app.payments.vietqr.codec import VietQR, encode
from app.payments.vietqr.memo import memo_for


def vietqr_text(request: PaymentRequest) -> str | None:
    """The VietQR to scan for what is still missing; None for cards, closed requests and stopped accounts."""
    if request.bank_account_id is None or request.status not in OPEN or is_stopped(request):
        return None
    account = payees.get_account(request.bank_account_id)
    return _encode(account, request.code, amount_vnd=request.missing_vnd)


def is_stopped(request: PaymentRequest) -> bool:
    """Whether it asks for money to a welfare account that was suspended, replaced or closed since."""
    if request.bank_account_id is None:
        return False
    account = payees.get_account(request.bank_account_id)
    return account.payee_kind == PayeeKind.WELFARE and not account.active


def standing_vietqr_text(standing: StandingCode) -> str | None:
    """The static VietQR of a standing code; None while the payee has no account."""
    account = payees.active_account(standing.payee_id)
    return _encode(account, standing.code, amount_vnd=None) if account else None


def transfer_memo(code: str) -> str:
    """What to write as transfer content when typing instead of scanning."""
    return memo_for(code, "")


def _encode(account: BankAccount, code: str, *, amount_vnd: int | None) -> str:
    return encode(
        VietQR(
            bin=account.bin,
            account=payees.account_number(account),
            amount_vnd=amount_vnd,
            bill=code,
            purpose=transfer_memo(code),
        )
    )


def present(request: PaymentRequest, *, card_client_secret: str | None = None) -> dict[str, Any]:
    """The request for `PaymentRequestSchema`."""
    account = payees.get_account(request.bank_account_id) if request.bank_account_id else None
    masked = payees.masked(account) if account else None
    return {
        "code": request.code,
        "payee": {
            "name": handler_of(request).describe(request).payee_name,
            "bank_bin": masked.bin if masked else None,
            "bank_name": masked.bank_name if masked else None,
            "account_masked": masked.number_masked if masked else None,
        },
        "method": request.method,
        "amount_vnd": request.amount_vnd,
        "paid_vnd": request.paid_vnd,
        "missing_vnd": request.missing_vnd,
        "refunding_vnd": request.refunding_vnd,
        "refunded_vnd": request.refunded_vnd,
        "vietqr": vietqr_text(request),
        "card_client_secret": card_client_secret,
        "expires_at": request.expires_at,
        "extensions": request.extensions,
        "status": request.status,
        "paid_at": request.paid_at,
    }
