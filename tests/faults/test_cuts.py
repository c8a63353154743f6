"""The link to the database is cut before and after each protocol chunk of every flow of money.

Wherever it breaks: what was acknowledged is not lost, nothing is done twice, and the books balance. Some places of each
flow are tried by default; `make faults` (FAULTS=all) tries them all. FAULTS_SEED tries others.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from flask import Flask

from app import create_app
from app.config import load
from app.core import jobs
from app.core.database import db
from app.payments.cards import gateway
from app.payments.ledger.books import check_books
from app.payments.requests import purposes
from tests.factories.payments import make_payee, make_request
from tests.fakes.banks import WIRES, notify, transfer
from tests.fakes.purposes import KIND
from tests.fakes.stripe_gateway import fake_stripe
from tests.faults import money_in, money_out
from tests.faults.books import RecordingPurpose, demand_one_notice, demand_paid_once
from tests.faults.flows import FLOWS, Stage, cut_once, measure
from tests.faults.proxy import Cut, Wire, wire_to

ALL = os.environ.get("FAULTS") == "all"
SEED = int(os.environ.get("FAULTS_SEED", "1"))
PLACES = 2  # between the first and the last of a flow
assert money_in and money_out  # importing them fills FLOWS


@pytest.fixture
def wire(database_url: str) -> Iterator[Wire]:
    (sockets,) = parse_qs(urlsplit(database_url).query)["host"]
    with wire_to(f"{sockets}/.s.PGSQL.5432") as wire:
        yield wire


@pytest.fixture
def wired(app: Flask, database_url: str, wire: Wire, tmp_path: Path) -> Iterator[Flask]:
    """A second process's application, so to speak: everything it says to the database goes over the wire."""
    name = urlsplit(database_url).path
    url = f"postgresql://app@{name}?host={quote(str(wire.directory), safe='')}"
    settings = {"APP_ENV": "test", "DATABASE_URL": url, "LOG_LEVEL": "CRITICAL", "MEDIA_DIR": str(tmp_path)}
    application = create_app(load(settings))
    purposes.register(KIND, RecordingPurpose())
    yield application
    with application.app_context():
        db.engine.dispose()
    jobs.bind(app)


@pytest.fixture
def stage(wired: Flask, wire: Wire, tmp_path: Path) -> Iterator[Stage]:
    before = gateway.current()
    with fake_stripe(tmp_path) as stripe:
        gateway.use(stripe.gateway())
        yield Stage(wired, wire, stripe)
    gateway.use(before)


def places_to_cut(steps: int, chance: random.Random) -> list[int]:
    """Both ends, and some between; all of them when asked for."""
    between = range(1, steps - 1)
    if ALL or len(between) <= PLACES:
        return list(range(steps))
    return sorted({0, *chance.sample(between, PLACES), steps - 1})


@pytest.mark.slow
@pytest.mark.parametrize("cut", Cut)
@pytest.mark.parametrize("name", FLOWS)
def test_a_cut_anywhere_loses_nothing_acknowledged_and_does_nothing_twice(stage: Stage, name: str, cut: Cut) -> None:
    chance = random.Random(f"{SEED} {name} {cut}")
    begin = FLOWS[name]
    steps = measure(begin, stage)[cut]
    assert steps > 5, "the wire saw too little: is the application really connected through it?"
    places = places_to_cut(steps, chance)
    was_cut = []
    for step in places:
        try:
            was_cut.append(cut_once(begin, stage, step, cut, chance))
        except Exception as error:
            error.add_note(f"{name}: cut at step {step} of {steps}, {cut} (FAULTS_SEED={SEED})")
            raise
    assert sum(was_cut) >= len(places) * 3 // 4, "the flow takes fewer steps than it did when measured"
    assert [result for result in check_books() if result.problems] == []


@pytest.mark.parametrize("name", FLOWS)
def test_a_repeat_that_is_cut_as_well_changes_nothing(stage: Stage, name: str) -> None:
    """Three cuts in a row, at places of their own, before the world gets through."""
    chance = random.Random(f"{SEED} {name} again and again")
    begin = FLOWS[name]
    steps = measure(begin, stage)
    cuts = [(chance.randrange(steps[cut]), cut) for cut in chance.choices(list(Cut), k=3)]
    try:
        cut_once(begin, stage, *cuts[0], chance, more=cuts[1:])
    except Exception as error:
        error.add_note(f"{name}: cut at {cuts} of {steps} (FAULTS_SEED={SEED})")
        raise


@pytest.mark.parametrize("bank", WIRES)
def test_a_lost_answer_to_every_commit_is_no_second_posting(stage: Stage, bank: str) -> None:
    """The provider hears nothing and repeats until it does."""
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)
    moved = transfer(number, 50_000, f"{request.code} CHO PHIEN")
    for step in range(40):
        stage.start_afresh()
        stage.wire.cut_at(step, Cut.BEFORE_ANSWER)
        notify(stage.guest(), bank, moved)
        stage.wire.mend()
    demand_one_notice(demand_paid_once(request.code))
