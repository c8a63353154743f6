"""Steps on listings; each needs an open transaction with the household's row locked."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from uuid import UUID

from flask_babel import gettext as _

from app.core import audit, jobs
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.codes import new_code
from app.core.crypto import blind_index
from app.core.database import require_transaction
from app.core.errors import AppError
from app.core.ids import uuid7
from app.core.money import format_vnd
from app.households.own import people as household_people
from app.households.own.models import Relation
from app.households.registry import people
from app.households.registry import queries as registry
from app.households.registry.models import Household, Purpose
from app.households.registry.models import Status as HouseholdStatus
from app.households.registry.people import Field
from app.identity import operations as identity
from app.identity import queries as accounts
from app.identity.roles import Role
from app.market.catalogue import operations as catalogue
from app.market.catalogue import queries as goods
from app.market.catalogue.errors import HouseholdNotVerified, SellingConsentMissing
from app.market.catalogue.models import Shop
from app.market.catalogue.photos import StoredPhoto
from app.market.catalogue.schemas import NewProduct
from app.market.catalogue.search import words

from . import queries
from .errors import (
    AlreadyDecided,
    CodeLocked,
    ListingExpired,
    NobodyToAsk,
    OwnListing,
    OwnPhone,
    ShopNotReady,
    SoldAlready,
    TooLateToUndo,
    TooManyListings,
    TooManySends,
    WrongCode,
)
from .models import MAX_SENDS, MAX_TRIES, AssistedListing, How, Status

CODE_DIGITS = 6
CODE_LIFE = timedelta(days=3)
UNDO_LIFE = timedelta(days=7)
HOUSEHOLD_A_DAY = 5
MEMBER_A_DAY = 60
_NAME_IN_TEXT = 40
_SUBJECT = "household"


def demand_ready(household: Household) -> Shop:
    """The open shop of a verified household that agreed to sell.

    Raises:
        HouseholdNotVerified, SellingConsentMissing, ShopNotReady.
    """
    if household.status != HouseholdStatus.VERIFIED:
        raise HouseholdNotVerified
    if not registry.has_consent(household.id, Purpose.SELLING):
        raise SellingConsentMissing
    shop = goods.shop_of(household.id)
    if shop is None or not shop.is_open:
        raise ShopNotReady
    return shop


def phone_to_ask(actor: Actor, household: Household) -> str:
    """The number (E.164) the code goes to: the household's, else a trusted contact's; never the member's own.

    A contact stands in only while the household agrees to be reached.

    Raises:
        NobodyToAsk: there is none.
        OwnPhone: the only one is the member's.
    """
    may_ask_others = registry.has_consent(household.id, Purpose.CONTACT)
    known = [people.open_field(household, Field.PHONE)] if may_ask_others or not household.phone_is_contact else []
    if may_ask_others:
        known += [one.phone for one in household_people.of(household) if one.relation == Relation.CONTACT]
    phones = [phone for phone in known if phone]
    if not phones:
        raise NobodyToAsk
    member = accounts.get(actor.user_id) if actor.user_id else None
    own = accounts.phone_of(member) if member is not None else None
    others = [phone for phone in phones if phone != own]
    if not others:
        raise OwnPhone
    return others[0]


def demand_room(actor_id: UUID, household: Household, *, clock: Clock) -> None:
    """Raises TooManyListings when household or member has had enough for a day."""
    since = clock.now() - timedelta(days=1)
    for_household, by_member = queries.written_since(since, household_id=household.id, member_id=actor_id)
    if for_household >= HOUSEHOLD_A_DAY or by_member >= MEMBER_A_DAY:
        raise TooManyListings


def write_down(
    member_id: UUID,
    household: Household,
    shop: Shop,
    data: NewProduct,
    *,
    photo: StoredPhoto | None,
    idempotency_key: str,
    clock: Clock,
) -> AssistedListing:
    """Make the row. Nothing of it is on the market."""
    listing = AssistedListing(
        id=uuid7(),
        code=new_code("ND"),
        household_id=household.id,
        shop_id=shop.id,
        name=data.name,
        name_key=key_of(data.name),
        unit=data.unit,
        price_vnd=data.price_vnd,
        stock=data.stock,
        photo_key=photo.key if photo else None,
        photo_width=photo.width if photo else None,
        photo_height=photo.height if photo else None,
        listed_by=member_id,
        listed_at=clock.now(),
        idempotency_key=idempotency_key,
        code_hash=b"",
        tries=0,
        sends=0,
        expires_at=clock.now() + CODE_LIFE,
        status=Status.WAITING,
    )
    require_transaction().add(listing)
    return listing


def key_of(name: str) -> str:
    """What makes two names the same thing: words without accents and capitals."""
    return " ".join(words(name))


def send_code(listing: AssistedListing, phone: str, *, base_url: str, clock: Clock) -> None:
    """Text six new digits; those before open nothing any more.

    Raises:
        TooManySends: three went out already.
    """
    if listing.sends >= MAX_SENDS:
        raise TooManySends
    digits = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    listing.code_hash, listing.tries, listing.sends = _hash(listing.id, digits), 0, listing.sends + 1
    listing.expires_at = clock.now() + CODE_LIFE
    require_transaction().flush()
    who = accounts.display_names([listing.listed_by]).get(listing.listed_by) or _("Người của tổ công nghệ")
    name = listing.name if len(listing.name) <= _NAME_IN_TEXT else listing.name[: _NAME_IN_TEXT - 1] + "…"
    text = _(
        "Chợ Phiên: %(who)s ghi giúp nhà mình bán %(name)s, giá %(price)s/%(unit)s. Mã %(digits)s, dùng trong 3 ngày. "
        "Xem rồi đồng ý hoặc từ chối: %(url)s Ai hỏi mã thì đừng đọc.",
        who=who,
        name=name,
        price=format_vnd(listing.price_vnd),
        unit=listing.unit,
        digits=digits,
        url=f"{base_url}/ban-hang/nho-dang/{listing.code}",
    )
    identity.queue_sms(phone_e164=phone, text=text, not_after=listing.expires_at, clock=clock)


def try_digits(listing: AssistedListing | None, digits: str) -> AppError | None:
    """Hold six digits against a locked listing; what is wrong with them, if anything. A wrong try is counted."""
    if listing is None:
        return WrongCode()
    if listing.tries >= MAX_TRIES:
        return CodeLocked()
    typed = "".join(sign for sign in digits if sign.isascii() and sign.isdigit())
    if hmac.compare_digest(listing.code_hash, _hash(listing.id, typed)):
        return None
    listing.tries += 1
    return CodeLocked() if listing.tries >= MAX_TRIES else WrongCode()


def confirm(actor: Actor, listing: AssistedListing, household: Household, *, how: How, clock: Clock) -> None:
    """Put it on sale in the household's shop: the member's act, by the household's word. Again changes nothing.

    Raises:
        OwnListing: by the member who wrote it down.
        ListingExpired, AlreadyDecided, SoldAlready, and as `demand_ready`.
    """
    if actor.user_id == listing.listed_by:
        raise OwnListing
    if listing.status == Status.CONFIRMED:
        return
    _demand_waiting(listing, clock)
    demand_ready(household)
    shop = catalogue.lock_shop(listing.shop_id)
    if shop is None or not shop.is_open:
        raise ShopNotReady
    if goods.sells(shop.id, listing.name):
        raise SoldAlready
    product, _new = catalogue.display(
        shop,
        NewProduct(listing.name, listing.unit, listing.price_vnd, listing.stock),
        photo=_photo_of(listing),
        idempotency_key=f"assisted|{listing.id}",
        clock=clock,
    )
    listing.product_id, listing.undo_until = product.id, clock.now() + UNDO_LIFE
    listing.tries = 0
    decide(actor, listing, Status.CONFIRMED, how=how, clock=clock)
    audit.record(
        "product.added",
        actor=Actor(listing.listed_by, frozenset({Role.TEAM_MEMBER}), label=Role.TEAM_MEMBER),
        subject_kind="product",
        subject_id=product.id,
        clock=clock,
        price_vnd=listing.price_vnd,
        stock=listing.stock,
        for_household=str(household.id),
        listing=str(listing.id),
    )


def refuse(actor: Actor, listing: AssistedListing, *, how: How, clock: Clock) -> None:
    """The household's no. Again changes nothing.

    Raises:
        ListingExpired, AlreadyDecided.
    """
    if listing.status == Status.REFUSED:
        return
    _demand_waiting(listing, clock)
    decide(actor, listing, Status.REFUSED, how=how, clock=clock)


def undo(actor: Actor, listing: AssistedListing, *, how: How, clock: Clock) -> None:
    """Take it off the market again, whatever became of shop and consent meanwhile. Again changes nothing.

    Orders that buyers placed stay as they are.

    Raises:
        TooLateToUndo: seven days are over.
        AlreadyDecided: it never was on the market.
    """
    if listing.status == Status.UNDONE:
        return
    if listing.status != Status.CONFIRMED or listing.product_id is None:
        raise AlreadyDecided
    if not listing.can_be_undone(clock.now()):
        raise TooLateToUndo
    if catalogue.take_off(listing.product_id):
        audit.record("product.paused", actor=actor, subject_kind="product", subject_id=listing.product_id, clock=clock)
    decide(actor, listing, Status.UNDONE, how=how, clock=clock)


def decide(actor: Actor, listing: AssistedListing, status: Status, *, how: How, clock: Clock) -> None:
    """Write down what became of it, and by whom. A photo nobody needs is taken away."""
    listing.status, listing.decided_how, listing.decided_at = status, how, clock.now()
    listing.decided_by = actor.user_id
    if status not in (Status.CONFIRMED, Status.UNDONE):
        drop_photo(listing)
    audit.record(
        f"assisted_{status}",
        actor=actor,
        subject_kind=_SUBJECT,
        subject_id=listing.household_id,
        clock=clock,
        listing=str(listing.id),
        listed_by=str(listing.listed_by),
        how=how,
    )
    require_transaction().flush()


def drop_photo(listing: AssistedListing) -> None:
    """Let go of the picture; its file goes once the transaction has landed."""
    # A late import: the job calls a service, which stands above this step.
    from .tasks import drop_photo as task

    key, listing.photo_key = listing.photo_key, None
    listing.photo_width = listing.photo_height = None
    if key:
        require_transaction().flush()
        jobs.enqueue(task, key=key)


def _photo_of(listing: AssistedListing) -> StoredPhoto | None:
    if listing.photo_key is None or listing.photo_width is None or listing.photo_height is None:
        return None
    return StoredPhoto(listing.photo_key, listing.photo_width, listing.photo_height)


def _demand_waiting(listing: AssistedListing, clock: Clock) -> None:
    standing = listing.standing(clock.now())
    if standing is Status.EXPIRED:
        raise ListingExpired
    if standing is not Status.WAITING:
        raise AlreadyDecided


def _hash(listing_id: UUID, digits: str) -> bytes:
    """Keyed and bound to its row: six digits without a key would be guessed in a moment."""
    return blind_index("assisted_listing.code", f"{listing_id}:{digits}")
