"""The commune office's pages: the queue of registrations, one household, approve or return, poverty status."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError, BadInput
from app.identity.access import requires
from app.identity.roles import Role

from . import desk, queries, services, words
from .blueprint import PAGE_SIZE, bp
from .models import Household, How, PovertyClass, Purpose, Status
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
        return _again(found, error)
    return _done(found, _("Đã duyệt hộ. Bà con mở gian hàng được rồi."))


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
        return _again(found, error, reason="return_reason")
    return _done(found, _("Đã trả hồ sơ về tổ công nghệ để sửa."))


@bp.post("/dieu-hanh/ho-gia-dinh/<code>/xem")
@requires(Role.COMMUNE_OFFICER)
def unmask(code: str) -> str | tuple[str, int]:
    """Show one field in full, this once; the look is written down."""
    actor = current_actor()
    found = queries.by_code(code, actor=actor)
    wanted = request.form.get("field", "")
    if wanted not in list(Field):
        return _again(found, BadInput(_("Chọn mục cần xem."), errors={"field": [_("Chọn mục cần xem.")]}))
    field = Field(wanted)
    reason = request.form.get("look_reason", "")
    try:
        plain = services.unmask_household(
            actor=actor, household_id=found.id, field=field, reason=reason, clock=SYSTEM_CLOCK
        )
    except AppError as error:
        return _again(found, error, reason="look_reason")
    return _show(found, shown=(dict(words.sealed_fields())[field], words.plain(field, plain)))


@bp.post("/dieu-hanh/ho-gia-dinh/<code>/dong-y")
@requires(Role.COMMUNE_OFFICER)
def withdraw(code: str) -> Response | tuple[str, int]:
    """Write down that the household took back a consent; it holds at once."""
    actor = current_actor()
    found = queries.by_code(code, actor=actor)
    purpose = request.form.get("purpose", "")
    if purpose not in list(Purpose):
        return _again(found, BadInput(_("Chọn điều bà con rút lại."), errors={}))
    services.record_consent(
        actor=actor,
        household_id=found.id,
        purpose=Purpose(purpose),
        given=False,
        how=How.SPOKEN,
        clock=SYSTEM_CLOCK,
    )
    return _done(found, _("Đã ghi bà con rút lại đồng ý. Có hiệu lực ngay."))


@bp.post("/dieu-hanh/ho-gia-dinh/<code>/ho-ngheo")
@requires(Role.COMMUNE_OFFICER)
def set_poverty(code: str) -> Response | tuple[str, int]:
    """Record the commune's decision about this household."""
    actor = current_actor()
    found = queries.by_code(code, actor=actor)
    try:
        services.set_poverty_status(actor=actor, household_id=found.id, clock=SYSTEM_CLOCK, **_decision())
    except AppError as error:
        return _again(found, error)
    return _done(found, _("Đã ghi quyết định."))


@bp.post("/dieu-hanh/ho-gia-dinh/<code>/ho-ngheo/thu-hoi")
@requires(Role.COMMUNE_OFFICER)
def revoke_poverty(code: str) -> Response | tuple[str, int]:
    """End the decision that holds today."""
    actor = current_actor()
    found = queries.by_code(code, actor=actor)
    services.revoke_poverty_status(actor=actor, household_id=found.id, clock=SYSTEM_CLOCK)
    return _done(found, _("Đã thu hồi quyết định. Hộ không còn trong danh sách ủng hộ."))


def _decision() -> dict[str, Any]:
    """The decision the form holds.

    Raises:
        BadInput: no class chosen, or a date or year that cannot be read.
    """
    form = request.form
    errors: dict[str, list[str]] = {}
    if form.get("poverty_class") not in list(PovertyClass):
        errors["poverty_class"] = [_("Chọn loại hộ.")]
    days: dict[str, date] = {}
    for name in ("valid_from", "valid_to"):
        try:
            days[name] = date.fromisoformat(form.get(name, ""))
        except ValueError:
            errors[name] = [_("Chọn ngày.")]
    if errors:
        raise BadInput(_("Còn chỗ chưa đúng."), errors=errors)
    return {
        "poverty_class": PovertyClass(form["poverty_class"]),
        "year": days["valid_from"].year,
        "decision_number": form.get("decision_number", "")[:100],
        **days,
    }


def _show(found: Household, *, errors: dict[str, str] | None = None, shown: tuple[str, str] | None = None) -> str:
    return render_template(
        "registry/household.html",
        household=found,
        seen=masked(found),
        place=desk.place(found),
        consents=queries.consents(found.id),
        poverty=queries.poverty_on(found.id, queries.today(SYSTEM_CLOCK)),
        history=queries.poverty_history(found.id),
        may_act=current_actor().has_role(Role.COMMUNE_OFFICER),
        own=found.registered_by == current_actor().user_id,
        errors=errors or {},
        values=request.form,
        shown=shown,
        words=words,
    )


def _again(found: Household, error: AppError, *, reason: str = "reason") -> tuple[str, int]:
    """The page once more, with what was typed and what is wrong with it."""
    details: dict[str, Any] = error.details.get("errors") or {"form": [error.message]}
    errors = {(reason if name == "reason" else name): " ".join(words_) for name, words_ in details.items()}
    fresh = queries.get(found.id)
    return _show(fresh, errors=errors), error.status


def _done(found: Household, sentence: str) -> Response:
    flash(sentence, "success")
    return redirect(url_for(".household", code=found.code))
