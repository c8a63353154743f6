"""The queue of registrations, one under review, and decisions about many at once."""

from __future__ import annotations

from uuid import UUID, uuid4

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError
from app.households.areas import queries as areas
from app.households.registry import desk, flags
from app.households.registry import queries as registry
from app.households.registry import services as registry_services
from app.households.registry import words as registry_words
from app.households.registry.models import Household
from app.households.registry.people import masked
from app.identity import queries as people
from app.identity.access import requires
from app.identity.roles import Role

from . import differences, queries, services, words
from .blueprint import OFFICE, PAGE_SIZE, bp, in_address, queue_url, sentences, wanted
from .models import Kind, Outcome
from .queries import Wanted

DECISIONS = {"duyet": Kind.APPROVE, "tra-lai": Kind.RETURN}


@bp.get("/dieu-hanh/duyet-ho")
@requires(*OFFICE)
def queue() -> str:
    """What waits for approval, the oldest first."""
    return _queue(wanted(), {}, request.args.get("trang"))


@bp.post("/dieu-hanh/duyet-ho")
@requires(Role.COMMUNE_OFFICER)
def decide_many() -> Response | tuple[str, int]:
    """Approve or return what is ticked."""
    kind = DECISIONS.get(request.form.get("viec", ""), Kind.APPROVE)
    try:
        bulk = services.start_bulk(
            actor=current_actor(),
            bulk_id=_uuid(request.form.get("bulk_id", "")),
            kind=kind,
            codes=request.form.getlist("codes"),
            reason=request.form.get("reason", ""),
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        return _queue(wanted(), sentences(error), None), error.status
    return redirect(url_for(".bulk", bulk_id=bulk.id))


def _queue(chosen: Wanted, errors: dict[str, str], cursor: str | None) -> str:
    actor = current_actor()
    found = queries.listing(actor, chosen, cursor=cursor, limit=PAGE_SIZE, clock=SYSTEM_CLOCK)
    ids = [one.id for one in found.items]
    registrars = queries.by_registrar(actor)
    names = people.display_names({person for person, _count in registrars} | {one.registered_by for one in found.items})
    hamlets = queries.by_hamlet(actor)
    hamlet_names = areas.names(code for code, _count in hamlets)
    return render_template(
        "office/queue.html",
        rows=list(zip(found.items, desk.rows(found.items), strict=True)),
        twins=queries.twins(ids),
        flags=flags.of_many(ids),
        names=names,
        backlog=queries.backlog(actor),
        hamlets=[(code, f"{hamlet_names.get(code, code)} ({count})") for code, count in hamlets],
        registrars=[(str(person), f"{names.get(person, _('Không rõ'))} ({count})") for person, count in registrars],
        chosen=chosen,
        args=in_address(chosen),
        errors=errors,
        ticked=request.form.getlist("codes"),
        values=request.form,
        bulk_id=uuid4(),
        may_act=actor.has_role(Role.COMMUNE_OFFICER),
        me=actor.user_id,
        clock=SYSTEM_CLOCK,
        words=words,
        next_url=queue_url(chosen, found.next_cursor) if found.next_cursor else None,
        first_url=queue_url(chosen) if cursor else None,
    )


@bp.get("/dieu-hanh/duyet-ho/<code>")
@requires(*OFFICE)
def review(code: str) -> str:
    """One registration with all an officer needs to decide."""
    return _review(registry.by_code(code, actor=current_actor()), {})


@bp.post("/dieu-hanh/duyet-ho/<code>/duyet")
@requires(Role.COMMUNE_OFFICER)
def approve(code: str) -> Response | tuple[str, int]:
    """Approve, and go on to the next."""
    actor = current_actor()
    found = registry.by_code(code, actor=actor)
    following = _following(found)
    try:
        registry_services.verify(actor=actor, household_id=found.id, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _review(registry.get(found.id), sentences(error)), error.status
    flash(_("Đã duyệt hộ. Bà con mở gian hàng được rồi."), "success")
    return redirect(following)


@bp.post("/dieu-hanh/duyet-ho/<code>/tra-lai")
@requires(Role.COMMUNE_OFFICER)
def send_back(code: str) -> Response | tuple[str, int]:
    """Return to the team, and go on to the next."""
    actor = current_actor()
    found = registry.by_code(code, actor=actor)
    following = _following(found)
    reason = request.form.get("reason", "")
    try:
        registry_services.return_to_team(actor=actor, household_id=found.id, reason=reason, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _review(registry.get(found.id), sentences(error)), error.status
    flash(_("Đã trả hồ sơ về tổ công nghệ để sửa."), "success")
    return redirect(following)


@bp.post("/dieu-hanh/duyet-ho/<code>/rut-duyet")
@requires(Role.COMMUNE_OFFICER)
def take_back_approval(code: str) -> Response | tuple[str, int]:
    """Make an approved household wait again."""
    actor = current_actor()
    found = registry.by_code(code, actor=actor)
    reason = request.form.get("reason", "")
    try:
        services.take_back_approval(actor=actor, household_id=found.id, reason=reason, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _review(registry.get(found.id), sentences(error)), error.status
    flash(_("Đã rút lại việc duyệt. Gian hàng của hộ tạm dừng nhận đơn mới."), "success")
    return redirect(url_for(".review", code=found.code))


@bp.post("/dieu-hanh/duyet-ho/<code>/rut-tra-lai")
@requires(Role.COMMUNE_OFFICER)
def take_back_return(code: str) -> Response | tuple[str, int]:
    """Let a returned registration wait as it is."""
    actor = current_actor()
    found = registry.by_code(code, actor=actor)
    reason = request.form.get("reason", "")
    try:
        services.take_back_return(actor=actor, household_id=found.id, reason=reason, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _review(registry.get(found.id), sentences(error)), error.status
    flash(_("Đã rút lại việc trả. Hồ sơ lại chờ duyệt."), "success")
    return redirect(url_for(".review", code=found.code))


def _review(found: Household, errors: dict[str, str]) -> str:
    actor, chosen = current_actor(), wanted()
    events = [event for event in queries.events(found.id) if event.action in words.events()]
    before, after = queries.beside(actor, found, chosen, clock=SYSTEM_CLOCK)
    twins = queries.twins([found.id]).get(found.id, [])
    asked = queries.amendments_of(found.id)
    return render_template(
        "office/review.html",
        household=found,
        seen=masked(found),
        place=desk.place(found),
        standing=registry.standing(found).code,
        consents=registry.consents(found.id),
        changes=differences.since_return(found),
        twins=twins,
        flags=flags.of_many([found.id]).get(found.id, []),
        asked=asked,
        events=events,
        names=people.display_names({found.registered_by, *(event.actor_id for event in events if event.actor_id)}),
        before=before,
        after=after,
        args=in_address(chosen),
        errors=errors,
        values=request.form,
        may_act=actor.has_role(Role.COMMUNE_OFFICER),
        own=found.registered_by == actor.user_id,
        back_url=queue_url(chosen),
        clock=SYSTEM_CLOCK,
        words=words,
        registry_words=registry_words,
    )


def _following(found: Household) -> str:
    """Where to go when this one is decided: the next under the same filter, or back to the queue."""
    chosen = wanted()
    _before, after = queries.beside(current_actor(), found, chosen, clock=SYSTEM_CLOCK)
    return url_for(".review", code=after, **in_address(chosen)) if after else queue_url(chosen)


@bp.get("/dieu-hanh/duyet-ho/nhieu/<uuid:bulk_id>")
@requires(Role.COMMUNE_OFFICER)
def bulk(bulk_id: UUID) -> str:
    """How far a decision about many has come, and what was left out."""
    return _bulk(bulk_id, {})


@bp.post("/dieu-hanh/duyet-ho/nhieu/<uuid:bulk_id>/tiep")
@requires(Role.COMMUNE_OFFICER)
def go_on(bulk_id: UUID) -> Response:
    """Work off a few more by hand, should the job have died."""
    found = queries.bulk(bulk_id, actor=current_actor())
    services.work_bulk(actor=current_actor(), bulk_id=found.id, limit=services.AT_ONCE, clock=SYSTEM_CLOCK)
    return redirect(url_for(".bulk", bulk_id=bulk_id))


@bp.post("/dieu-hanh/duyet-ho/nhieu/<uuid:bulk_id>/hoan-tac")
@requires(Role.COMMUNE_OFFICER)
def undo_many(bulk_id: UUID) -> Response | tuple[str, int]:
    """Take back what was decided about many."""
    try:
        undo = services.undo_bulk(
            actor=current_actor(),
            bulk_id=bulk_id,
            undo_id=_uuid(request.form.get("bulk_id", "")),
            reason=request.form.get("reason", ""),
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        return _bulk(bulk_id, sentences(error)), error.status
    return redirect(url_for(".bulk", bulk_id=undo.id))


def _bulk(bulk_id: UUID, errors: dict[str, str]) -> str:
    found = queries.bulk(bulk_id, actor=current_actor())
    counts = queries.outcomes(found.id)
    return render_template(
        "office/bulk.html",
        found=found,
        title=words.kinds()[found.kind],
        waiting=counts[Outcome.WAITING],
        done=counts[Outcome.DONE],
        total=sum(counts.values()),
        left_out=queries.left_out(found.id),
        may_undo=Kind(found.kind) in services.UNDOES and counts[Outcome.DONE] > 0 and not counts[Outcome.WAITING],
        bulk_id=uuid4(),
        errors=errors,
        values=request.form,
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return uuid4()
