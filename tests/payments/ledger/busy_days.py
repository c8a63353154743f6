"""Sets of transfers drawn by chance from what the plain books hold: mostly sensible, some refused, some nonsense."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from app.core.ids import uuid7
from app.payments.ledger.models import AccountKind, TransferKind
from app.payments.ledger.operations import NewTransfer
from tests.payments.ledger.plain_books import ENDS, MOVING, PlainBooks

WORLD = (AccountKind.OUTSIDE_CARD, AccountKind.OUTSIDE_CARD, AccountKind.OUTSIDE_PAYER)
ASKED_AGAIN = 5_000
DOUBTFUL = 0.2


class BusyDay:
    """Draws set after set; the plain books must be given each before the next is drawn."""

    def __init__(self, chance: random.Random, plain: PlainBooks, now: datetime) -> None:
        self.chance, self.plain, self.now = chance, plain, now
        self.by_kind: dict[AccountKind, list[UUID]] = {}
        for id, account in plain.accounts.items():
            self.by_kind.setdefault(account.kind, []).append(id)
        self.world = self._of(*WORLD)
        self.debts = self._of(AccountKind.SELLER_DEBT)
        open_ones = [id for id, account in plain.accounts.items() if not account.closed]
        self.inner = [id for id in open_ones if id not in {*self.world, *self.debts}]
        self.targets = [*self.inner, *self.world]
        self.recent = list(plain.landed.values())[-ASKED_AGAIN:]
        self.waiting = list(plain.waiting.values())
        self.sensible: dict[Callable[[], NewTransfer], int] = {
            self._money_comes: 24,
            self._between: 14,
            self._what_is_free: 6,
            self._owe: 6,
            self._repay: 8,
            self._reserve: 14,
            self._end_one: 18,
            self._reverse: 6,
            self._again: 4,
        }
        self.doubtful: dict[Callable[[], NewTransfer], int] = {
            self._spend_about_all: 8,
            self._repay_too_much: 2,
            self._to_anywhere: 3,
            self._end_something: 3,
            self._reverse_something: 3,
            self._again_otherwise: 3,
            self._nonsense: 2,
        }

    def next_set(self) -> list[NewTransfer]:
        """One to five linked transfers."""
        size = self.chance.choice((1, 1, 1, 1, 2, 2, 3, 5))
        drawn = [self._draw(self.sensible) for _one in range(size)]
        if self.chance.random() < DOUBTFUL:
            drawn[self.chance.randrange(size)] = self._draw(self.doubtful)
        self.recent += drawn  # also what will be refused: its id is free then
        self.waiting += [one for one in drawn if one.kind is TransferKind.PENDING]
        return drawn

    def _draw(self, kinds: dict[Callable[[], NewTransfer], int]) -> NewTransfer:
        (make,) = self.chance.choices(list(kinds), list(kinds.values()))
        return make()

    def _of(self, *kinds: AccountKind) -> list[UUID]:
        return [id for kind in dict.fromkeys(kinds) for id in self.by_kind.get(kind, [])]

    def _new(self, source: UUID, target: UUID, amount_vnd: int, **more: object) -> NewTransfer:
        purpose = ("day", uuid7()) if self.chance.random() < 0.3 else None
        new = NewTransfer(uuid7(), source, target, amount_vnd, self.now, purpose=purpose)
        return replace(new, **more)  # type: ignore[arg-type]

    def _other_than(self, source: UUID) -> UUID:
        return self.chance.choice([id for id in self.targets if id != source])

    def _money_comes(self) -> NewTransfer:
        return self._new(self.chance.choice(self.world), self.chance.choice(self.inner), self.chance.randint(50, 900))

    def _between(self) -> NewTransfer:
        source = self.chance.choice(self.inner)
        return self._new(source, self._other_than(source), self.chance.randint(1, 300))

    def _spend_about_all(self) -> NewTransfer:
        source = self.chance.choice(self.inner)
        share = self.chance.choice((50, 99, 100, 100, 101, 120))
        amount = max(self.plain.accounts[source].free_vnd * share // 100, 1)
        kind = self.chance.choice((TransferKind.POSTED, TransferKind.PENDING))
        return self._new(source, self.chance.choice(self.world), amount, kind=kind)

    def _what_is_free(self) -> NewTransfer:
        source = self.chance.choice([*self.inner, *self.inner, *self.world])
        kind = self.chance.choice((TransferKind.POSTED, TransferKind.PENDING))
        return self._new(source, self._other_than(source), self.chance.randint(1, 2_000), kind=kind, balancing=True)

    def _owe(self) -> NewTransfer:
        kind = self.chance.choice((TransferKind.POSTED, TransferKind.PENDING))
        target = self.chance.choice([*self.world, *self.inner])
        return self._new(self.chance.choice(self.debts), target, self.chance.randint(1, 400), kind=kind)

    def _repay(self) -> NewTransfer:
        source, debt = self.chance.choice([*self.inner, *self.world]), self.chance.choice(self.debts)
        owed = self.plain.accounts[debt].owed_vnd
        if owed > 0 and self.chance.random() < 0.3:
            return self._new(self.chance.choice(self.world), debt, max(owed * self.chance.choice((30, 100)) // 100, 1))
        return self._new(source, debt, self.chance.randint(1, 900), balancing=True)

    def _repay_too_much(self) -> NewTransfer:
        debt = self.chance.choice(self.debts)
        return self._new(self.chance.choice(self.world), debt, max(self.plain.accounts[debt].owed_vnd, 0) + 1)

    def _to_anywhere(self) -> NewTransfer:
        """Also to what is closed, or owes nothing."""
        source, target = self.chance.choices(list(self.plain.accounts), k=2)
        kind = self.chance.choice((TransferKind.POSTED, TransferKind.PENDING))
        return self._new(source, target, self.chance.randint(1, 90), kind=kind)

    def _reserve(self) -> NewTransfer:
        minutes = self.chance.choice((None, None, 1, 10, 30))
        source = self.chance.choice([*self.inner, *self.world])
        return self._new(
            source,
            self._other_than(source),
            self.chance.randint(1, 250),
            kind=TransferKind.PENDING,
            expires_at=self.now + timedelta(minutes=minutes) if minutes else None,
            balancing=self.chance.random() < 0.2,
        )

    def _end_one(self) -> NewTransfer:
        if not self.waiting:
            return self._reserve()
        held = self.waiting.pop(self.chance.randrange(len(self.waiting)))
        if held.id not in self.plain.waiting and self.chance.random() < 0.9:
            return self._money_comes()
        return self._end(held, self.chance.choice(ENDS), self.plain.moved_vnd.get(held.id, held.amount_vnd))

    def _end_something(self) -> NewTransfer:
        """Whatever it is: posted, ended long ago, between other accounts, refused."""
        if not self.recent:
            return self._reserve()
        end = self._end(self.chance.choice(self.recent), self.chance.choice(ENDS), self.chance.randint(1, 300))
        return replace(end, from_account_id=self.chance.choice([end.from_account_id, *self.inner]))

    def _end(self, held: NewTransfer, kind: TransferKind, held_vnd: int) -> NewTransfer:
        share = self.chance.choice((20, *(100,) * 8, 103))
        amount = max(held_vnd * share // 100, 1) if kind is TransferKind.POST_PENDING else 0
        return self._new(held.from_account_id, held.to_account_id, amount, kind=kind, pending_id=held.id)

    def _reverse(self) -> NewTransfer:
        tries = [self.chance.choice(self.recent) for _try in range(4)] if self.recent else []
        old = next((one for one in tries if one.kind in MOVING and self.plain.moved_vnd.get(one.id)), None)
        if old is None or old.reverses_id or old.id in self.plain.ended:
            return self._money_comes()
        return self._back(old, self.plain.moved_vnd[old.id])

    def _reverse_something(self) -> NewTransfer:
        """Whatever it is: reserved, reversed before, a reversal itself, refused, of another amount."""
        old = self._again()
        amount = self.plain.moved_vnd.get(old.id, old.amount_vnd) + self.chance.choice((0, 0, 1, -1))
        return replace(self._back(old, amount), balancing=self.chance.random() < 0.2)

    def _back(self, old: NewTransfer, amount_vnd: int) -> NewTransfer:
        return self._new(old.to_account_id, old.from_account_id, amount_vnd, reverses_id=old.id)

    def _again(self) -> NewTransfer:
        return self.chance.choice(self.recent) if self.recent else self._money_comes()

    def _again_otherwise(self) -> NewTransfer:
        old = self._again()
        changes: list[dict[str, object]] = [
            {"amount_vnd": old.amount_vnd + 1},
            {"from_account_id": old.to_account_id, "to_account_id": old.from_account_id},
            {"purpose": ("other", uuid7())},
            {"event_at": old.event_at + timedelta(microseconds=1)},
            {"balancing": not old.balancing},
            {"to_account_id": self.chance.choice(self.targets)},
            {"expires_at": self.now + timedelta(minutes=7)},
        ]
        return replace(old, **self.chance.choice(changes))  # type: ignore[arg-type]

    def _nonsense(self) -> NewTransfer:
        new = self._between()
        nonsense: list[dict[str, object]] = [
            {"amount_vnd": 0},
            {"amount_vnd": -new.amount_vnd},
            {"to_account_id": new.from_account_id},
            {"to_account_id": uuid7()},
            {"kind": TransferKind.POST_PENDING},
            {"expires_at": self.now},
            {"pending_id": uuid7()},
            {"kind": TransferKind.PENDING, "reverses_id": uuid7()},
            {"reverses_id": uuid7()},
            {"kind": TransferKind.VOID_PENDING, "pending_id": uuid7(), "amount_vnd": 0, "balancing": True},
        ]
        return replace(new, **self.chance.choice(nonsense))  # type: ignore[arg-type]
