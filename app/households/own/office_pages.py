"""The commune's side: open requests with their deadlines, answers, erasing; and what is asked for at the counter."""

from __future__ import annotations

from uuid import UUID, uuid4

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError
from app.households.registry import desk
from app.households.registry import queries as registry
from app.households.registry.models import Household, Status
from app.households.registry.people import masked
from app.identity.access import requires
from app.identity.roles import Role

from . import money, people, queries, services, words
from .blueprint import PAGE_SIZE, bp
from .models import Kind
from .people_pages import read_member, sentences


@bp.get("/dieu-hanh/quyen-rieng-tu")
@requires(Role.COMMUNE_OFFICER)
def requests() -> ResponseReturnValue:
    """Open requests of my communes, the one due first on top."""
    actor = current_actor()
    found = queries.waiting(actor, clock=SYSTEM_CLOCK, cursor=request.args.get("trang"), limit=PAGE_SIZE)
    open_count, late = queries.counts(actor, clock=SYSTEM_CLOCK)
    again = url_for(".requests", trang=found.next_cursor) if found.next_cursor else None
    return render_template(
        "own/requests.html", rows=found.items, open_count=open_count, late=late, next_url=again, words=words
    )


@bp.get("/dieu-hanh/quyen-rieng-tu/<uuid:request_id>")
@requires(Role.COMMUNE_OFFICER)
def one_request(request_id: UUID) -> ResponseReturnValue:
    """One request: what was asked, by when, what stands in the way."""
    return _one(request_id, {})


@bp.post("/dieu-hanh/quyen-rieng-tu/<uuid:request_id>/tra-loi")
@requires(Role.COMMUNE_OFFICER)
def answer(request_id: UUID) -> ResponseReturnValue:
    """Answer, for the household to read."""
    told = request.form.get("answer", "")[:400]
    try:
        services.answer_request(actor=current_actor(), request_id=request_id, words=told, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _one(request_id, {"answer": error.message}), error.status
    flash(_("Đã trả lời bà con."), "success")
    return redirect(url_for(".one_request", request_id=request_id))


@bp.post("/dieu-hanh/quyen-rieng-tu/<uuid:request_id>/xong")
@requires(Role.COMMUNE_OFFICER)
def finish(request_id: UUID) -> ResponseReturnValue:
    """A withdrawal is done, outside of here too."""
    try:
        services.finish_withdrawal(actor=current_actor(), request_id=request_id, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _one(request_id, {"form": error.message}), error.status
    flash(_("Đã ghi là xong."), "success")
    return redirect(url_for(".requests"))


@bp.post("/dieu-hanh/quyen-rieng-tu/<uuid:request_id>/xoa")
@requires(Role.COMMUNE_OFFICER)
def erase(request_id: UUID) -> ResponseReturnValue:
    """Forget the household. There is no way back."""
    if not request.form.get("sure"):
        return _one(request_id, {"sure": _("Đánh dấu là đã hỏi lại bà con.")}), 422
    try:
        services.erase(actor=current_actor(), request_id=request_id, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _one(request_id, {"form": error.message}), error.status
    flash(_("Đã xóa dữ liệu của hộ. Sổ sách thuế và sổ công khai vẫn giữ."), "success")
    return redirect(url_for(".requests"))


@bp.get("/dieu-hanh/quyen-rieng-tu/ho/<code>")
@requires(Role.COMMUNE_OFFICER)
def counter(code: str) -> ResponseReturnValue:
    """What a household asks at the counter: its people, and erasure."""
    return _counter(registry.by_code(code, actor=current_actor()), {}, {})


@bp.post("/dieu-hanh/quyen-rieng-tu/ho/<code>/nguoi")
@requires(Role.COMMUNE_OFFICER)
def add_at_counter(code: str) -> ResponseReturnValue:
    """Add a person at the household's word."""
    actor = current_actor()
    found = registry.by_code(code, actor=actor)
    form = {name: text[:100] for name, text in request.form.items()}
    try:
        services.add_member(actor=actor, household_id=found.id, clock=SYSTEM_CLOCK, **read_member(form))
    except AppError as error:
        return _counter(found, form, sentences(error)), error.status
    flash(_("Đã thêm người vào hộ."), "success")
    return redirect(url_for(".counter", code=found.code))


@bp.post("/dieu-hanh/quyen-rieng-tu/ho/<code>/nguoi/<uuid:member_id>/bo")
@requires(Role.COMMUNE_OFFICER)
def remove_at_counter(code: str, member_id: UUID) -> ResponseReturnValue:
    """Take a person off at the household's word."""
    actor = current_actor()
    found = registry.by_code(code, actor=actor)
    try:
        services.remove_member(actor=actor, household_id=found.id, member_id=member_id, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _counter(found, {}, {"form": error.message}), error.status
    flash(_("Đã bỏ người khỏi hộ."), "success")
    return redirect(url_for(".counter", code=found.code))


@bp.post("/dieu-hanh/quyen-rieng-tu/ho/<code>/xin-xoa")
@requires(Role.COMMUNE_OFFICER)
def ask_at_counter(code: str) -> ResponseReturnValue:
    """Write down that the household asked to be forgotten; another officer does it."""
    actor = current_actor()
    found = registry.by_code(code, actor=actor)
    if not request.form.get("sure"):
        return _counter(found, {}, {"sure": _("Đánh dấu là chủ hộ tự yêu cầu.")}), 422
    asked = services.ask_erasure(actor=actor, household_id=found.id, request_id=uuid4(), clock=SYSTEM_CLOCK)
    flash(_("Đã ghi yêu cầu xóa. Một cán bộ khác của xã sẽ làm."), "success")
    return redirect(url_for(".one_request", request_id=asked.id))


def _one(request_id: UUID, errors: dict[str, str]) -> str:
    actor = current_actor()
    found = queries.get(actor, request_id)
    household = registry.get(found.household_id)
    gone = household.status == Status.ERASED
    erasing = found.kind == Kind.ERASE and not gone
    return render_template(
        "own/request.html",
        one=found,
        household=household,
        name="" if gone else masked(household).head_name,
        place=desk.place(household),
        overdue=queries.is_overdue(found, SYSTEM_CLOCK),
        told="" if gone else queries.answer_of(household, found),
        reasons=money.under_way(household.id) if erasing else [],
        second=actor.user_id not in (found.asked_by, household.registered_by),
        words=words,
        errors=errors,
        values=request.form,
    )


def _counter(found: Household, values: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "own/counter.html",
        household=found,
        seen=masked(found),
        members=people.shown(found, masked=True),
        relations=words.relations(may_be_contact=True),
        open_request=queries.open_request(found.id, Kind.ERASE),
        remove_url=lambda member_id: url_for(".remove_at_counter", code=found.code, member_id=member_id),
        words=words,
        values=values,
        errors=errors,
    )
