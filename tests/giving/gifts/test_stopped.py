"""No money is asked for, and no QR leads, to a welfare account that was stopped, replaced or closed."""

from __future__ import annotations

import pytest

from app.core.errors import NotFound
from app.households.welfare import services as welfare_desk
from app.payments.payees import queries as payees
from app.payments.requests import views
from app.payments.requests.models import Method
from tests.factories.households import an_officer

from .conftest import give, request_of

WHY = "Hộ báo mất thẻ ngân hàng"


def stop(household, clock, how):
    here = {"actor": an_officer(household.household.commune_code), "household_id": household.household.id}
    if how == "suspend":
        welfare_desk.suspend_welfare_account(**here, reason=WHY, clock=clock)
    elif how == "close":
        welfare_desk.close_welfare_account(**here, reason=WHY, clock=clock)
    else:
        welfare_desk.replace_welfare_account(
            **here, bin="970415", number="7777000123", holder="NGUYEN THI THU", need="Mua sách vở cho con", reason=WHY,
            clock=clock,
        )  # fmt: skip


@pytest.mark.parametrize("how", ["suspend", "close", "replace"])
@pytest.mark.parametrize("method", [Method.VIETQR, Method.CARD])
def test_a_stopped_account_takes_no_gifts(household, clock, how, method):
    stop(household, clock, how)
    with pytest.raises(NotFound):
        give(household, clock=clock, method=method)


@pytest.mark.parametrize("how", ["suspend", "close", "replace"])
def test_a_code_asked_for_before_shows_no_qr_any_more(household, clock, client, how):
    request = request_of(give(household, clock=clock))
    assert views.vietqr_text(request) is not None
    stop(household, clock, how)
    assert views.vietqr_text(request) is None
    assert client.get(f"/tra-tien/{request.code}/qr.png").status_code == 410
    assert payees.active_account(request.payee_id) is None


def test_a_resumed_account_takes_gifts_again(household, clock):
    request = request_of(give(household, clock=clock))
    stop(household, clock, "suspend")
    welfare_desk.resume_welfare_account(
        actor=an_officer(household.household.commune_code), household_id=household.household.id,
        reason="Hộ đã nhận lại thẻ", clock=clock,
    )  # fmt: skip
    assert views.vietqr_text(request) is not None
    assert request_of(give(household, clock=clock)).bank_account_id == request.bank_account_id
