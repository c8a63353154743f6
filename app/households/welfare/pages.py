"""The commune office's welfare pages: who has an account, and one household's account from given to closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response as Download
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError
from app.core.sheets import CSV_TYPE, XLSX_TYPE, Cell, as_csv, as_xlsx
from app.households.registry import desk
from app.households.registry import queries as registry
from app.households.registry import words as registry_words
from app.households.registry.models import Household
from app.households.registry.people import masked
from app.identity import queries as people
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.payees import queries as payees
from app.payments.vietqr.banks import payee_banks

from . import operations, queries, services, sheet_pages, trial_pages, words
from .blueprint import OFFICE, PAGE_SIZE, bp
from .queries import Coverage
from .states import Event, fits

__all__ = ["bp", "sheet_pages", "trial_pages"]
MAX_LENGTH, STOPPED = 400, 20
FIELDS = ("bin", "number", "holder", "need")


@bp.get("")
@requires(*OFFICE)
def overview() -> str:
    """How many eligible households have an account, by commune, and which have none."""
    actor, day = current_actor(), registry.today(SYSTEM_CLOCK)
    coverage = queries.coverage(actor, day)
    commune = request.args.get("xa") or None
    missing = queries.without_account(actor, day, cursor=request.args.get("trang"), limit=PAGE_SIZE, commune=commune)
    rows = desk.rows([one.household for one in missing.items])
    return render_template(
        "welfare/overview.html",
        coverage=coverage,
        total=_total(coverage),
        chosen=next((one for one in coverage if one.commune_code == commune), None),
        rows=list(zip(rows, [one.account_status for one in missing.items], strict=True)),
        states=words.states(),
        stopped=desk.rows(queries.stopped_by_test(actor, limit=STOPPED)),
        may_act=actor.has_role(Role.COMMUNE_OFFICER),
        next_url=url_for(".overview", trang=missing.next_cursor, xa=commune) if missing.next_cursor else None,
    )


@bp.get("/thong-ke.<any(csv, xlsx):form>")
@requires(*OFFICE)
def export(form: str) -> Download:
    """The table of communes as a file."""
    day = registry.today(SYSTEM_CLOCK)
    coverage = queries.coverage(current_actor(), day)
    heads = [
        _("Mã xã"), _("Xã, phường"), _("Hộ trong diện"), _("Có tài khoản"), _("Chờ xác nhận"), _("Tạm dừng"),
        _("Chưa nhận được"), _("Phần trăm"),
    ]  # fmt: skip
    cells: list[list[Cell]] = [
        [one.commune_code, one.commune_name, one.eligible, one.covered, one.waiting, one.suspended, one.missing,
         one.percent]
        for one in [*coverage, _total(coverage)]
    ]  # fmt: skip
    name = f"an-sinh-{day:%Y-%m-%d}.{form}"
    if form == "csv":
        return download(as_csv(heads, cells), name, CSV_TYPE)
    return download(as_xlsx(heads, cells, title="An sinh"), name, XLSX_TYPE)


@bp.get("/<code>")
@requires(*OFFICE)
def household(code: str) -> str:
    """One household's welfare account."""
    return _show(registry.by_code(code, actor=current_actor()))


@bp.post("/<code>")
@requires(Role.COMMUNE_OFFICER)
def give(code: str) -> Response | tuple[str, int]:
    """Register an account to receive support."""
    return _with_account(
        code,
        services.open_welfare_account,
        FIELDS,
        _("Đã lập tài khoản an sinh. Nhờ một cán bộ khác xác nhận."),
    )


@bp.post("/<code>/doi")
@requires(Role.COMMUNE_OFFICER)
def replace(code: str) -> Response | tuple[str, int]:
    """Put another account in its place."""
    return _with_account(
        code,
        services.replace_welfare_account,
        (*FIELDS, "reason"),
        _("Đã đổi tài khoản. Nhờ một cán bộ khác xác nhận; từ giờ tiền không vào tài khoản cũ nữa."),
    )


@bp.post("/<code>/xac-nhan")
@requires(Role.COMMUNE_OFFICER)
def confirm(code: str) -> Response | tuple[str, int]:
    """Confirm an account a colleague gave."""
    return _step(code, services.verify_welfare_account, _("Đã xác nhận. Tài khoản nhận ủng hộ được rồi."))


@bp.post("/<code>/thu")
@requires(Role.COMMUNE_OFFICER)
def test(code: str) -> Response | tuple[str, int]:
    """Have 1,000 đ sent to the account."""
    return _step(
        code, services.test_welfare_account, _("Đã xin chuyển thử. Tiền đến nơi thì tài khoản tự được xác nhận.")
    )


@bp.post("/<code>/thoi-thu")
@requires(Role.COMMUNE_OFFICER)
def withdraw_test(code: str) -> Response | tuple[str, int]:
    """Give up the test before the money left."""
    return _step(code, services.withdraw_test, _("Đã thôi chuyển thử. Nhờ một cán bộ khác xác nhận nhé."))


@bp.post("/<code>/tam-dung")
@requires(Role.COMMUNE_OFFICER)
def suspend(code: str) -> Response | tuple[str, int]:
    """Stop money to the account for a while."""
    words = _("Đã tạm dừng. Từ giờ không ai chuyển được tiền vào tài khoản này qua trang.")
    return _step(code, services.suspend_welfare_account, words, reason=_typed("reason"))


@bp.post("/<code>/mo-lai")
@requires(Role.COMMUNE_OFFICER)
def resume(code: str) -> Response | tuple[str, int]:
    """Let a stopped account go on."""
    words = _("Đã mở lại. Tài khoản nhận ủng hộ được rồi.")
    return _step(code, services.resume_welfare_account, words, reason=_typed("reason"))


@bp.post("/<code>/dong")
@requires(Role.COMMUNE_OFFICER)
def close(code: str) -> Response | tuple[str, int]:
    """Close the account."""
    words = _("Đã đóng tài khoản an sinh. Hộ không còn trong danh sách ủng hộ.")
    return _step(code, services.close_welfare_account, words, reason=_typed("reason"))


def download(data: bytes, name: str, kind: str) -> Download:
    """A file to keep; nothing on the way keeps it."""
    answer = Download(data, content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _with_account(
    code: str, act: Callable[..., object], fields: tuple[str, ...], said: str
) -> Response | tuple[str, int]:
    actor = current_actor()
    found = registry.by_code(code, actor=actor)
    form = {name: _typed(name) for name in fields}
    if empty := [name for name, typed in form.items() if not typed.strip()]:
        return _show(found, dict.fromkeys(empty, _("Chỗ này cần điền."))), 422
    try:
        act(actor=actor, household_id=found.id, clock=SYSTEM_CLOCK, **form)
    except AppError as error:
        return _again(found, error)
    return _done(found, said)


def _step(code: str, act: Callable[..., object], said: str, **more: str) -> Response | tuple[str, int]:
    actor = current_actor()
    found = registry.by_code(code, actor=actor)
    try:
        act(actor=actor, household_id=found.id, clock=SYSTEM_CLOCK, **more)
    except AppError as error:
        return _again(found, error)
    return _done(found, said)


def _typed(name: str) -> str:
    return request.form.get(name, "")[:MAX_LENGTH]


def _show(found: Household, errors: dict[str, str] | None = None) -> str:
    actor, day = current_actor(), registry.today(SYSTEM_CLOCK)
    history = queries.accounts(found.id)
    account = queries.open_account(found.id)
    steps = queries.steps(found.id)
    banks = {one.id: payees.masked(payees.get_account(one.bank_account_id)) for one in history}
    may_act = actor.has_role(Role.COMMUNE_OFFICER)
    return render_template(
        "welfare/household.html",
        seen=masked(found),
        place=desk.place(found),
        poverty=registry.poverty_on(found.id, day),
        profile=queries.profile(found.id),
        account=account,
        history=history,
        masked_banks=banks,
        steps=steps,
        actors=people.display_names({step.by for step in steps if step.by}),
        may=_may(account.status) if account and may_act else frozenset(),
        own=account is not None and account.issued_by == actor.user_id,
        test_waits=account is not None and queries.test_waits(account),
        banks=[(bank.bin, bank.short_name) for bank in payee_banks()],
        may_act=may_act,
        errors=errors or {},
        values=request.form,
        words=registry_words,
        states=words.states(),
        events=words.events(),
        max_reason=operations.MAX_REASON,
    )


def _may(status: str) -> frozenset[str]:
    return frozenset(event.value for event in Event if fits(status, event))


def _total(coverage: list[Coverage]) -> Coverage:
    """All communes together."""
    return Coverage(
        "",
        _("Tất cả"),
        sum(one.eligible for one in coverage),
        sum(one.covered for one in coverage),
        sum(one.waiting for one in coverage),
        sum(one.suspended for one in coverage),
    )


def _again(found: Household, error: AppError) -> tuple[str, int]:
    """The page once more, with what was typed and what is wrong with it."""
    details: dict[str, Any] = error.details.get("errors") or {"form": [error.message]}
    fresh = registry.get(found.id)
    return _show(fresh, {name: " ".join(sentences) for name, sentences in details.items()}), error.status


def _done(found: Household, sentence: str) -> Response:
    flash(sentence, "success")
    return redirect(url_for(".household", code=found.code))
