"""The leader's and the officer's pages: coverage of each hamlet, who works where."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

from flask import Response as FlaskResponse
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError
from app.core.sheets import XLSX_TYPE, as_xlsx
from app.households.areas import queries as areas
from app.identity.access import requires
from app.identity.roles import Role

from . import checks, coverage, services, teams
from .blueprint import bp, sentences, typed
from .errors import BadEntry, NoSuchEntry, NotTheLeader

LEADER = Role.TEAM_MEMBER
OFFICER = Role.COMMUNE_OFFICER


def is_officer() -> bool:
    """Whether the signed-in person is an officer, who names leaders and answers signs."""
    return current_actor().has_role(OFFICER)


def may_oversee() -> bool:
    """Whether the signed-in person looks after a team."""
    return bool(teams.overseen(current_actor()))


@bp.get("/to-cong-nghe/doi")
@requires(LEADER, OFFICER)
def team() -> str:
    """My team: hamlets, members, checks that differ."""
    return _show()


@bp.get("/dieu-hanh/to-cong-nghe")
@requires(OFFICER)
def office() -> str:
    """The commune's team, with the way to signs to look into."""
    return _show()


@bp.get("/to-cong-nghe/doi.xlsx")
@requires(LEADER, OFFICER)
def team_sheet() -> FlaskResponse:
    """Coverage of each hamlet as a sheet."""
    found = coverage.of_commune(asked_commune(), clock=SYSTEM_CLOCK)
    heads = [_("Xóm"), _("Hộ đã đăng ký"), _("Hộ đã duyệt"), _("Hộ đã đến thăm"), _("Thành viên phụ trách")]
    cells = [(row.name, row.registered, row.verified, row.visited, ", ".join(row.members)) for row in found.hamlets]
    answer = FlaskResponse(as_xlsx(heads, cells, title=_("Theo xóm")), content_type=XLSX_TYPE)
    answer.headers["Content-Disposition"] = 'attachment; filename="to-cong-nghe.xlsx"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/to-cong-nghe/doi/thanh-vien")
@requires(LEADER, OFFICER)
def members() -> str:
    """Everybody in the team with their last thirty days."""
    commune = asked_commune()
    found = coverage.of_commune(commune, clock=SYSTEM_CLOCK)
    return render_template(
        "fieldwork/members.html",
        office=is_officer(),
        commune=commune,
        activity=found.activity,
        hamlet_names={row.code: row.name for row in found.hamlets},
        me=current_actor().user_id,
    )


@bp.get("/to-cong-nghe/doi/thanh-vien/<uuid:user_id>")
@requires(LEADER, OFFICER)
def member(user_id: UUID) -> str:
    """One member: their hamlets to give, move or take, and whether they lead."""
    commune = asked_commune()
    team = teams.members(commune, clock=SYSTEM_CLOCK)
    found = next((one for one in team if one.user_id == user_id), None)
    if found is None:
        raise NoSuchEntry
    me = current_actor().user_id
    return render_template(
        "fieldwork/member.html",
        office=is_officer(),
        commune=commune,
        member=found,
        others=[(one.user_id, one.name) for one in team if one.user_id not in (user_id, me)],
        hamlet_names={area.code: area.name for area in teams.hamlets(commune)},
        is_me=user_id == me,
    )


@bp.post("/to-cong-nghe/doi/giao")
@requires(LEADER, OFFICER)
def assign() -> Response:
    """Give a hamlet to a member; with `from_id`, take it from somebody else at the same time."""

    def act() -> Any:
        to, hamlet = picked("user_id"), typed("hamlet_code", 20)
        if typed("from_id"):
            services.reassign_hamlet(
                actor=current_actor(), hamlet_code=hamlet, from_id=picked("from_id"), to_id=to, clock=SYSTEM_CLOCK
            )
        else:
            services.assign_hamlet(actor=current_actor(), hamlet_code=hamlet, user_id=to, clock=SYSTEM_CLOCK)
        return _("Đã giao xóm.")

    return done(act)


@bp.post("/to-cong-nghe/doi/thoi-giao")
@requires(LEADER, OFFICER)
def release() -> Response:
    """Take a hamlet from a member."""

    def act() -> Any:
        services.release_hamlet(
            actor=current_actor(), hamlet_code=typed("hamlet_code", 20), user_id=picked("user_id"), clock=SYSTEM_CLOCK
        )
        return _("Đã thôi giao. Từ giờ người này không xem được hộ của xóm đó nữa.")

    return done(act)


@bp.get("/to-cong-nghe/doi/them")
@requires(OFFICER)
def new_member() -> str:
    """The form that takes somebody into the team."""
    return _member_form({})


@bp.post("/to-cong-nghe/doi/them")
@requires(OFFICER)
def add_member() -> Response | tuple[str, int]:
    """Take somebody into the team by their phone."""
    commune = asked_commune()
    try:
        user_id = services.add_member(
            actor=current_actor(),
            hamlet_code=typed("hamlet_code", 20),
            phone=typed("phone", 30),
            name=typed("name", 200),
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        return _member_form(sentences(error)), error.status
    flash(_("Đã thêm vào tổ. Người này đăng nhập bằng số điện thoại của mình."), "success")
    return redirect(url_for(".member", user_id=user_id, xa=commune))


@bp.post("/to-cong-nghe/doi/to-truong")
@requires(OFFICER)
def name_leader() -> Response:
    """Name a leader, or with `end` let one lead no longer."""

    def act() -> Any:
        who, commune = picked("user_id"), asked_commune()
        if typed("end"):
            services.end_leader(actor=current_actor(), commune_code=commune, user_id=who, clock=SYSTEM_CLOCK)
            return _("Đã thôi làm tổ trưởng. Các xóm được giao vẫn giữ nguyên.")
        services.name_leader(actor=current_actor(), commune_code=commune, user_id=who, clock=SYSTEM_CLOCK)
        return _("Đã cử tổ trưởng.")

    return done(act)


def _show() -> str:
    commune = asked_commune()
    found = coverage.of_commune(commune, clock=SYSTEM_CLOCK)
    office = is_officer()
    return render_template(
        "fieldwork/team.html",
        office=office,
        here=".office" if office else ".team",
        commune=commune,
        communes=areas.names(teams.overseen(current_actor())),
        found=found,
        width=coverage.WIDTH,
        height=coverage.HEIGHT,
        check_counts=checks.counts(commune),
        sign_count=checks.open_signs(commune) if office else 0,
    )


def _member_form(errors: dict[str, str]) -> str:
    commune = asked_commune()
    return render_template(
        "fieldwork/member_new.html",
        commune=commune,
        hamlets=[(area.code, area.name) for area in teams.hamlets(commune)],
        values=request.form,
        errors=errors,
    )


def asked_commune() -> str:
    """The commune asked for, or the first the person looks after.

    Raises:
        NotTheLeader: they look after none, or not after that one.
    """
    mine = teams.overseen(current_actor())
    asked = (request.values.get("xa") or "")[:10]
    if not mine or (asked and asked not in mine):
        raise NotTheLeader
    return asked or mine[0]


def picked(name: str) -> UUID:
    with suppress(ValueError):
        return UUID(typed(name, 40))
    raise BadEntry({name: [_("Chọn một người trong tổ.")]})


def done(act: Callable[[], Any]) -> Response:
    """Act, say what came of it, and go back to the member's page; who may not is sent away as everywhere."""
    commune = asked_commune()
    try:
        flash(act(), "success")
    except AppError as error:
        if error.status in (401, 403, 404):
            raise
        flash(" ".join(sentences(error).values()), "error")
    who = typed("from_id", 40) or typed("user_id", 40)
    with suppress(ValueError):
        if UUID(who) in teams.member_ids(commune, clock=SYSTEM_CLOCK):
            return redirect(url_for(".member", user_id=UUID(who), xa=commune))
    return redirect(url_for(".members", xa=commune))
