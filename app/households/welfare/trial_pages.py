"""Accounts to try with 1,000 đ, many at once, and those for whom the money is under way."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import BadInput
from app.households.registry import desk
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.payees import queries as payees

from . import queries, services, words
from .blueprint import OFFICE, PAGE_SIZE, bp

CHOSEN = 100


@bp.get("/chuyen-thu")
@requires(*OFFICE)
def tests() -> str:
    """Accounts nobody verified yet, or (`?dang=1`) those with 1,000 đ on their way."""
    return _tests()


@bp.post("/chuyen-thu")
@requires(Role.COMMUNE_OFFICER)
def test_chosen() -> Response | tuple[str, int]:
    """Have 1,000 đ sent to each of the chosen accounts."""
    try:
        chosen = [UUID(text) for text in request.form.getlist("chon")[:CHOSEN]]
    except ValueError:
        raise BadInput(_("Trang đã cũ. Tải lại trang rồi chọn lại nhé."), errors={"chon": ["invalid"]}) from None
    if not chosen:
        return _tests(_("Chọn ít nhất một tài khoản để thử.")), 422
    done, refused = services.test_many(actor=current_actor(), account_ids=chosen, clock=SYSTEM_CLOCK)
    if done:
        flash(ngettext("Đã xin chuyển thử %(num)d tài khoản.", "Đã xin chuyển thử %(num)d tài khoản.", done), "success")
    for sentence in sorted({error.message for error in refused}):
        flash(sentence, "error")
    return redirect(url_for(".tests"), 303)


def _tests(problem: str = "") -> str:
    actor, under_way = current_actor(), bool(request.args.get("dang"))
    read = queries.being_tested if under_way else queries.to_test
    page = read(actor, cursor=request.args.get("trang"), limit=PAGE_SIZE)
    rows = desk.rows([one.household for one in page.items])
    return render_template(
        "welfare/tests.html",
        items=[
            (one.account, row, payees.masked(one.bank_account), payees.account_holder(one.bank_account))
            for one, row in zip(page.items, rows, strict=True)
        ],
        under_way=under_way,
        next_url=url_for(".tests", trang=page.next_cursor, dang=1 if under_way else None) if page.next_cursor else None,
        states=words.states(),
        may_act=actor.has_role(Role.COMMUNE_OFFICER) and not under_way,
        problem=problem,
    )
