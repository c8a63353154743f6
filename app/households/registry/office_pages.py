"""The commune office's pages: the queue of registrations, one household, approve or return."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError, BadInput
from app.identity.access import requires
from app.identity.roles import Role

from . import desk, flags, queries, services, words
from .blueprint import PAGE_SIZE, bp
from .models import Household, How, Purpose, Status
from .people import Field, masked
from .queries import Filter

OFFICE = (Role.COMMUNE_OFFICER, Role.PROVINCE_OPERATOR)
ANY = "tat-ca"


@bp.get("/dieu-hanh/ho-gia-dinh")
@requires(*OFFICE)
def queue() -> str:
    """Registrations that wait, or any others of my area."""
    wanted = request.args.get("buoc", Status.SUBMITTED)
    step = Status(wanted) if wanted in list(Status) else None
    return _queue(Filter(status=step), cursor=request.args.get("trang"))


@bp.post("/dieu-hanh/ho-gia-dinh")
@requires(*OFFICE)
def search_households() -> str:
    """Find a household of my area. By POST, so that a phone or citizen's number never stands in an address."""
    return _queue(Filter(text=request.form.get("q", "")[:80]), cursor=None)


def _queue(chosen: Filter, *, cursor: str | None) -> str:
    actor = current_actor()
    found = queries.listing(actor, chosen, cursor=cursor, limit=PAGE_SIZE)
    more = bool(found.next_cursor and not chosen.text)
    return render_template(
        "registry/queue.html",
        rows=desk.rows(found.items),
        counts=queries.counts(actor),
        step=chosen.status,
        text=chosen.text,
        any_step=ANY,
        words=words,
        next_url=url_for(".queue", buoc=chosen.status or ANY, trang=found.next_cursor) if more else None,
    )


@bp.get("/dieu-hanh/ho-gia-dinh/<code>")
@requires(*OFFICE)
def household(code: str) -> str:
    """One household, masked."""
    return _show(queries.by_code(code, actor=current_actor()))


@bp.post("/dieu-hanh/ho-gia-dinh/<code>/duyet")
@requires(Role.COMMUNE_OFFICER)
def approve(code: str) -> Response | tuple[str, int]:
    """Approve the registration."""
    actor = current_actor()
    found = queries.by_code(code, actor=actor)
    try:
        services.verify(actor=actor, household_id=found.id, clock=SYSTEM_CLOCK)
    except AppError as error:
        return again(found, error)
    return done(found, _("Đã duyệt hộ. Bà con mở gian hàng được rồi."))


@bp.post("/dieu-hanh/ho-gia-dinh/<code>/tra-lai")
@requires(Role.COMMUNE_OFFICER)
def send_back(code: str) -> Response | tuple[str, int]:
    """Return the registration to the team."""
    actor = current_actor()
    found = queries.by_code(code, actor=actor)
    reason = request.form.get("return_reason", "")
    try:
        services.return_to_team(actor=actor, household_id=found.id, reason=reason, clock=SYSTEM_CLOCK)
    except AppError as error:
        return again(found, error, reason="return_reason")
    return done(found, _("Đã trả hồ sơ về tổ công nghệ để sửa."))


@bp.post("/dieu-hanh/ho-gia-dinh/<code>/xem")
@requires(Role.COMMUNE_OFFICER)
def unmask(code: str) -> str | tuple[str, int]:
    """Show one field in full, this once; the look is written down."""
    actor = current_actor()
    found = queries.by_code(code, actor=actor)
    wanted = request.form.get("field", "")
    if wanted not in list(Field):
        return again(found, BadInput(_("Chọn mục cần xem."), errors={"field": [_("Chọn mục cần xem.")]}))
    field = Field(wanted)
    reason = request.form.get("look_reason", "")
    try:
        plain = services.unmask_household(
            actor=actor, household_id=found.id, field=field, reason=reason, clock=SYSTEM_CLOCK
        )
    except AppError as error:
        return again(found, error, reason="look_reason")
    return _show(found, shown=(dict(words.sealed_fields())[field], words.plain(field, plain)))


@bp.post("/dieu-hanh/ho-gia-dinh/<code>/dong-y")
@requires(Role.COMMUNE_OFFICER)
def withdraw(code: str) -> Response | tuple[str, int]:
    """Write down that the household took back a consent; it holds at once."""
    actor = current_actor()
    found = queries.by_code(code, actor=actor)
    purpose = request.form.get("purpose", "")
    if purpose not in list(Purpose):
        return again(found, BadInput(_("Chọn điều bà con rút lại."), errors={}))
    services.record_consent(
        actor=actor,
        household_id=found.id,
        purpose=Purpose(purpose),
        given=False,
        how=How.SPOKEN,
        clock=SYSTEM_CLOCK,
    )
    return done(found, _("Đã ghi bà con rút lại đồng ý. Có hiệu lực ngay."))


def _show(found: Household, *, errors: dict[str, str] | None = None, shown: tuple[str, str] | None = None) -> str:
    return render_template(
        "registry/household.html",
        household=found,
        seen=masked(found),
        place=desk.place(found),
        consents=queries.consents(found.id),
        flags=flags.of_many([found.id]).get(found.id, []),
        today=queries.today(SYSTEM_CLOCK),
        poverty=queries.poverty_on(found.id, queries.today(SYSTEM_CLOCK)),
        history=queries.poverty_history(found.id),
        may_act=current_actor().has_role(Role.COMMUNE_OFFICER),
        own=found.registered_by == current_actor().user_id,
        errors=errors or {},
        values=request.form,
        shown=shown,
        words=words,
    )


def again(found: Household, error: AppError, *, reason: str = "reason") -> tuple[str, int]:
    """The page once more, with what was typed and what is wrong with it."""
    details: dict[str, Any] = error.details.get("errors") or {"form": [error.message]}
    errors = {(reason if name == "reason" else name): " ".join(words_) for name, words_ in details.items()}
    fresh = queries.get(found.id)
    return _show(fresh, errors=errors), error.status


def done(found: Household, sentence: str) -> Response:
    """Back to the page of the household, with what was done."""
    flash(sentence, "success")
    return redirect(url_for("registry.household", code=found.code))
