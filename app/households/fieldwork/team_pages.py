"""The leader's and the officer's pages: coverage of each hamlet, who works where, back-checks, signs."""

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
from app.identity import queries as people
from app.identity.access import requires
from app.identity.roles import Role

from . import checks, coverage, services, teams, words
from .blueprint import PAGE_SIZE, bp, typed
from .errors import BadEntry, NotTheLeader
from .models import CheckStatus

LEADER = Role.TEAM_MEMBER
OFFICER = Role.COMMUNE_OFFICER


def may_oversee() -> bool:
    """Whether the signed-in person looks after a team."""
    return bool(teams.overseen(current_actor()))


@bp.get("/to-cong-nghe/doi")
@requires(LEADER, OFFICER)
def team() -> str:
    """My team: hamlets, members, checks that differ."""
    return _show(office=False)


@bp.get("/dieu-hanh/to-cong-nghe")
@requires(OFFICER)
def office() -> str:
    """The commune's team, with leaders to name and signs to look into."""
    return _show(office=True)


@bp.get("/to-cong-nghe/doi.xlsx")
@requires(LEADER, OFFICER)
def team_sheet() -> FlaskResponse:
    """Coverage of each hamlet as a sheet."""
    found = coverage.of_commune(_commune(), clock=SYSTEM_CLOCK)
    heads = [_("Xóm"), _("Hộ đã đăng ký"), _("Hộ đã duyệt"), _("Hộ đã đến thăm"), _("Thành viên phụ trách")]
    cells = [(row.name, row.registered, row.verified, row.visited, ", ".join(row.members)) for row in found.hamlets]
    answer = FlaskResponse(as_xlsx(heads, cells, title=_("Theo xóm")), content_type=XLSX_TYPE)
    answer.headers["Content-Disposition"] = 'attachment; filename="to-cong-nghe.xlsx"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/to-cong-nghe/doi/giao")
@requires(LEADER, OFFICER)
def assign() -> Response:
    """Give a hamlet to a member; with `from_id`, take it from somebody else at the same time."""

    def act() -> Any:
        to, hamlet = _person("user_id"), typed("hamlet_code", 20)
        if typed("from_id"):
            services.reassign_hamlet(
                actor=current_actor(), hamlet_code=hamlet, from_id=_person("from_id"), to_id=to, clock=SYSTEM_CLOCK
            )
        else:
            services.assign_hamlet(actor=current_actor(), hamlet_code=hamlet, user_id=to, clock=SYSTEM_CLOCK)
        return _("Đã giao xóm.")

    return _done(act)


@bp.post("/to-cong-nghe/doi/thoi-giao")
@requires(LEADER, OFFICER)
def release() -> Response:
    """Take a hamlet from a member."""

    def act() -> Any:
        services.release_hamlet(
            actor=current_actor(), hamlet_code=typed("hamlet_code", 20), user_id=_person("user_id"), clock=SYSTEM_CLOCK
        )
        return _("Đã thôi giao. Từ giờ người này không xem được hộ của xóm đó nữa.")

    return _done(act)


@bp.post("/to-cong-nghe/doi/them")
@requires(OFFICER)
def add_member() -> Response:
    """Take somebody into the team by their phone."""

    def act() -> Any:
        services.add_member(
            actor=current_actor(),
            hamlet_code=typed("hamlet_code", 20),
            phone=typed("phone", 30),
            name=typed("name", 200),
            clock=SYSTEM_CLOCK,
        )
        return _("Đã thêm vào tổ. Người này đăng nhập bằng số điện thoại của mình.")

    return _done(act)


@bp.post("/to-cong-nghe/doi/to-truong")
@requires(OFFICER)
def name_leader() -> Response:
    """Name a leader, or with `end` let one lead no longer."""

    def act() -> Any:
        who, commune = _person("user_id"), _commune()
        if typed("end"):
            services.end_leader(actor=current_actor(), commune_code=commune, user_id=who, clock=SYSTEM_CLOCK)
            return _("Đã thôi làm tổ trưởng. Các xóm được giao vẫn giữ nguyên.")
        services.name_leader(actor=current_actor(), commune_code=commune, user_id=who, clock=SYSTEM_CLOCK)
        return _("Đã cử tổ trưởng.")

    return _done(act)


@bp.post("/to-cong-nghe/doi/kiem-tra/<uuid:check_id>/giao")
@requires(LEADER, OFFICER)
def hand_over_check(check_id: UUID) -> Response:
    """Give an open check to another member."""
    checks.in_reach(check_id)

    def act() -> Any:
        services.hand_over_check(
            actor=current_actor(), check_id=check_id, user_id=_person("user_id"), clock=SYSTEM_CLOCK
        )
        return _("Đã giao cho người khác kiểm tra.")

    return _done(act)


@bp.post("/to-cong-nghe/doi/kiem-tra/<uuid:check_id>")
@requires(LEADER, OFFICER)
def decide_check(check_id: UUID) -> Response:
    """Say what to make of the differences."""
    checks.in_reach(check_id)

    def act() -> Any:
        services.decide_check(
            actor=current_actor(),
            check_id=check_id,
            sound=_either("sound"),
            reason=typed("reason", 1000),
            clock=SYSTEM_CLOCK,
        )
        return _("Đã ghi kết luận.")

    return _done(act)


@bp.post("/dieu-hanh/to-cong-nghe/dau-hieu/<uuid:sign_id>")
@requires(OFFICER)
def decide_sign(sign_id: UUID) -> Response:
    """Say whether something is behind a sign."""
    checks.sign(sign_id)

    def act() -> Any:
        services.decide_sign(
            actor=current_actor(),
            sign_id=sign_id,
            confirmed=_either("confirmed"),
            reason=typed("reason", 1000),
            clock=SYSTEM_CLOCK,
        )
        return _("Đã ghi kết luận.")

    return _done(act)


def _show(*, office: bool) -> str:
    actor, commune = current_actor(), _commune()
    communes = areas.names(teams.overseen(actor))
    found = coverage.of_commune(commune, clock=SYSTEM_CLOCK)
    waiting = checks.of_commune(
        commune, statuses=[CheckStatus.OPEN, CheckStatus.DIFFERS], cursor=request.args.get("kiem_tra"), limit=PAGE_SIZE
    )
    seen = checks.signs(commune, cursor=request.args.get("dau_hieu"), limit=PAGE_SIZE) if office else None
    involved = {id for check, _code in waiting.items for id in (check.registrar_id, check.checker_id) if id}
    involved |= {sign.member_id for sign in seen.items} if seen else set()
    here = ".office" if office else ".team"
    return render_template(
        "fieldwork/team.html",
        office=office,
        here=here,
        commune=commune,
        communes=communes,
        found=found,
        width=coverage.WIDTH,
        height=coverage.HEIGHT,
        hamlet_names={row.code: row.name for row in found.hamlets},
        members=[one.member for one in found.activity],
        me=actor.user_id,
        checks=waiting.items,
        check_counts=checks.counts(commune),
        signs=seen.items if seen else [],
        people=people.display_names(involved),
        words=words,
        more_checks=url_for(here, xa=commune, kiem_tra=waiting.next_cursor) if waiting.next_cursor else None,
        more_signs=url_for(here, xa=commune, dau_hieu=seen.next_cursor) if seen and seen.next_cursor else None,
    )


def _commune() -> str:
    """The commune asked for, or the first the person looks after.

    Raises:
        NotTheLeader: they look after none, or not after that one.
    """
    mine = teams.overseen(current_actor())
    asked = (request.values.get("xa") or "")[:10]
    if not mine or (asked and asked not in mine):
        raise NotTheLeader
    return asked or mine[0]


def _person(name: str) -> UUID:
    with suppress(ValueError):
        return UUID(typed(name, 40))
    raise BadEntry({name: [_("Chọn một người trong tổ.")]})


def _either(name: str) -> bool:
    word = typed(name, 1)
    if word not in ("0", "1"):
        raise BadEntry({name: [_("Chọn một trong hai kết luận.")]})
    return word == "1"


def _done(act: Callable[[], Any]) -> Response:
    """Act, say what came of it, and go back to the page; who may not is sent away as everywhere."""
    try:
        flash(act(), "success")
    except AppError as error:
        if error.status in (401, 403, 404):
            raise
        reasons: dict[str, list[str]] = error.details.get("errors") or {"": [error.message]}
        flash(" ".join(sentence for sentences in reasons.values() for sentence in sentences), "error")
    office = current_actor().has_role(OFFICER)
    return redirect(url_for(".office" if office else ".team", xa=request.values.get("xa")))
