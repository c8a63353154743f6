"""Steps of a merge inside an open transaction; both households are locked by the caller."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask_babel import gettext as _

from app.core.actor import SYSTEM, Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.crypto import KeyDestroyed
from app.core.database import require_transaction
from app.households.registry import fields, listeners, people, states, versions
from app.households.registry import operations as registry_operations
from app.households.registry import queries as registry
from app.households.registry.checks import checked
from app.households.registry.listeners import What
from app.households.registry.models import Household, How, Purpose, Status
from app.households.registry.people import Evidence
from app.identity import operations as identity
from app.identity import queries as identity_queries
from app.identity.operations import NewGrant
from app.identity.roles import Role

from . import snapshots
from .errors import CannotUndo
from .models import Merge

GROUPS: dict[str, tuple[str, ...]] = {
    "phone": ("phone", "phone_is_contact"),
    "address": ("address",),
    "hamlet": ("hamlet_code",),
    "account": ("account_bin", "account_number", "account_holder"),
}
"""What may come from the record that is closed. Name and citizen's number stay with the record that stays."""


def join(actor: Actor, merge: Merge, winner: Household, loser: Household, *, clock: Clock) -> tuple[bytes, bytes]:
    """Make the two one: fields as chosen, the stricter word of each consent, whoever spoke for one speaks for both.

    Returns:
        What both were before, each sealed under its own household's key; for `part`.
    """
    row, loser_row, version = snapshots.row_of(winner), snapshots.row_of(loser), winner.version
    names = [name for group in merge.takes for name in GROUPS[group]]
    if names:
        theirs = fields.of(loser)
        _write(actor, winner, {name: theirs[name] for name in names}, clock=clock)
    nos = _stricter_words(actor, winner, loser, clock=clock)
    speakers, given = _move_speakers(actor, winner, loser, clock=clock)
    _close(loser, winner)
    count = {"before": version, "after": winner.version}
    _note("household_merged", actor, winner, merge, clock, role="winner", takes=merge.takes)
    _note("household_merged", actor, loser, merge, clock, role="loser")
    listeners.tell(loser.id, What.MERGED, clock=clock)
    kept = snapshots.sealed(winner, row, versions=count, nos=nos, given=given)
    return kept, snapshots.sealed(loser, loser_row, speakers=speakers)


def part(actor: Actor, merge: Merge, winner: Household, loser: Household, *, reason: str, clock: Clock) -> None:
    """Put both back as they were; what was changed on the remaining record since then stays.

    Raises:
        CannotUndo: one of them was erased, or merged or parted in another way since.
    """
    if loser.merged_into != winner.id or winner.status not in (Status.SUBMITTED, Status.RETURNED, Status.VERIFIED):
        raise CannotUndo(_("Một trong hai hồ sơ đã được gộp tiếp hoặc đã xóa. Hoàn tác lần gộp sau trước."))
    try:
        before = snapshots.opened(winner, merge.winner_before_enc or b"")
        loser_before = snapshots.opened(loser, merge.loser_before_enc or b"")
    except KeyDestroyed:
        raise CannotUndo(_("Dữ liệu của hộ đã được xóa theo yêu cầu nên không hoàn tác được.")) from None
    _restore_fields(actor, merge, winner, before, clock=clock)
    _restore_words(actor, winner, before["nos"], clock=clock)
    snapshots.put_back(loser, loser_before["row"], snapshots.STEP)
    _restore_speakers(actor, winner, loser, given=before["given"], speakers=loser_before["speakers"], clock=clock)
    for household in (winner, loser):
        _note("household_merge_undone", actor, household, merge, clock, reason=reason)
    what = What.VERIFIED if loser.status == Status.VERIFIED else What.UNVERIFIED
    listeners.tell(loser.id, what, clock=clock)


def _write(actor: Actor, household: Household, changes: fields.Fields, *, clock: Clock) -> None:
    wanted = fields.to_data(fields.of(household) | changes, client_id=household.client_id)
    data = checked(wanted, now=clock.now(), needs_consent=False)
    registry_operations.rewrite(
        actor, household, data, mark=people.content_mark(data), clock=clock, source=versions.MERGE
    )


def _close(loser: Household, winner: Household) -> None:
    loser.status = states.after(loser.status, states.Event.MERGE)
    loser.merged_into = winner.id
    loser.return_reason = loser.verified_by = loser.verified_at = None
    require_transaction().flush()


def _stricter_words(actor: Actor, winner: Household, loser: Household, *, clock: Clock) -> list[dict[str, Any]]:
    """A no said to either record holds for both; a yes is never carried over. What was added, to be taken back."""
    ours, theirs = registry.consents(winner.id), registry.consents(loser.id)
    added = []
    for purpose, word in ours.items():
        other = theirs.get(purpose)
        if word.given and other is not None and not other.given:
            _say(actor, winner, purpose, given=False, how=How(other.how), clock=clock)
            latest = registry.consents(winner.id)[purpose].id
            added.append({"purpose": str(purpose), "yes": word.id, "no": latest})
    return added


def _restore_words(actor: Actor, winner: Household, added: Iterable[dict[str, Any]], *, clock: Clock) -> None:
    """Give back each yes that the merge took, unless the household spoke again since."""
    for one in added:
        purpose = Purpose(one["purpose"])
        yes = registry.consent(one["yes"])
        if yes is None or registry.consents(winner.id)[purpose].id != one["no"]:
            continue
        shown = Evidence(said_at=yes.said_at or yes.at, photo_id=yes.evidence_photo_id, record_id=yes.record_id)
        _say(actor, winner, purpose, given=True, how=How(yes.how), clock=clock, evidence=shown)


def _say(
    actor: Actor,
    household: Household,
    purpose: Purpose,
    *,
    given: bool,
    how: How,
    clock: Clock,
    evidence: Evidence | None = None,
) -> None:
    registry_operations.add_consent(
        actor, household, purpose=purpose, given=given, how=how, clock=clock, evidence=evidence
    )


def _move_speakers(actor: Actor, winner: Household, loser: Household, *, clock: Clock) -> tuple[list[str], list[str]]:
    """Who spoke for the closed record speaks for the one that stays: all of them, and those who did not before."""
    here, there = identity_queries.speakers(winner.id), identity_queries.speakers(loser.id)
    for user_id in there:
        identity.end_household(user_id=user_id, household_id=loser.id, clock=clock, actor=actor)
    new = [user_id for user_id in there if user_id not in here]
    for user_id in new:
        _let_speak(user_id, winner, clock=clock)
    return [str(one) for one in there], [str(one) for one in new]


def _restore_speakers(
    actor: Actor, winner: Household, loser: Household, *, given: list[str], speakers: list[str], clock: Clock
) -> None:
    for user_id in map(UUID, given):
        identity.end_household(user_id=user_id, household_id=winner.id, clock=clock, actor=actor)
    for user_id in map(UUID, speakers):
        _let_speak(user_id, loser, clock=clock)


def _let_speak(user_id: UUID, household: Household, *, clock: Clock) -> None:
    user = identity_queries.get(user_id)
    if user is not None and user.active:
        identity.grant_role(user, NewGrant(Role.HOUSEHOLD, household_id=household.id), actor=SYSTEM, clock=clock)


def _restore_fields(actor: Actor, merge: Merge, winner: Household, before: dict[str, Any], *, clock: Clock) -> None:
    """Byte for byte when nothing was changed since; else the groups that still say what the merge wrote."""
    if not merge.takes:
        return
    version = before["versions"]
    if winner.version == version["after"]:
        moved = winner.hamlet_code != before["row"]["hamlet_code"]
        snapshots.put_back(winner, before["row"], snapshots.FIELDS)
        versions.note(winner, actor=actor, source=versions.MERGE, clock=clock)
        if moved:
            listeners.tell(winner.id, What.MOVED, clock=clock)
        return
    was = versions.fields_at(winner, version["before"]) or {}
    wrote, now = versions.fields_at(winner, version["after"]) or {}, fields.of(winner)
    untouched = [group for group in merge.takes if all(now[name] == wrote.get(name) for name in GROUPS[group])]
    changes = {name: was.get(name) for group in untouched for name in GROUPS[group]}
    if changes:
        _write(actor, winner, changes, clock=clock)


def _note(action: str, actor: Actor, household: Household, merge: Merge, clock: Clock, **details: object) -> None:
    record(
        action,
        actor=actor,
        subject_kind=registry_operations.SUBJECT,
        subject_id=household.id,
        clock=clock,
        merge_id=str(merge.id),
        **details,
    )
