"""The household's own page: what is known, who looked, what was agreed to, corrections, erasure."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError
from app.households.areas import queries as areas
from app.households.registry import desk
from app.households.registry import queries as registry
from app.households.registry import words as registry_words
from app.households.registry.models import Household, Purpose, Status
from app.households.registry.people import masked
from app.identity import session
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.vietqr.banks import payee_banks

from . import money, operations, people, queries, services, words
from .blueprint import PAGE_SIZE, bp
from .models import Kind, Relation

_CORRECTABLE = ("head_name", "phone", "address", "hamlet_code", "account_bin", "account_number", "account_holder")
_MAX = 300


@bp.get("/nha-minh")
@requires(Role.HOUSEHOLD)
def home() -> ResponseReturnValue:
    """What is known of us, masked; consents, requests, the last looks, our people."""
    if not session.has_chosen():
        return redirect(url_for(".choose"))
    return _home(services.own(current_actor()))


@bp.post("/nha-minh/xem")
@requires(Role.HOUSEHOLD)
def see_all() -> ResponseReturnValue:
    """Everything in full, to read or print; the look is written down."""
    actor = current_actor()
    household = services.own(actor)
    try:
        shown = services.see_all(actor=actor, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _home(household, error=error.message), error.status
    hamlet = areas.names([household.hamlet_code]).get(household.hamlet_code, "")
    return render_template(
        "own/all.html",
        household=household,
        facts=words.fields(shown, hamlet),
        members=people.of(household),
        consents=registry.consents(household.id),
        purposes=registry_words.purposes(),
        poverty=registry.poverty_history(household.id),
        registry_words=registry_words,
        words=words,
    )


@bp.post("/nha-minh/tai")
@requires(Role.HOUSEHOLD)
def take_along() -> ResponseReturnValue:
    """Everything as a file that programs read."""
    actor = current_actor()
    try:
        taken = services.take_along(actor=actor, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _home(services.own(actor), error=error.message), error.status
    answer = Response(json.dumps(taken, ensure_ascii=False, indent=2), content_type="application/json; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="nha-minh.json"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/nha-minh/dong-y")
@requires(Role.HOUSEHOLD)
def set_consent() -> ResponseReturnValue:
    """Say yes or no to one purpose; it holds at once."""
    actor, purpose, given = current_actor(), request.form.get("purpose", ""), request.form.get("given") == "1"
    if purpose not in list(Purpose):
        return redirect(url_for(".home"))
    try:
        services.set_consent(actor=actor, purpose=Purpose(purpose), given=given, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _home(services.own(actor), error=error.message), error.status
    name = words.purpose(purpose)
    flash(
        _("Đã bật %(name)s.", name=name)
        if given
        else _("Đã tắt %(name)s, có hiệu lực ngay. Xã sẽ trả lời nhà mình.", name=name),
        "success",
    )
    if actor.household_id not in session.households():
        return redirect("/")
    return redirect(url_for(".home"))


@bp.get("/nha-minh/nhat-ky")
@requires(Role.HOUSEHOLD)
def log() -> ResponseReturnValue:
    """Who looked and who changed something, newest first."""
    household = services.own(current_actor())
    only = request.args.get("loai") == "xem"
    found = queries.log_of(household, looks_only=only, cursor=request.args.get("trang"), limit=PAGE_SIZE)
    again = url_for(".log", loai="xem" if only else None, trang=found.next_cursor) if found.next_cursor else None
    return render_template(
        "own/log.html", acts=found.items, looks_only=only, next_url=again, commune=_commune(household), words=words
    )


@bp.get("/nha-minh/sua")
@requires(Role.HOUSEHOLD)
def correction() -> ResponseReturnValue:
    """Which fields are wrong; empty means: as it is."""
    return _correction(services.own(current_actor()), {"amendment_id": str(uuid4())}, {})


@bp.post("/nha-minh/sua")
@requires(Role.HOUSEHOLD)
def correct() -> ResponseReturnValue:
    """Send the correction to the commune."""
    actor, form = current_actor(), {name: text[:_MAX] for name, text in request.form.items()}
    changes: dict[str, str | None] = {name: form[name] for name in _CORRECTABLE if form.get(name, "").strip()}
    if "phone" in changes:
        changes["phone_is_contact"] = "1" if form.get("phone_is_contact") else None
    try:
        services.correct(
            actor=actor,
            amendment_id=_uuid(form.get("amendment_id", "")),
            changes=changes,
            base_version=_number(form.get("base_version", "")),
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        told = error.details.get("errors") or {"form": [error.message]}
        errors = {name: " ".join(sentences) for name, sentences in told.items()}
        return _correction(services.own(actor), form, errors), error.status
    flash(_("Đã gửi xã xem. Xã đồng ý thì thông tin mới có hiệu lực."), "success")
    return redirect(url_for(".home"))


@bp.get("/nha-minh/xoa")
@requires(Role.HOUSEHOLD)
def erasure() -> ResponseReturnValue:
    """What erasing means, what stays, what stands in the way; ask for it, or take it back."""
    return _erasure(services.own(current_actor()))


@bp.post("/nha-minh/xoa")
@requires(Role.HOUSEHOLD)
def ask_erasure() -> ResponseReturnValue:
    """Ask for it."""
    actor = current_actor()
    if not request.form.get("sure"):
        sentence = _("Đánh dấu vào ô để chắc là nhà mình muốn xóa.")
        return _erasure(services.own(actor), errors={"sure": sentence}), 422
    try:
        services.ask_erasure(actor=actor, request_id=_uuid(request.form.get("request_id", "")), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _erasure(services.own(actor), errors={"form": error.message}), error.status
    flash(_("Xã đã nhận yêu cầu xóa. Từ giờ gian hàng và trang ủng hộ tạm đóng."), "success")
    return redirect(url_for(".erasure"))


@bp.post("/nha-minh/xoa/thoi")
@requires(Role.HOUSEHOLD)
def take_back_erasure() -> ResponseReturnValue:
    """Keep everything after all."""
    actor = current_actor()
    try:
        services.take_back_erasure(actor=actor, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _erasure(services.own(actor), errors={"form": error.message}), error.status
    flash(_("Không xóa nữa. Muốn bán hàng lại, bà con bật lại từng mục đồng ý."), "success")
    return redirect(url_for(".home"))


def _home(household: Household, *, error: str = "") -> str:
    actor = current_actor()
    looks = queries.log_of(household, looks_only=True, cursor=None, limit=3)
    asked = queries.requests_of(household.id)
    return render_template(
        "own/home.html",
        household=household,
        seen=masked(household),
        place=desk.place(household),
        relation=people.relation_of(actor, household),
        consents=registry.consents(household.id),
        purposes=registry_words.purposes(),
        asked=[(one, queries.is_overdue(one, SYSTEM_CLOCK), queries.answer_of(household, one)) for one in asked[:8]],
        erasing=any(one.kind == Kind.ERASE and one.status == "open" for one in asked),
        corrections=[one for one in queries.amendments_of(household.id) if one.status in ("waiting", "refused")][:3],
        acts=looks.items,
        commune=_commune(household),
        members=people.shown(household, masked=True),
        several=len(session.households()) > 1,
        words=words,
        error=error,
    )


def _correction(household: Household, values: dict[str, str], errors: dict[str, str]) -> str:
    hamlets = areas.hamlets_of([household.commune_code])
    return render_template(
        "own/correction.html",
        household=household,
        verified=household.status == Status.VERIFIED,
        values=values,
        errors={name if name in _CORRECTABLE else "form": sentence for name, sentence in errors.items()},
        hamlets=list(hamlets.items()),
        banks=[(bank.bin, bank.short_name) for bank in payee_banks()],
    )


def _erasure(household: Household, *, errors: dict[str, str] | None = None) -> str:
    actor = current_actor()
    return render_template(
        "own/erasure.html",
        open_request=queries.open_request(household.id, Kind.ERASE),
        reasons=money.under_way(household.id),
        may_ask=people.relation_of(actor, household) is Relation.HEAD,
        through_contact=operations.is_through_contact(actor, household),
        request_id=uuid4(),
        errors=errors or {},
    )


def _commune(household: Household) -> str:
    return areas.names([household.commune_code]).get(household.commune_code, "")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return uuid4()


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1
