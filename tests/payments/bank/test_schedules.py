"""However notices are repeated, reordered, delayed and mangled, they end in the books of the straight run."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.core.clock import SYSTEM_CLOCK
from app.core.database import db, transaction
from app.payments.bank import services
from app.payments.bank.models import BankNotice, NoticeAllocation
from app.payments.ledger import queries as ledger
from app.payments.ledger.books import check_books
from app.payments.ledger.models import AccountKind
from app.payments.payees.models import Payee
from app.payments.requests import operations as request_operations
from app.payments.requests import queries as requests
from app.payments.requests.models import PaymentRequest
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.fakes.banks import WIRES, message, transfer
from tests.fakes.purposes import RememberingPurpose

SHARDS = 4
SCHEDULES = 1_000
STORIES = 25  # a shard's; each is run straight once, then by ten schedules
ASKED_VND = (20_000, 50_000, 51_001)
NOBODYS_CODE = "CP222222222"


@dataclass(frozen=True)
class Paid:
    """A transfer of a story: to which of its requests (None: to none), how much, where to, and when."""

    which: int | None
    amount_vnd: int
    wire: str
    here: bool = True
    in_time: bool = True


@dataclass(frozen=True)
class Story:
    """Requests as they stand when the money comes, and the transfers people make."""

    asked_vnd: tuple[int, ...]
    cancelled: frozenset[int]
    paid: tuple[Paid, ...]


@dataclass(frozen=True)
class Ending:
    """What is left of a run, in terms of the story: nothing of it may depend on the schedule."""

    requests: tuple[tuple[str, int, int], ...]  # state, paid, and how often its purpose was told
    allocated_vnd: tuple[int, ...]
    received_vnd: int
    suspended_vnd: int
    settled: Counter[str]  # outcomes that depend on the notice alone


def draw_story(chance: random.Random) -> Story:
    """Whole, short, too much, twice, late, for nobody, to another account: by chance and mixed."""
    asked = tuple(chance.choice(ASKED_VND) for _request in range(chance.choice((1, 1, 2))))
    paid: list[Paid] = []
    for which, vnd in enumerate(asked):
        amounts = chance.choice(([vnd], [vnd], [vnd, vnd], [vnd - 1], [vnd - 7_000, 7_000], [vnd + 1], [9_000, vnd]))
        paid += [Paid(which, amount, chance.choice(WIRES)) for amount in amounts]
    if chance.random() < 0.3:
        paid.append(Paid(None, chance.randint(1, 90_000), chance.choice(WIRES)))
    for at, changed in (((0.15), {"here": False}), ((0.2), {"in_time": False})):
        if chance.random() < at:
            place = chance.randrange(len(paid))
            paid[place] = replace(paid[place], **changed)  # type: ignore[arg-type]
    cancelled = frozenset({0} if chance.random() < 0.1 else ())
    return Story(asked, cancelled, tuple(paid))


class Run:
    """One telling of a story, with requests and transfers of its own."""

    def __init__(
        self, client: FlaskClient, payee: tuple[Payee, str], purpose: RememberingPurpose, story: Story, seed: str
    ) -> None:
        self.client, self.purpose, self.chance = client, purpose, random.Random(seed)
        self.payee, number = payee
        self.received_before_vnd = self._received_vnd()
        due = timedelta(minutes=-2)  # within the grace of the sweep: late is what was sent after that
        self.requests = [make_request(payee_id=self.payee.id, amount_vnd=vnd, lasts=due) for vnd in story.asked_vnd]
        for which in story.cancelled:
            with transaction():
                request_operations.cancel(self._fresh(which, for_update=True), clock=SYSTEM_CLOCK)
        self.moved = [(one.wire, self._transfer(one, number)) for one in story.paid]

    def straight(self) -> Ending:
        for wire, moved in self.moved:
            assert self._deliver(wire, moved) == 200
        return self.ending()

    def by_chance(self) -> Ending:
        """Every transfer is told of at least once whole; before, between and after comes whatever may come."""
        told = [(one, True) for one in self.moved for _again in range(self.chance.choice((1, 1, 2, 3)))]
        told += [(one, False) for one in self.moved if self.chance.random() < 0.4]
        self.chance.shuffle(told)
        for (wire, moved), whole in told:
            if whole:
                self._deliver_sooner_or_later(wire, moved)
            else:
                assert self._deliver_mangled(wire, moved) in (401, 422)
        services.pump(clock=SYSTEM_CLOCK)
        return self.ending()

    def ending(self) -> Ending:
        db.session.rollback()
        fresh = [self._fresh(which) for which in range(len(self.requests))]
        ours = {f"FT{moved['serial']}" for _wire, moved in self.moved}
        rows = db.session.execute(
            sa.select(BankNotice.outcome, NoticeAllocation.request_id, NoticeAllocation.amount_vnd, BankNotice.id)
            .join(NoticeAllocation, NoticeAllocation.notice_id == BankNotice.id)
            .where(BankNotice.reference.in_(ours))
        ).all()
        assert len({row.id for row in rows}) == len(self.moved)
        given: Counter[UUID | None] = Counter({request.id: 0 for request in fresh})
        for row in rows:
            given[row.request_id] += row.amount_vnd
        return Ending(
            tuple((one.status, one.paid_vnd, self.purpose.paid.count(one.purpose_id)) for one in fresh),
            tuple(given[one.id] for one in fresh),
            self._received_vnd() - self.received_before_vnd,
            given[None],
            Counter(row.outcome for row in rows if row.outcome in ("unmatched", "wrong_account")),
        )

    def _fresh(self, which: int, *, for_update: bool = False) -> PaymentRequest:
        return requests.by_code(self.requests[which].code, for_update=for_update)

    def _received_vnd(self) -> int:
        account = ledger.find_account(AccountKind.RECEIVED, str(self.payee.id))
        return ledger.balance_vnd(account.id) if account else 0

    def _transfer(self, one: Paid, number: str) -> dict[str, Any]:
        code = NOBODYS_CODE if one.which is None else self.requests[one.which].code
        memo = self.chance.choice(
            (
                f"{code} CHO PHIEN",
                f"{code.lower()} cho phien",
                f"MBVCB.123.{code}.CT tu 11 toi 22",
                f"{code[:4]} {code[4:7]}-{code[7:]} tra tien",
                f"NGUYENVANA{code}CHUYENKHOAN",
            )
        )
        minutes = self.chance.randint(3, 30) if one.in_time else 1
        sent = datetime.now(UTC) - timedelta(minutes=minutes)
        return transfer(number if one.here else f"9{number}", one.amount_vnd, memo, at=sent)

    def _deliver(self, wire: str, moved: dict[str, Any]) -> int:
        body, headers = message(wire, moved)
        return self._send(wire, body, headers)

    def _send(self, wire: str, body: bytes, headers: dict[str, str]) -> int:
        answer = self.client.post(f"/webhooks/bank/{wire}", data=body, headers=headers, content_type="application/json")
        return answer.status_code

    def _deliver_sooner_or_later(self, wire: str, moved: dict[str, Any]) -> None:
        """Now and then the worker dies between taking a notice in and handling it; the pump comes by sometime."""
        with pytest.MonkeyPatch.context() as patched:
            if self.chance.random() < 0.2:
                patched.setattr(services, "try_to_handle", lambda *_a, **_k: None)
            assert self._deliver(wire, moved) == 200
        if self.chance.random() < 0.1:
            services.pump(clock=SYSTEM_CLOCK)

    def _deliver_mangled(self, wire: str, moved: dict[str, Any]) -> int:
        body, headers = message(wire, moved)
        place = self.chance.randrange(1, len(body))
        amount = str(moved["amount"]).encode()
        mangled = self.chance.choice(
            (
                body[:place],
                body.replace(amount, amount + b"0"),
                body.replace(amount, b"-" + amount),
                b"\xff" + body[1:],
                b"",
            )
        )
        return self._send(wire, mangled, headers)


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_thousand_schedules_end_in_the_books_of_the_straight_run(client: FlaskClient, shard: int) -> None:
    first = random.SystemRandom().randrange(2**32)
    purpose, run = make_purpose(), 0
    for number in range(STORIES):
        seed = f"{first}-{shard}-{number}"
        payee, story = make_payee(), draw_story(random.Random(seed))
        straight = Run(client, payee, purpose, story, seed).straight()
        for schedule in range(SCHEDULES // SHARDS // STORIES):
            ending = Run(client, payee, purpose, story, f"{seed}-{schedule}").by_chance()
            assert ending == straight, (seed, schedule, story)
            run += 1
        purpose.paid.clear()
    assert run == SCHEDULES // SHARDS
    assert [result for result in check_books() if result.problems] == []
