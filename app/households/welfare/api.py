"""Who needs help, by code: public. Welfare accounts and who is still without: for officers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.idempotency import idempotent
from app.core.paging import Page
from app.core.routes import open_to_all
from app.households.registry import queries as registry
from app.households.registry.people import masked
from app.identity.access import requires
from app.identity.roles import Role
from app.payments.payees import queries as payees

from . import queries, services
from .blueprint import OFFICE
from .models import WelfareAccount
from .queries import PublicHousehold
from .schemas import (
    CoverageListSchema,
    MissingPageSchema,
    MissingQuery,
    PublicHouseholdPageSchema,
    PublicHouseholdSchema,
    PublicQuery,
    WelfareAccountInput,
    WelfareAccountSchema,
    WelfareAccountsSchema,
    WelfareReasonInput,
    WelfareReplacementInput,
)

blp = Blueprint("welfare_api", __name__, url_prefix="/api/v1", description="Households that receive help, by code.")


@blp.route("/welfare/households")
@open_to_all
@blp.arguments(PublicQuery, location="query")
@blp.response(200, PublicHouseholdPageSchema)
def list_households(query: dict[str, str]) -> Page[PublicHousehold]:
    """Households listed today, in the order of their random codes."""
    return queries.public_list(
        commune=query["commune"], cursor=query["cursor"], limit=int(query["limit"]), clock=SYSTEM_CLOCK
    )


@blp.route("/welfare/households/<code>")
@open_to_all
@blp.response(200, PublicHouseholdSchema)
def show(code: str) -> PublicHousehold:
    """One household listed today."""
    return queries.public_by_code(code, clock=SYSTEM_CLOCK)


@blp.route("/welfare/coverage")
@requires(*OFFICE)
@blp.response(200, CoverageListSchema)
def coverage() -> dict[str, Any]:
    """Per commune of mine: households eligible today, and how many have an active account."""
    found = queries.coverage(current_actor(), registry.today(SYSTEM_CLOCK))
    return {"items": [{**asdict(one), "missing": one.missing, "percent": one.percent} for one in found]}


@blp.route("/welfare/missing")
@requires(*OFFICE)
@blp.arguments(MissingQuery, location="query")
@blp.response(200, MissingPageSchema)
def missing(query: dict[str, str]) -> Page[dict[str, Any]]:
    """Eligible households of mine without an active account, masked."""
    page = queries.without_account(
        current_actor(),
        registry.today(SYSTEM_CLOCK),
        cursor=query["cursor"],
        limit=int(query["limit"]),
        commune=query["commune"],
    )
    items = []
    for one in page.items:
        seen = masked(one.household)
        items.append(
            {
                "code": seen.code, "head_name": seen.head_name, "commune_code": seen.commune_code,
                "hamlet_code": seen.hamlet_code, "account_status": one.account_status,
            }
        )  # fmt: skip
    return Page(items, page.next_cursor)


@blp.route("/households/<code>/welfare-accounts")
@requires(*OFFICE)
@blp.response(200, WelfareAccountsSchema)
def accounts(code: str) -> dict[str, Any]:
    """All accounts of a household of mine, newest first; ended ones keep their history."""
    household = registry.by_code(code, actor=current_actor())
    return {"items": [_present(account) for account in queries.accounts(household.id)]}


@blp.route("/households/<code>/welfare-accounts", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@idempotent
@blp.arguments(WelfareAccountInput)
@blp.response(201, WelfareAccountSchema)
def give(data: dict[str, Any], code: str) -> dict[str, Any]:
    """Register an account; it takes no money before another officer verified it."""
    return _present(services.open_welfare_account(**_here(code), **data))


@blp.route("/households/<code>/welfare-accounts/replace", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@idempotent
@blp.arguments(WelfareReplacementInput)
@blp.response(201, WelfareAccountSchema)
def replace(data: dict[str, Any], code: str) -> dict[str, Any]:
    """Put another account in the place of the open one, which takes no more money."""
    return _present(services.replace_welfare_account(**_here(code), **data))


@blp.route("/households/<code>/welfare-accounts/verify", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@blp.response(200, WelfareAccountSchema)
def verify(code: str) -> dict[str, Any]:
    """Confirm the account a colleague gave."""
    return _present(services.verify_welfare_account(**_here(code)))


@blp.route("/households/<code>/welfare-accounts/test", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@idempotent
@blp.response(200, WelfareAccountSchema)
def test(code: str) -> dict[str, Any]:
    """Have 1,000 đ sent to the issued account: it is verified once they arrived. While they are under way, no more."""
    return _present(services.test_welfare_account(**_here(code)))


@blp.route("/households/<code>/welfare-accounts/test/withdraw", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@blp.response(200, WelfareAccountSchema)
def withdraw_test(code: str) -> dict[str, Any]:
    """Give up the test before it went into a batch for the bank."""
    return _present(services.withdraw_test(**_here(code)))


@blp.route("/households/<code>/welfare-accounts/suspend", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@blp.arguments(WelfareReasonInput)
@blp.response(200, WelfareAccountsSchema)
def suspend(data: dict[str, str], code: str) -> dict[str, Any]:
    """Stop money to the active account."""
    return _then(services.suspend_welfare_account, code, data)


@blp.route("/households/<code>/welfare-accounts/resume", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@blp.arguments(WelfareReasonInput)
@blp.response(200, WelfareAccountsSchema)
def resume(data: dict[str, str], code: str) -> dict[str, Any]:
    """Let the suspended account go on."""
    return _then(services.resume_welfare_account, code, data)


@blp.route("/households/<code>/welfare-accounts/close", methods=["POST"])
@requires(Role.COMMUNE_OFFICER)
@blp.arguments(WelfareReasonInput)
@blp.response(200, WelfareAccountsSchema)
def close(data: dict[str, str], code: str) -> dict[str, Any]:
    """Close the open account."""
    return _then(services.close_welfare_account, code, data)


def _here(code: str) -> dict[str, Any]:
    actor = current_actor()
    household_id: UUID = registry.by_code(code, actor=actor).id
    return {"actor": actor, "household_id": household_id, "clock": SYSTEM_CLOCK}


def _then(act: Callable[..., None], code: str, data: dict[str, str]) -> dict[str, Any]:
    here = _here(code)
    act(**here, **data)
    return {"items": [_present(account) for account in queries.accounts(here["household_id"])]}


def _present(account: WelfareAccount) -> dict[str, Any]:
    bank = payees.masked(payees.get_account(account.bank_account_id))
    return {
        "id": account.id,
        "status": account.status,
        "bank_bin": bank.bin,
        "bank_name": bank.bank_name,
        "account_masked": bank.number_masked,
        "created_at": account.created_at,
        "verified_at": account.verified_at,
        "verified_how": account.verified_how,
        "suspended_at": account.suspended_at,
        "closed_at": account.closed_at,
    }
