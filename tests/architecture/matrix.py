"""What each address with an argument stands for, and a household with one of everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from app.core.clock import Clock
from app.core.database import acting_as, db
from app.core.sheets import as_xlsx
from app.households.own import queries as own_queries
from app.households.own import services as own
from app.households.own.models import Relation
from app.households.poverty.single import services as single
from app.households.registry.models import Household, PovertyClass, Purpose
from app.households.welfare import batch_services, sheet
from app.identity.roles import Role
from app.market.assisted import services as assisted
from app.market.catalogue.models import Product
from app.market.places.models import Stall
from tests.factories.doorstep import Doorstep, some_doorstep
from tests.factories.fieldwork import Fieldwork, some_fieldwork
from tests.factories.households import a_team_member, an_officer, speaking_for, with_welfare_account
from tests.factories.market import Seller, a_product, a_shop_of, make_product
from tests.factories.office import OfficeWork, some_office_work
from tests.market.orders.conftest import buy
from tests.market.places.conftest import make_market, make_stall


@dataclass(frozen=True)
class Objects:
    """One household and what belongs to it."""

    commune: str
    hamlet: str
    household: Household
    doorstep: Doorstep
    fieldwork: Fieldwork
    office: OfficeWork
    sheet: UUID
    poverty_list: UUID
    seller: Seller
    product: Product
    stall: Stall
    order: str
    member: UUID
    withdrawal: UUID
    assisted: str


@dataclass(frozen=True)
class Kind:
    """How an object is named in an address, and a word that only its page says.

    `not_even_own` are roles for whom this door needs more than scope (a registration returned to them, say), so that
    only the foreign side says something.
    """

    arguments: Callable[[Objects], dict[str, Any]]
    secret: Callable[[Objects], str]
    not_even_own: frozenset[Role] = field(default=frozenset())


def objects_of(commune: str, *, clock: Clock) -> Objects:
    """A household of the commune's first hamlet with a shop, a product, a stall, an order and a welfare account."""
    hamlet = f"{commune}-01"
    household, _account = with_welfare_account(clock=clock, hamlet_code=hamlet)
    seller = a_shop_of(household, clock=clock)
    product = make_product(clock=clock, seller=seller)
    stall = make_stall(seller, make_market(f"Chợ thử {commune}", clock=clock), clock=clock)
    order = buy([(product, 1)], clock=clock).orders[0].code
    for row in (household, seller.shop, product, stall):  # what they say now is wanted when no session holds them
        if row in db.session:
            db.session.expunge(row)
    return Objects(
        commune=commune,
        hamlet=hamlet,
        household=household,
        doorstep=some_doorstep(hamlet, clock=clock),
        fieldwork=some_fieldwork(household, clock=clock),
        office=some_office_work(household, clock=clock),
        sheet=_sheet_of(commune, clock),
        poverty_list=_poverty_list_of(household, clock),
        seller=seller,
        product=product,
        stall=stall,
        order=order,
        member=_member_of(household, clock),
        withdrawal=_withdrawal_of(household, clock),
        assisted=_assisted_of(household, clock),
    )


def _member_of(household: Household, clock: Clock) -> UUID:
    """A child of the household."""
    added = own.add_member(
        actor=speaking_for(household.id), name="Người mẫu", relation=Relation.CHILD, birth_year=None, phone="",
        clock=clock,
    )  # fmt: skip
    return added.id


def _withdrawal_of(household: Household, clock: Clock) -> UUID:
    """A consent the household took back, which the commune has yet to answer."""
    actor = speaking_for(household.id)
    own.set_consent(actor=actor, purpose=Purpose.SYNDICATION, given=False, clock=clock)
    with acting_as(actor):
        return own_queries.requests_of(household.id)[0].id


def _poverty_list_of(household: Household, clock: Clock) -> UUID:
    """Next year's decision about the household, which waits for a second officer of the commune."""
    return single.propose(
        actor=an_officer(household.commune_code), household_id=household.id, poverty_class=PovertyClass.NEAR_POOR,
        decision_number="2/QĐ-UBND", valid_from=date(2027, 1, 1), valid_to=date(2027, 12, 31), clock=clock,
    )  # fmt: skip


def _assisted_of(household: Household, clock: Clock) -> str:
    """What a member wrote down for the household to sell, which waits for its word."""
    actor = a_team_member(household.hamlet_code)
    with acting_as(actor):
        return assisted.write_down(
            actor=actor, household_id=household.id, data=a_product(name="Mật ong rừng"),
            idempotency_key=str(household.id), base_url="", clock=clock,
        ).code  # fmt: skip


def _sheet_of(commune: str, clock: Clock) -> UUID:
    """A sheet of accounts that an officer of the commune uploaded."""
    row = [f"HG{commune}", "", "", "Agribank", "8888000123", "NGUYEN THI THU", ""]
    data = as_xlsx(list(sheet.HEADS.values()), [row], title="An sinh")
    return batch_services.upload(actor=an_officer(commune), data=data, file_name="an-sinh.xlsx", clock=clock).id


_HOUSEHOLD = Kind(lambda them: {"code": them.household.code}, lambda them: them.household.code)
# Only who made it may correct it, and only while it is returned.
_RETURNED = Kind(
    _HOUSEHOLD.arguments, _HOUSEHOLD.secret, frozenset({Role.TEAM_MEMBER, Role.COMMUNE_OFFICER, Role.HOUSEHOLD})
)
# There is an account, at the step this needs.
_ISSUED = Kind(_HOUSEHOLD.arguments, _HOUSEHOLD.secret, frozenset({Role.COMMUNE_OFFICER}))
_SHEET = Kind(lambda them: {"batch_id": them.sheet}, lambda them: str(them.sheet))
# Only who uploaded it may put it away.
_OWN_SHEET = Kind(_SHEET.arguments, _SHEET.secret, frozenset({Role.COMMUNE_OFFICER}))
_POVERTY_LIST = Kind(lambda them: {"import_id": them.poverty_list}, lambda them: str(them.poverty_list))
# Only who brought it says what its columns are.
_OWN_LIST = Kind(_POVERTY_LIST.arguments, _POVERTY_LIST.secret, frozenset({Role.COMMUNE_OFFICER}))
# Only who made it may take it back, only who was given it may answer it; a leader is more than a member.
_NOT_MEMBERS = frozenset({Role.TEAM_MEMBER})
_MAKERS = frozenset({Role.TEAM_MEMBER, Role.COMMUNE_OFFICER})
_VISIT = Kind(lambda them: {"visit_id": them.fieldwork.visit}, lambda them: str(them.fieldwork.visit), _MAKERS)
_LESSON = Kind(lambda them: {"lesson_id": them.fieldwork.lesson}, lambda them: them.household.code)
_OWN_LESSON = Kind(_LESSON.arguments, _LESSON.secret, _MAKERS)
_CHECK = Kind(lambda them: {"check_id": them.fieldwork.check}, lambda them: them.household.code, _NOT_MEMBERS)
_SIGN = Kind(lambda them: {"sign_id": them.fieldwork.sign}, lambda them: str(them.fieldwork.sign))
# Who registered the household: in these worlds without holding a role, so that their own team has no page either.
_TEAMMATE = Kind(
    lambda them: {"user_id": them.household.registered_by}, lambda them: str(them.household.registered_by), _MAKERS
)
_COLLEAGUE = Kind(
    lambda them: {"user_id": them.household.registered_by, "grant_id": UUID(int=0)}, _TEAMMATE.secret, _MAKERS
)
_WITHDRAWAL = Kind(lambda them: {"request_id": them.withdrawal}, lambda them: them.household.code)
_TO_FINISH = Kind(_WITHDRAWAL.arguments, _WITHDRAWAL.secret, frozenset({Role.COMMUNE_OFFICER}))
_MEMBER = Kind(lambda them: {"member_id": them.member}, lambda them: str(them.member), frozenset({Role.HOUSEHOLD}))
_MEMBER_AT_COUNTER = Kind(
    lambda them: {"code": them.household.code, "member_id": them.member},
    lambda them: them.household.code,
    frozenset({Role.COMMUNE_OFFICER}),
)
_TEAM = Kind(lambda them: {"commune": them.commune}, lambda them: them.hamlet, _NOT_MEMBERS)
_AMENDMENT = Kind(lambda them: {"amendment_id": them.office.amendment}, lambda them: them.household.code)
_MERGE = Kind(lambda them: {"merge_id": them.office.merge}, lambda them: them.household.code)
# Only who made it sees it.
_BULK = Kind(
    lambda them: {"bulk_id": them.office.bulk}, lambda them: str(them.office.bulk), frozenset({Role.COMMUNE_OFFICER})
)
_PRODUCT = Kind(lambda them: {"code": them.product.code}, lambda them: them.seller.shop.code)
_STALL = Kind(lambda them: {"code": them.stall.code}, lambda them: them.seller.shop.code)
_SALE = Kind(_STALL.arguments, _STALL.secret, frozenset({Role.HOUSEHOLD}))
_ORDER = Kind(lambda them: {"code": them.order}, lambda them: them.order)
_ORDERS_NOTICE = Kind(_ORDER.arguments, _ORDER.secret, frozenset({Role.HOUSEHOLD}))
_CONFLICT = Kind(lambda them: {"conflict_id": them.doorstep.conflict}, lambda them: str(them.doorstep.conflict))
# Who sent it, or an officer.
_TO_SETTLE = Kind(_CONFLICT.arguments, _CONFLICT.secret, frozenset({Role.TEAM_MEMBER}))
# Not whole yet, and only its sender goes on with it.
_PHOTO = Kind(lambda them: {"photo_id": them.doorstep.photo}, lambda them: str(them.doorstep.photo), _MAKERS)
_LISTING = Kind(lambda them: {"code": them.assisted}, lambda them: them.household.code)

OBJECTS: dict[str, Kind] = {
    "onboarding.conflict": _CONFLICT,
    "onboarding.conflict_in_full": _TO_SETTLE,
    "onboarding.settle": _TO_SETTLE,
    "onboarding.choose_again": _TO_SETTLE,
    "onboarding.photo": _PHOTO,
    "onboarding.small_photo": _PHOTO,
    "onboarding_api.photo_state": _PHOTO,
    "onboarding_api.put_photo": _PHOTO,
    "assisted.household": _HOUSEHOLD,
    "assisted.write_down": _HOUSEHOLD,
    "assisted.send_again": _LISTING,
    "assisted.take_back": _LISTING,
    "assisted_api.listings": _HOUSEHOLD,
    "assisted_api.write_down": _HOUSEHOLD,
    "assisted_api.send_again": _LISTING,
    "assisted_api.take_back": _LISTING,
    "own.one_request": _WITHDRAWAL,
    "own.answer": _WITHDRAWAL,
    "own.erase": _WITHDRAWAL,
    "own.finish": _TO_FINISH,
    "own.counter": _HOUSEHOLD,
    "own.add_at_counter": _HOUSEHOLD,
    "own.ask_at_counter": _HOUSEHOLD,
    "own.remove_at_counter": _MEMBER_AT_COUNTER,
    "own.remove_member": _MEMBER,
    "own_api.remove_member": _MEMBER,
    "households_api.show": _HOUSEHOLD,
    "households_api.send_back": _HOUSEHOLD,
    "households_api.verify": _HOUSEHOLD,
    "registry.household": _HOUSEHOLD,
    "registry.withdraw": _HOUSEHOLD,
    "registry.approve": _HOUSEHOLD,
    "poverty.decide": _HOUSEHOLD,
    "poverty.end": _HOUSEHOLD,
    "poverty.show": _POVERTY_LIST,
    "poverty.confirm": _OWN_LIST,
    "poverty.approve": _POVERTY_LIST,
    "poverty.undo": _POVERTY_LIST,
    "poverty.drop": _POVERTY_LIST,
    "poverty.errors": _POVERTY_LIST,
    "poverty_api.show": _POVERTY_LIST,
    "poverty_api.rows": _POVERTY_LIST,
    "poverty_api.confirm": _OWN_LIST,
    "poverty_api.approve": _POVERTY_LIST,
    "poverty_api.undo": _POVERTY_LIST,
    "poverty_api.drop": _POVERTY_LIST,
    "registry.send_back": _HOUSEHOLD,
    "registry.unmask": _HOUSEHOLD,
    "registry.team_household": _HOUSEHOLD,
    "registry.correction_form": _RETURNED,
    "registry.send_correction": _RETURNED,
    "welfare.household": _HOUSEHOLD,
    "welfare.give": _HOUSEHOLD,
    "welfare.close": _HOUSEHOLD,
    "welfare.confirm": _ISSUED,
    "welfare.test": _ISSUED,
    "welfare.withdraw_test": _ISSUED,
    "welfare.suspend": _ISSUED,
    "welfare.resume": _ISSUED,
    "welfare.replace": _ISSUED,
    "welfare.one_sheet": _SHEET,
    "welfare.act_on_sheet": _OWN_SHEET,
    "welfare_api.accounts": _HOUSEHOLD,
    "welfare_api.give": _HOUSEHOLD,
    "welfare_api.replace": _ISSUED,
    "welfare_api.verify": _ISSUED,
    "welfare_api.test": _ISSUED,
    "welfare_api.withdraw_test": _ISSUED,
    "welfare_api.suspend": _ISSUED,
    "welfare_api.resume": _ISSUED,
    "welfare_api.close": _ISSUED,
    "fieldwork.household_visits": _HOUSEHOLD,
    "fieldwork.send_visit": _HOUSEHOLD,
    "fieldwork.undo_visit": _VISIT,
    "fieldwork.lesson": _LESSON,
    "fieldwork.undo_lesson": _OWN_LESSON,
    "fieldwork.check_form": _CHECK,
    "fieldwork.send_check": _CHECK,
    "fieldwork.member": _TEAMMATE,
    "fieldwork.check_page": _CHECK,
    "fieldwork.hand_over_check": _CHECK,
    "fieldwork.decide_check": _CHECK,
    "fieldwork.sign_page": _SIGN,
    "fieldwork.decide_sign": _SIGN,
    "people.person": _COLLEAGUE,
    "people.give": _COLLEAGUE,
    "people.ending": _COLLEAGUE,
    "people.end": _COLLEAGUE,
    "fieldwork_api.history": _HOUSEHOLD,
    "fieldwork_api.undo_visit": _VISIT,
    "fieldwork_api.commune_coverage": _TEAM,
    "office.review": _HOUSEHOLD,
    "office.approve": _HOUSEHOLD,
    "office.send_back": _HOUSEHOLD,
    "office.take_back_approval": _HOUSEHOLD,
    "office.take_back_return": _HOUSEHOLD,
    "office.bulk": _BULK,
    "office.go_on": _BULK,
    "office.undo_many": _BULK,
    "office.amendment": _AMENDMENT,
    "office.accept": _AMENDMENT,
    "office.refuse": _AMENDMENT,
    "office.take_back": _AMENDMENT,
    "office.unmask": _AMENDMENT,
    "office_api.take_back_approval": _HOUSEHOLD,
    "office_api.take_back_return": _HOUSEHOLD,
    "office_api.bulk": _BULK,
    "office_api.undo_bulk": _BULK,
    "office_api.accept": _AMENDMENT,
    "office_api.refuse": _AMENDMENT,
    "office_api.take_back": _AMENDMENT,
    "merging.merge": _MERGE,
    "merging.confirm": _MERGE,
    "merging.refuse": _MERGE,
    "merging.undo": _MERGE,
    "merging_api.show": _MERGE,
    "merging_api.confirm": _MERGE,
    "merging_api.refuse": _MERGE,
    "merging_api.undo": _MERGE,
    "catalogue.seller.edit_product": _PRODUCT,
    "catalogue.seller.sold_out": _PRODUCT,
    "catalogue_api.set_photo": _PRODUCT,
    "places.stalls.stall": _STALL,
    "places.stalls.poster": _STALL,
    "places.stalls.ask": _STALL,
    "places.stalls.leave_stall": _STALL,
    "places.stalls.collect": _SALE,
    "stalls_api.ask_amount": _STALL,
    "orders.seller_orders.detail": _ORDER,
    "orders.seller_orders.ask_rest": _ORDER,
    "orders.seller_orders.buyers_account": _ORDERS_NOTICE,
}
# Their arguments name nobody's own.
UNSCOPED = {
    "welfare.export",  # the kind of file; the communes are those of whoever asks
    "welfare.blank",
    "income.own_statement",  # a year; the shop is the one of whoever asks
}

# What the API checks before it looks.
_ACCOUNT = {"bin": "970405", "number": "8888000123", "holder": "NGUYEN THI THU", "need": "Mua sách vở cho con"}
_WHY = {"reason": "Hộ báo mất thẻ"}
BODIES: dict[str, dict[str, Any]] = {
    "welfare_api.give": _ACCOUNT,
    "welfare_api.replace": _ACCOUNT | _WHY,
    "welfare_api.suspend": _WHY,
    "welfare_api.resume": _WHY,
    "welfare_api.close": _WHY,
    "households_api.send_back": {"reason": "Chụp lại giấy tờ"},
    "office_api.take_back_approval": _WHY,
    "office_api.take_back_return": _WHY,
    "office_api.undo_bulk": _WHY | {"id": "0b5a7d0e-0000-4000-8000-000000000001"},
    "office_api.accept": {"version": 1},
    "office_api.refuse": _WHY,
    "office_api.take_back": _WHY,
    "merging_api.undo": _WHY,
    "poverty_api.confirm": {
        "decision_number": "2/QĐ-UBND",
        "year": 2027,
        "valid_from": "2027-01-01",
        "valid_to": "2027-12-31",
    },
    "stalls_api.ask_amount": {"amount_vnd": 50_000},
    "assisted_api.write_down": {"name": "Chè xanh", "unit": "kg", "price_vnd": 180_000, "stock": 5},
}
