"""A member's pages: whom to visit next, a visit, classes, checks given to me."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, time
from uuid import UUID, uuid4

from flask import Response as FlaskResponse
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core import crypto
from app.core.clock import SYSTEM_CLOCK, VIETNAM, in_vietnam
from app.core.database import current_actor
from app.core.errors import AppError
from app.core.sheets import XLSX_TYPE, as_xlsx
from app.households.areas import queries as areas
from app.households.registry import desk
from app.households.registry import queries as registry
from app.households.registry.models import Household
from app.households.registry.people import masked
from app.identity import queries as people
from app.identity.access import requires
from app.identity.roles import Role

from . import check_pages, checks, queries, services, team_pages, words
from .backchecks import Answers
from .blueprint import PAGE_SIZE, TEAM, bp, my_hamlets, sentences, typed
from .errors import BadEntry, NoSuchEntry
from .models import Done
from .visits import NewLesson, NewVisit

__all__ = ["bp", "check_pages", "team_pages"]
SHEET_ROWS = 5000
TICK_LIST = 300


@bp.get("/to-cong-nghe/di-tham")
@requires(*TEAM)
def visit_next() -> str:
    """Whom to visit next, the longest overdue first; and checks given to me."""
    actor = current_actor()
    page = queries.due(actor, cursor=request.args.get("trang"), limit=PAGE_SIZE)
    return render_template(
        "fieldwork/next.html",
        rows=list(zip(page.items, desk.rows([one.household for one in page.items]), strict=True)),
        checks=checks.mine(actor),
        leads=team_pages.may_oversee(),
        today=registry.today(SYSTEM_CLOCK),
        words=words,
        next_url=url_for(".visit_next", trang=page.next_cursor) if page.next_cursor else None,
    )


@bp.get("/to-cong-nghe/di-tham/<code>")
@requires(*TEAM)
def household_visits(code: str) -> str:
    """What was done at a household, and the form for today's visit."""
    return _household(registry.by_code(code, actor=current_actor()), {}, str(uuid4()))


@bp.post("/to-cong-nghe/di-tham/<code>")
@requires(*TEAM)
def send_visit(code: str) -> Response | tuple[str, int]:
    """Record a visit."""
    actor = current_actor()
    household = registry.by_code(code, actor=actor)
    try:
        new = NewVisit(
            id=_uuid(typed("id")),
            household_code=household.code,
            done=frozenset(Done(one) for one in request.form.getlist("done") if one in list(Done)),
            note=request.form.get("note", "")[:2000],
            next_on=_day(typed("next_on"), "next_on") if typed("next_on") else None,
        )
        services.record_visit(actor=actor, new=new, clock=SYSTEM_CLOCK)
    except AppError as error:
        fresh = registry.by_code(code, actor=actor)
        return _household(fresh, sentences(error), typed("id")), error.status
    flash(_("Đã ghi buổi đến thăm. Ghi nhầm thì bỏ được trong vòng một ngày."), "success")
    return redirect(url_for(".household_visits", code=code))


@bp.post("/to-cong-nghe/di-tham/bo/<uuid:visit_id>")
@requires(*TEAM)
def undo_visit(visit_id: UUID) -> Response:
    """Take my visit back."""
    try:
        visit = services.undo_visit(actor=current_actor(), visit_id=visit_id, clock=SYSTEM_CLOCK)
    except AppError as error:
        if error.status != 409:
            raise
        flash(error.message, "error")
        return redirect(url_for(".visit_next"))
    flash(_("Đã bỏ buổi đến thăm vừa ghi."), "success")
    return redirect(url_for(".household_visits", code=registry.get(visit.household_id).code))


@bp.get("/to-cong-nghe/lop-hoc")
@requires(*TEAM)
def lessons() -> str:
    """Classes in my area, newest first."""
    page = queries.lessons(current_actor(), cursor=request.args.get("trang"), limit=PAGE_SIZE)
    return render_template(
        "fieldwork/lessons.html",
        rows=page.items,
        names=areas.names(row.lesson.hamlet_code for row in page.items),
        next_url=url_for(".lessons", trang=page.next_cursor) if page.next_cursor else None,
    )


@bp.get("/to-cong-nghe/lop-hoc/moi")
@requires(*TEAM)
def lesson_form() -> str:
    """A fresh class: first the hamlet, then its households to tick off."""
    return _lesson({}, str(uuid4()))


@bp.post("/to-cong-nghe/lop-hoc/moi")
@requires(*TEAM)
def send_lesson() -> Response | tuple[str, int]:
    """Record a class."""
    try:
        new = NewLesson(
            id=_uuid(typed("id")),
            hamlet_code=typed("hamlet_code", 20),
            place=typed("place"),
            topic=typed("topic"),
            held_at=_moment(typed("day"), typed("at")),
            walk_ins=_count(typed("walk_ins", 8)),
            codes=(*request.form.getlist("home"), *_codes(typed("codes", 8000))),
        )
        services.hold_lesson(actor=current_actor(), new=new, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _lesson(sentences(error), typed("id")), error.status
    flash(_("Đã ghi lớp học."), "success")
    return redirect(url_for(".lesson", lesson_id=new.id))


@bp.get("/to-cong-nghe/lop-hoc/<uuid:lesson_id>")
@requires(*TEAM)
def lesson(lesson_id: UUID) -> str:
    """One class and which households came."""
    actor = current_actor()
    found = queries.lesson_in_reach(actor, lesson_id)
    came, in_all = queries.came_to(actor, lesson_id)
    return render_template(
        "fieldwork/lesson.html",
        lesson=found,
        hamlet=areas.names([found.hamlet_code]).get(found.hamlet_code, ""),
        rows=desk.rows(came),
        in_all=in_all,
        led_by=people.display_names([found.led_by]).get(found.led_by, ""),
        mine=found.led_by == actor.user_id,
    )


@bp.post("/to-cong-nghe/lop-hoc/<uuid:lesson_id>/bo")
@requires(*TEAM)
def undo_lesson(lesson_id: UUID) -> Response:
    """Take my class back."""
    try:
        services.undo_lesson(actor=current_actor(), lesson_id=lesson_id, clock=SYSTEM_CLOCK)
        flash(_("Đã bỏ lớp học vừa ghi."), "success")
    except AppError as error:
        if error.status != 409:
            raise
        flash(error.message, "error")
    return redirect(url_for(".lessons"))


@bp.get("/to-cong-nghe/lop-hoc.xlsx")
@requires(*TEAM)
def lessons_sheet() -> FlaskResponse:
    """The last five thousand classes in my area as a sheet."""
    rows = list(queries.lessons(current_actor(), cursor=None, limit=SHEET_ROWS).items)
    names = areas.names(row.lesson.hamlet_code for row in rows)
    leaders = people.display_names({row.lesson.led_by for row in rows})
    came = queries.attendance(row.lesson.id for row in rows)
    heads = [_("Ngày giờ"), _("Xóm"), _("Nơi học"), _("Nội dung"), _("Người dạy"), _("Số hộ"), _("Người đến thêm"),
             _("Mã các hộ")]  # fmt: skip
    cells = [
        (
            row.lesson.held_at, names.get(row.lesson.hamlet_code, ""), row.lesson.place, row.lesson.topic,
            leaders.get(row.lesson.led_by, ""), row.households, row.lesson.walk_ins,
            " ".join(came.get(row.lesson.id, [])),
        )
        for row in rows
    ]  # fmt: skip
    answer = FlaskResponse(as_xlsx(heads, cells, title=_("Lớp học")), content_type=XLSX_TYPE)
    answer.headers["Content-Disposition"] = 'attachment; filename="lop-hoc.xlsx"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/to-cong-nghe/kiem-tra/<uuid:check_id>")
@requires(Role.TEAM_MEMBER)
def check_form(check_id: UUID) -> str:
    """A household to visit a second time; none of the first answers are shown."""
    return _check(check_id, {})


@bp.post("/to-cong-nghe/kiem-tra/<uuid:check_id>")
@requires(Role.TEAM_MEMBER)
def send_check(check_id: UUID) -> Response | tuple[str, int]:
    """Send what I found."""
    try:
        if {typed("reachable"), typed("visited")} - {"1", "0"}:
            raise BadEntry({"visited": [_("Chọn có hoặc không cho cả hai câu hỏi.")]})
        answers = Answers(
            name=typed("name", 120),
            birth_year=int(year) if (year := typed("birth_year", 8)).isdecimal() else None,
            phone=typed("phone", 30),
            reachable=typed("reachable") == "1",
            visited=typed("visited") == "1",
        )
        services.answer_check(actor=current_actor(), check_id=check_id, answers=answers, clock=SYSTEM_CLOCK)
    except NoSuchEntry:
        raise
    except AppError as error:
        return _check(check_id, sentences(error)), error.status
    flash(_("Cảm ơn bạn. Kết quả đã gửi cho tổ trưởng và cán bộ xã."), "success")
    return redirect(url_for(".visit_next"))


def _household(household: Household, errors: dict[str, str], visit_id: str) -> str:
    past = queries.history(household)
    return render_template(
        "fieldwork/household.html",
        seen=masked(household),
        place=desk.place(household),
        past=past,
        names=people.display_names({one.visit.member_id for one in past}),
        lessons=queries.lessons_attended(household.id),
        me=current_actor().user_id,
        now=SYSTEM_CLOCK.now(),
        today=registry.today(SYSTEM_CLOCK),
        visit_id=visit_id,
        values=request.form,
        errors=errors,
        words=words,
    )


def _lesson(errors: dict[str, str], lesson_id: str) -> str:
    hamlets = my_hamlets()
    first = hamlets[0][0] if len(hamlets) == 1 else ""
    chosen = typed("hamlet_code", 20) or request.args.get("xom", "")[:20] or first
    actor = current_actor()
    homes = registry.of_hamlet(actor, chosen, limit=TICK_LIST) if chosen else []
    crypto.load_keys({home.data_key_id for home in homes})
    now = in_vietnam(SYSTEM_CLOCK.now())
    return render_template(
        "fieldwork/lesson_form.html",
        hamlets=hamlets,
        chosen=chosen,
        homes=[masked(home) for home in homes],
        ticked=request.form.getlist("home"),
        lesson_id=lesson_id,
        now=now,
        values=request.form,
        errors=errors,
    )


def _check(check_id: UUID, errors: dict[str, str]) -> str:
    actor = current_actor()
    check = checks.assigned(actor, check_id)
    address = services.address_to_check(actor=actor, check_id=check_id, clock=SYSTEM_CLOCK)
    return render_template(
        "fieldwork/check.html", check=check, address=address, values=request.form, errors=errors, words=words
    )


def _uuid(text: str) -> UUID:
    with suppress(ValueError):
        return UUID(text)
    raise BadEntry({"form": [_("Phiếu bị hỏng. Mở lại trang rồi ghi lại nhé.")]})


def _day(text: str, name: str) -> date:
    with suppress(ValueError):
        return date.fromisoformat(text)
    raise BadEntry({name: [_("Chọn một ngày.")]})


def _moment(day: str, at: str) -> datetime:
    chosen = _day(day, "day")
    with suppress(ValueError):
        return datetime.combine(chosen, time.fromisoformat(at or "08:00"), VIETNAM)
    raise BadEntry({"at": [_("Chọn giờ học.")]})


def _count(text: str) -> int:
    if not text:
        return 0
    if text.isdecimal():
        return int(text)
    raise BadEntry({"walk_ins": [_("Ghi số người bằng chữ số.")]})


def _codes(text: str) -> list[str]:
    return [word.upper() for word in text.replace(",", " ").split()]
