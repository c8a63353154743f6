"""What a flow of money is to the cuts: what the outside world does, and what must be true in the end."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core import jobs
from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db
from app.giving.log import services as public_log
from app.identity.limits import limiter
from app.identity.models import User
from app.identity.roles import Role
from app.payments.bank import services as bank
from app.payments.cards import gateway
from app.payments.cards import services as cards
from app.payments.refunds import services as refunds
from tests.factories.people import make_user, sign_in
from tests.fakes.stripe_gateway import FakeStripe
from tests.faults.proxy import Cut, Wire

T = TypeVar("T")
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Later:
    """A while from now, when the sweeps no longer wait for who is still at it."""

    def now(self) -> datetime:
        return SYSTEM_CLOCK.now() + timedelta(minutes=5)


@dataclass
class Browser:
    """Somebody signed in, over the wire that gets cut."""

    client: FlaskClient
    user: User | None = None
    token: str = ""

    def form(self, path: str, **fields: Any) -> TestResponse:
        """Press a button; the page it is on was opened while all was well."""
        return self.client.post(path, data={"csrf_token": self.token, **fields})

    def api(self, path: str, key: str, body: dict[str, Any] | None = None) -> TestResponse:
        """A creating call with its key."""
        return self.client.post(path, json={} if body is None else body, headers={"Idempotency-Key": key})


@dataclass
class Stage:
    """The application behind the wire, and what the flows share."""

    wired: Flask
    wire: Wire
    stripe: FakeStripe
    _made: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Made at the first call."""
        if name not in self._made:
            self._made[name] = make()
        made: T = self._made[name]
        return made

    def officer(self, number: int = 1) -> Browser:
        """Somebody of the finance office; a different person for each number."""
        return self.once(f"officer {number}", self._officer)

    def _officer(self) -> Browser:
        browser = Browser(self.wired.test_client(), make_user(role=Role.FINANCE))
        assert browser.user
        sign_in(browser.client, browser.user)
        return with_token(browser, "/dieu-hanh/sao-ke")

    def guest(self) -> FlaskClient:
        """Somebody on the internet; a bank, say."""
        return self.wired.test_client()

    def start_afresh(self) -> None:
        """Drop pooled connections, so that connecting is among the steps."""
        with self.wired.app_context():
            db.engine.dispose()

    def behind(self, work: Callable[[], Any]) -> bool:
        """Do a job's work behind the wire; whether it came to its end."""
        with self.wired.app_context(), acting_as(SYSTEM):
            try:
                work()
            except (sa.exc.DBAPIError, psycopg.Error):
                return False  # the job failed, and comes again
        return True

    def sweep(self) -> None:
        """All that the clock does within some minutes: waiting jobs, pumps, and questions to the gateway."""
        for work in (
            lambda: do_waiting_jobs("statements.work"),
            lambda: bank.pump(clock=SYSTEM_CLOCK),
            lambda: cards.pump(clock=SYSTEM_CLOCK),
            lambda: cards.sweep(gateway=gateway.current(), clock=Later()),
            lambda: refunds.sweep(gateway=gateway.current(), clock=Later()),
            lambda: public_log.sequence_leaves(clock=SYSTEM_CLOCK),
        ):
            assert self.behind(work), "the wire is whole, and a sweep failed"


def with_token(browser: Browser, page: str) -> Browser:
    """Open a page with a form."""
    found = _TOKEN.search(browser.client.get(page).text)
    assert found, f"{page} has no form"
    browser.token = found[1]
    return browser


def do_waiting_jobs(name: str) -> None:
    """What the worker would do with the jobs of this name that were asked for in a committed transaction."""
    rows = sa.text("SELECT id, args FROM procrastinate_jobs WHERE task_name = :name AND status = 'todo' ORDER BY id")
    while waiting := [(row.id, row.args) for row in db.session.execute(rows, {"name": name})]:
        db.session.rollback()
        for job_id, arguments in waiting:
            jobs.queue.tasks[name](**arguments)
            with db.engine.begin() as connection:
                done = sa.text("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id = :id")
                connection.execute(done, {"id": job_id})


@dataclass(frozen=True)
class Attempt:
    """One go at a flow.

    Attributes:
        acts: what the outside world does, in order. Each says whether it was acknowledged; until it was, the world does
            it again, and goes no further.
        expect: asserts that all of it is in the books, exactly once.
    """

    acts: Sequence[Callable[[], bool]]
    expect: Callable[[], None]


Flow = Callable[[Stage], Attempt]
FLOWS: dict[str, Flow] = {}


def flow(begin: Flow) -> Flow:
    """Add a flow to the table. The function prepares the world for one go, over a whole wire."""
    FLOWS[begin.__name__] = begin
    return begin


def measure(begin: Flow, stage: Stage) -> dict[Cut, int]:
    """How many steps the flow takes each way, when nothing is cut. The very first go takes more and does not count."""
    for _go in range(2):
        attempt = _prepared(begin, stage)
        stage.wire.count_anew()
        assert _act(attempt, 0) == len(attempt.acts), "the flow does not work on a whole wire"
        steps = {cut: stage.wire.steps(cut) for cut in Cut}
        stage.sweep()
        _expect(attempt)
    return steps


def cut_once(
    begin: Flow, stage: Stage, step: int, cut: Cut, chance: random.Random, *, more: Sequence[tuple[int, Cut]] = ()
) -> bool:
    """One go with the wire cut at a step, and the repeats at `more` steps; whether it was cut at the first."""
    attempt = _prepared(begin, stage)
    stage.wire.cut_at(step, cut)
    done = _act(attempt, 0)
    was_cut = stage.wire.mend()
    for place in more:
        stage.start_afresh()
        stage.wire.cut_at(*place)
        done = _act(attempt, done)
        stage.wire.mend()
    if done == len(attempt.acts):  # nobody repeats what was acknowledged
        stage.sweep()
        _expect(attempt)
    if chance.random() < 0.5:
        stage.sweep()
    assert _act(attempt, done) == len(attempt.acts), f"a repeat was refused after {done} acts"
    stage.sweep()
    _expect(attempt)
    _act_all_again(attempt)
    stage.sweep()
    _expect(attempt)
    return was_cut


def _prepared(begin: Flow, stage: Stage) -> Attempt:
    limiter.reset()
    attempt = begin(stage)
    db.session.rollback()
    stage.start_afresh()
    return attempt


def _act(attempt: Attempt, first: int) -> int:
    """Go on from an act until one is not acknowledged; how many are done."""
    for number in range(first, len(attempt.acts)):
        if not attempt.acts[number]():
            return number
    return len(attempt.acts)


def _act_all_again(attempt: Attempt) -> None:
    """Somebody nervous presses everything once more; being refused is fine."""
    for act in attempt.acts:
        with suppress(AssertionError):
            act()


def _expect(attempt: Attempt) -> None:
    db.session.rollback()
    db.session.expire_all()
    attempt.expect()
    db.session.rollback()
