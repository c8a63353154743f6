"""Edits made without a network: merged per field into an unverified household, or put before the officer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from flask_babel import gettext as _

from app.core.actor import Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.codes import normalise
from app.core.errors import BadInput, Conflict
from app.households.registry import amendments, fields, operations, people, queries, states, versions
from app.households.registry.checks import checked
from app.households.registry.errors import NoSuchHousehold
from app.households.registry.fields import Fields
from app.households.registry.models import Household, Purpose, Status
from app.households.registry.people import Evidence
from app.households.registry.states import Event

from . import conflicts, records, rulings
from . import merge as merging
from .models import DoorstepRecord, Outcome
from .moment import Moment
from .records import Said, Sent
from .targets import Target


def bases(homes: Iterable[Household], sent: Sequence[Sent]) -> Sequence[Any]:
    """Fetch the versions these edits stand on, in one query; hold on to the answer while merging."""
    by_code = {home.code: home.id for home in homes}
    wanted = [
        (by_code[code], one.base_version)
        for one in sent
        if one.base_version and (code := normalise(one.household_code or "")) in by_code
    ]
    return versions.load(wanted)


def merge(actor: Actor, row: DoorstepRecord, sent: Sent, target: Target | None, *, clock: Clock) -> None:
    """Take what nobody changed meanwhile; the rest waits as a conflict. The row gets its outcome.

    An edit of a record that was merged away goes on to the one that stands for it, field by field: what that one says
    just as the person saw it is changed, anything else waits. A yes is never carried over.

    Needs an open transaction and the household's row locked.

    Raises:
        NoSuchHousehold: none in sight.
        BadHousehold, OutsideArea: values that cannot be, a hamlet of somebody else.
        Conflict: the household was merged into one out of sight.
    """
    if target is None:
        raise NoSuchHousehold
    home = target.home
    demand_living(home)
    clock = Moment(clock.now())  # what this attempt asks for is not older than the attempt
    row.household_id, row.commune_code, row.hamlet_code = home.id, home.commune_code, home.hamlet_code
    merged = _merged(target, sent, clock)
    if merged.stand_off:
        mark, base = records.mark(sent), None if target.followed else sent.base_version
        conflicts.open_one(row, home, dict(merged.stand_off), base=base, mark=mark, clock=clock)
    waits = write(actor, home, merged.take, id=rulings.amendment_id(row), clock=clock, sends_again=not merged.stand_off)
    if not target.followed:
        agree(actor, home, sent, clock=clock)
    row.outcome = Outcome.CONFLICT if merged.stand_off else Outcome.WAITING if waits else Outcome.MERGED
    row.refusal, row.handled_at = None, clock.now()


def write(actor: Actor, home: Household, changes: Fields, *, id: UUID, clock: Clock, sends_again: bool = True) -> bool:
    """Write fields over an unverified household's, or ask its officer when it is verified; whether they wait.

    Args:
        id: of the amendment, when one is needed.
        sends_again: a household that was sent back goes to the officer again.
    """
    if home.status == Status.VERIFIED:
        if changes:
            amendments.propose(
                actor, home, amendment_id=id, changes=changes, base_version=home.version, source="doorstep",
                clock=clock,
            )  # fmt: skip
        return bool(changes)
    if changes:
        now = fields.of(home)
        data = checked(fields.to_data(now | changes, client_id=home.client_id), now=clock.now(), needs_consent=False)
        operations.rewrite(actor, home, data, mark=people.content_mark(data), clock=clock)
        _note("household_edited", actor, home, clock, fields=sorted(changes))
    if home.status == Status.RETURNED and sends_again:
        home.status = states.after(home.status, Event.RESUBMIT)
        home.return_reason = None
        _note("household_resubmitted", actor, home, clock)
    return False


def agree(actor: Actor, home: Household, sent: Sent, *, clock: Clock) -> None:
    """Write down each yes of a record that does not hold already."""
    agree_to(actor, home, sent.consents, shown=records.evidence(sent, now=clock.now()), clock=clock)


def agree_to(
    actor: Actor, home: Household, said: Sequence[Said], *, shown: Mapping[Purpose, Evidence], clock: Clock
) -> None:
    """Write down each of these yeses that does not hold already, with what shows it."""
    if not said:
        return
    held = {purpose for purpose, word in queries.consents(home.id).items() if word.given}
    for one in said:
        if one.purpose not in held:
            operations.add_consent(
                actor, home, purpose=one.purpose, given=True, how=one.how, clock=clock, evidence=shown[one.purpose]
            )


def demand_living(home: Household) -> None:
    """Refuse to change a record that another one stands for; that one is named to whoever may see it.

    Raises:
        Conflict: it was merged into another.
    """
    if home.status != Status.MERGED:
        return
    try:
        code = queries.standing(home).code
    except NoSuchHousehold:
        raise Conflict(_("Hộ này đã gộp vào một hồ sơ ngoài địa bàn của bạn. Nhờ cán bộ xã sửa giúp.")) from None
    raise Conflict(_("Hộ này đã gộp vào hồ sơ %(code)s. Tải lại danh sách rồi sửa ở hồ sơ đó nhé.", code=code))


def wanted(home: Household, base: Fields | None, sent: Fields, *, clock: Clock) -> tuple[Fields, Fields]:
    """(fields as they stand, what the person wanted in whole groups and normal form).

    Raises:
        BadHousehold: values that cannot be.
    """
    now = fields.of(home)
    meant = merging.complete(base, now, sent)
    clean = checked(fields.to_data(now | meant, client_id=home.client_id), now=clock.now(), needs_consent=False)
    normal = fields.of_data(clean)
    return now, {name: normal[name] for name in meant}


def _merged(target: Target, sent: Sent, clock: Clock) -> merging.Merge:
    version, named = sent.base_version or 0, target.named
    if named is not None and version > named.version:
        raise BadInput(_("Phiếu sửa dựa trên một bản chưa từng có. Tải lại danh sách rồi sửa lại nhé."))
    base = versions.fields_at(named, version) if named is not None else None
    now, meant = wanted(target.home, base, sent.fields, clock=clock)
    return merging.three_way(base, now, meant)


def _note(action: str, actor: Actor, home: Household, clock: Clock, **details: object) -> None:
    record(action, actor=actor, subject_kind=operations.SUBJECT, subject_id=home.id, clock=clock, **details)
