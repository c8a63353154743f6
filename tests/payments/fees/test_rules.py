"""Rules change from a day on, by two people, and the past stays as it was."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.core.actor import Actor
from app.core.clock import SYSTEM_CLOCK, in_vietnam
from app.core.database import transaction
from app.identity.roles import Role
from app.payments.fees import queries, services
from app.payments.fees.errors import (
    BadChange,
    ChangeDecided,
    PastStaysPast,
    ProposalWaits,
    SecondPersonNeeded,
)
from app.payments.fees.models import FeeRule, FeeRuleChange, Kind, Supply
from tests.factories.people import make_user, post_form, sign_in
from tests.payments.fees import world

TODAY = in_vietnam(SYSTEM_CLOCK.now()).date()
TOMORROW = TODAY + timedelta(days=1)
PAGE = "/dieu-hanh/thue/muc"


def propose(actor: Actor, kind: Kind = Kind.VAT, rate_bp: int | None = 200, day: date = TOMORROW) -> FeeRuleChange:
    return services.propose(
        kind=kind, supply=Supply.GOODS, rate_bp=rate_bp, starts_on=day, legal_source="Nghị định mẫu", actor=actor,
        clock=SYSTEM_CLOCK,
    )  # fmt: skip


def days_of(kind: Kind) -> list[tuple[int, date | None]]:
    return [(rule.rate_bp, rule.valid_until) for rule in queries.rules_from(TODAY, kind=kind, supply=Supply.GOODS)]


def test_a_change_holds_from_its_day_once_a_second_person_approved(finance: Actor, colleague: Actor) -> None:
    change = propose(finance)
    assert days_of(Kind.VAT) == [(100, None)]
    services.approve(change.id, actor=colleague, clock=SYSTEM_CLOCK)
    services.approve(change.id, actor=colleague, clock=SYSTEM_CLOCK)
    assert days_of(Kind.VAT) == [(100, TOMORROW), (200, None)]


def test_nobody_approves_their_own_change(finance: Actor) -> None:
    with pytest.raises(SecondPersonNeeded):
        services.approve(propose(finance).id, actor=finance, clock=SYSTEM_CLOCK)
    with pytest.raises(sa.exc.IntegrityError), transaction() as session:
        session.execute(
            sa.update(FeeRuleChange).values(
                state="approved", decided_by_id=finance.user_id, decided_at=SYSTEM_CLOCK.now()
            )
        )


def test_the_past_and_a_day_already_begun_stay_as_they_are(finance: Actor) -> None:
    for day in (TODAY - timedelta(days=1), TODAY):
        with pytest.raises(PastStaysPast):
            propose(finance, day=day)


def test_where_nothing_holds_a_rule_may_begin_today(finance: Actor, colleague: Actor) -> None:
    services.approve(propose(finance, Kind.COMMISSION, day=TODAY).id, actor=colleague, clock=SYSTEM_CLOCK)
    assert days_of(Kind.COMMISSION) == [(200, None)]


def test_a_kind_can_be_charged_no_more_from_a_day_on(finance: Actor, colleague: Actor) -> None:
    services.approve(propose(finance, rate_bp=None).id, actor=colleague, clock=SYSTEM_CLOCK)
    assert days_of(Kind.VAT) == [(100, TOMORROW)]
    with pytest.raises(BadChange):
        propose(finance, Kind.COMMISSION, None)


def test_a_rule_not_begun_can_be_called_off_and_one_before_it_ends_where_it_begins(
    finance: Actor, colleague: Actor
) -> None:
    later = TOMORROW + timedelta(days=30)
    services.approve(propose(finance, day=later).id, actor=colleague, clock=SYSTEM_CLOCK)
    services.approve(propose(finance, rate_bp=300).id, actor=colleague, clock=SYSTEM_CLOCK)
    assert days_of(Kind.VAT) == [(100, TOMORROW), (300, later), (200, None)]
    services.approve(propose(finance, rate_bp=None, day=later).id, actor=colleague, clock=SYSTEM_CLOCK)
    assert days_of(Kind.VAT) == [(100, TOMORROW), (300, later)]


def test_one_change_of_a_rule_waits_at_a_time_and_a_dropped_one_is_over(finance: Actor, colleague: Actor) -> None:
    change = propose(finance)
    assert propose(finance).id == change.id
    with pytest.raises(ProposalWaits):
        propose(colleague)
    services.drop(change.id, actor=finance, clock=SYSTEM_CLOCK)
    with pytest.raises(ChangeDecided):
        services.approve(change.id, actor=colleague, clock=SYSTEM_CLOCK)
    assert days_of(Kind.VAT) == [(100, None)]


def test_the_database_lets_no_two_rules_have_a_day_in_common(app: object) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        world.set_rule(Kind.VAT, 100, since=TODAY)
    with pytest.raises(sa.exc.ProgrammingError), transaction() as session:
        session.execute(sa.update(FeeRule).values(rate_bp=1))


def test_two_officers_change_a_rule_on_the_page(app, client: FlaskClient) -> None:
    sign_in(client, make_user(role=Role.FINANCE))
    form = {
        "kind": "commission",
        "supply": "goods",
        "legal_source": "Quyết định mẫu",
        "starts_on": TOMORROW.isoformat(),
    }
    assert "Ghi mức phần trăm" in post_form(client, PAGE, rate="nhiều", **form).text
    assert post_form(client, PAGE, rate="1,5", **form).status_code == 303
    [change] = queries.open_changes()
    assert change.rate_bp == 150
    own = post_form(client, f"{PAGE}/{change.id}/duyet")
    assert (own.status_code, "cần người khác" in own.text) == (403, True)
    second: FlaskClient = app.test_client()
    sign_in(second, make_user(role=Role.FINANCE))
    assert post_form(second, f"{PAGE}/{change.id}/duyet").status_code == 303
    assert "1,5" in second.get(PAGE).text


def test_the_rules_are_for_the_office(app, client: FlaskClient) -> None:
    assert client.get(PAGE).status_code in (302, 303, 401)
    sign_in(client, make_user())
    assert client.get(PAGE).status_code == 403
    auditor: FlaskClient = app.test_client()
    sign_in(auditor, make_user(role=Role.AUDITOR))
    assert "Đề nghị mức mới" not in auditor.get(PAGE).text
    assert post_form(auditor, PAGE).status_code == 403
