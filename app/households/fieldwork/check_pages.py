"""The leader's and the officer's pages of back-checks, and the officer's of signs: a list, then one at a time."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError
from app.households.areas import queries as areas
from app.households.registry import queries as registry
from app.identity import queries as people
from app.identity.access import requires

from . import checks, flagging, services, teams, words
from .blueprint import PAGE_SIZE, bp, sentences, typed
from .errors import BadEntry
from .models import BackCheck, CheckStatus
from .team_pages import LEADER, OFFICER, asked_commune, is_officer, picked

WAITING = (CheckStatus.DIFFERS, CheckStatus.OPEN)
OVER = (CheckStatus.SAME, CheckStatus.SOUND, CheckStatus.WRONG)


@bp.get("/to-cong-nghe/doi/kiem-tra")
@requires(LEADER, OFFICER)
def checks_list() -> str:
    """Back-checks that wait for an answer or a conclusion; with `xong`, those that are over."""
    commune, over = asked_commune(), bool(request.args.get("xong"))
    page = checks.of_commune(
        commune, statuses=OVER if over else WAITING, cursor=request.args.get("trang"), limit=PAGE_SIZE
    )
    involved = {id for check, _code in page.items for id in (check.registrar_id, check.checker_id) if id}
    here = url_for(".checks_list", xa=commune, xong="1" if over else None)
    return render_template(
        "fieldwork/checks.html",
        office=is_officer(),
        commune=commune,
        over=over,
        rows=page.items,
        counts=checks.counts(commune),
        people=people.display_names(involved),
        words=words,
        next_url=f"{here}&trang={page.next_cursor}" if page.next_cursor else None,
        first_url=here if request.args.get("trang") else None,
    )


@bp.get("/to-cong-nghe/doi/kiem-tra/<uuid:check_id>")
@requires(LEADER, OFFICER)
def check_page(check_id: UUID) -> str:
    """Both answers beside each other, and what to do about them."""
    return _check(check_id, {})


@bp.post("/to-cong-nghe/doi/kiem-tra/<uuid:check_id>/giao")
@requires(LEADER, OFFICER)
def hand_over_check(check_id: UUID) -> Response | tuple[str, int]:
    """Give an open check to another member."""
    checks.in_reach(check_id)
    try:
        services.hand_over_check(
            actor=current_actor(), check_id=check_id, user_id=picked("user_id"), clock=SYSTEM_CLOCK
        )
    except AppError as error:
        return _again(error, lambda errors: _check(check_id, errors))
    flash(_("Đã giao cho người khác kiểm tra."), "success")
    return redirect(url_for(".check_page", check_id=check_id))


@bp.post("/to-cong-nghe/doi/kiem-tra/<uuid:check_id>")
@requires(LEADER, OFFICER)
def decide_check(check_id: UUID) -> Response | tuple[str, int]:
    """Say what to make of the differences."""
    checks.in_reach(check_id)
    try:
        services.decide_check(
            actor=current_actor(),
            check_id=check_id,
            sound=_either("sound"),
            reason=typed("reason", 1000),
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        return _again(error, lambda errors: _check(check_id, errors))
    flash(_("Đã ghi kết luận."), "success")
    return redirect(url_for(".check_page", check_id=check_id))


@bp.get("/dieu-hanh/to-cong-nghe/dau-hieu")
@requires(OFFICER)
def signs_list() -> str:
    """Signs that nobody has looked into yet."""
    commune = asked_commune()
    page = checks.signs(commune, cursor=request.args.get("trang"), limit=PAGE_SIZE)
    return render_template(
        "fieldwork/signs.html",
        commune=commune,
        rows=page.items,
        people=people.display_names({sign.member_id for sign in page.items}),
        words=words,
        next_url=url_for(".signs_list", xa=commune, trang=page.next_cursor) if page.next_cursor else None,
        first_url=url_for(".signs_list", xa=commune) if request.args.get("trang") else None,
    )


@bp.get("/dieu-hanh/to-cong-nghe/dau-hieu/<uuid:sign_id>")
@requires(OFFICER)
def sign_page(sign_id: UUID) -> str:
    """One sign: why it was noted, and the officer's conclusion."""
    return _sign(sign_id, {})


@bp.post("/dieu-hanh/to-cong-nghe/dau-hieu/<uuid:sign_id>")
@requires(OFFICER)
def decide_sign(sign_id: UUID) -> Response | tuple[str, int]:
    """Say whether something is behind a sign."""
    sign = checks.sign(sign_id)
    try:
        services.decide_sign(
            actor=current_actor(),
            sign_id=sign_id,
            confirmed=_either("confirmed"),
            reason=typed("reason", 1000),
            clock=SYSTEM_CLOCK,
        )
    except AppError as error:
        return _again(error, lambda errors: _sign(sign_id, errors))
    flash(_("Đã ghi kết luận."), "success")
    return redirect(url_for(".signs_list", xa=sign.commune_code))


@bp.app_template_global("found_wrong")
def found_wrong() -> list[tuple[BackCheck, str]]:
    """For the office's queue, which is on a floor below: registrations found wrong that nobody has dealt with."""
    return flagging.found_wrong(current_actor())


def _check(check_id: UUID, errors: dict[str, str]) -> str:
    actor = current_actor()
    check, lines = services.compare_check(actor=actor, check_id=check_id, clock=SYSTEM_CLOCK)
    household = registry.get(check.household_id)
    names = people.display_names({id for id in (check.registrar_id, check.checker_id, check.decided_by) if id})
    team = teams.members(check.commune_code, clock=SYSTEM_CLOCK) if check.status == CheckStatus.OPEN else []
    return render_template(
        "fieldwork/check_show.html",
        office=is_officer(),
        check=check,
        code=household.code,
        hamlet=areas.names([household.hamlet_code]).get(household.hamlet_code, ""),
        lines=lines,
        people=names,
        others=[(one.user_id, one.name) for one in team if one.user_id not in (check.registrar_id, check.checker_id)],
        may_decide=actor.user_id not in (check.registrar_id, check.checker_id),
        values=request.form,
        errors=errors,
        words=words,
    )


def _sign(sign_id: UUID, errors: dict[str, str]) -> str:
    sign = checks.sign(sign_id)
    teams.demand_officer(current_actor(), sign.commune_code)
    return render_template(
        "fieldwork/sign.html",
        sign=sign,
        people=people.display_names({id for id in (sign.member_id, sign.decided_by) if id}),
        values=request.form,
        errors=errors,
        words=words,
    )


def _either(name: str) -> bool:
    word = typed(name, 1)
    if word not in ("0", "1"):
        raise BadEntry({name: [_("Chọn một trong hai kết luận.")]})
    return word == "1"


def _again(error: AppError, page: Callable[[dict[str, str]], str]) -> tuple[str, int]:
    """The page once more with what was typed; who may not is sent away as everywhere."""
    if error.status in (401, 403, 404):
        raise error
    return page(sentences(error)), error.status
