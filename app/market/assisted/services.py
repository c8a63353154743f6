"""Use cases: a member writes goods down for a household, sends the code, takes back; the household answers."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from flask_babel import gettext as _

from app.core import audit
from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock
from app.core.database import transaction
from app.core.errors import AppError, Forbidden
from app.core.media import Media
from app.households.registry import queries as registry
from app.households.registry.models import Household
from app.identity.roles import Role
from app.market.catalogue import queries as goods
from app.market.catalogue.photos import StoredPhoto
from app.market.catalogue.schemas import NewProduct

from . import operations, queries
from .errors import AlreadyDecided, ListingExpired, NoSuchListing, OtherContent, SoldAlready, WaitsAlready, WrongCode
from .models import AssistedListing, How, Status
from .queries import Seen

_SWEEP = 200


class Decision(StrEnum):
    """What a household answers."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    UNDO = "undo"


def write_down(
    *,
    actor: Actor,
    household_id: UUID,
    data: NewProduct,
    photo: StoredPhoto | None = None,
    idempotency_key: str,
    base_url: str,
    clock: Clock,
) -> AssistedListing:
    """Write a product down for a household of the member's hamlets and ask the household by text message.

    Nothing is on the market before the household says yes. The same key answers with what it made before.

    Args:
        photo: what `catalogue.photos.take` made of the upload, before this transaction.
        base_url: where the platform is reached, without a slash at the end.

    Raises:
        NoSuchHousehold: none in the member's reach.
        HouseholdNotVerified, SellingConsentMissing, ShopNotReady: it can't sell now.
        NobodyToAsk, OwnPhone: nobody else could say yes.
        WaitsAlready, SoldAlready: the same thing again.
        OtherContent: the key was used for something else.
        TooManyListings: five for a household, sixty by a member, within 24 hours.
    """
    with transaction(actor=actor):
        member_id = _member(actor)
        household = registry.find(household_id, actor=actor, for_update=True)
        earlier = queries.by_key(member_id, idempotency_key)
        if earlier is not None:
            return _the_same(earlier, household.id, data)
        shop = operations.demand_ready(household)
        phone = operations.phone_to_ask(actor, household)
        operations.demand_room(member_id, household, clock=clock)
        for old in queries.lock_waiting(household.id):
            if old.standing(clock.now()) is Status.EXPIRED:
                operations.decide(SYSTEM, old, Status.EXPIRED, how=How.RULE, clock=clock)
            elif old.name_key == operations.key_of(data.name):
                raise WaitsAlready
        if goods.sells(shop.id, data.name):
            raise SoldAlready
        listing = operations.write_down(
            member_id, household, shop, data, photo=photo, idempotency_key=idempotency_key, clock=clock
        )
        operations.send_code(listing, phone, base_url=base_url, clock=clock)
        _note("assisted_listed", actor, listing, clock)
        return listing


def send_again(*, actor: Actor, code: str, base_url: str, clock: Clock) -> AssistedListing:
    """Text new digits to the household; the old ones are void. For any member in whose hamlets it lies.

    Raises:
        NoSuchListing: none in reach.
        AlreadyDecided, ListingExpired: nothing waits.
        NobodyToAsk, OwnPhone, TooManySends.
    """
    with transaction(actor=actor):
        listing = _in_reach(actor, code)
        _demand_waiting(listing, clock)
        household = registry.find(listing.household_id, actor=actor)
        operations.demand_ready(household)
        phone = operations.phone_to_ask(actor, household)
        operations.send_code(listing, phone, base_url=base_url, clock=clock)
        _note("assisted_sent_again", actor, listing, clock)
        return listing


def take_back(*, actor: Actor, code: str, clock: Clock) -> AssistedListing:
    """Take back what waits, e.g. for a wrong price. Again changes nothing.

    Raises:
        NoSuchListing: none in reach.
        AlreadyDecided, ListingExpired: nothing waits.
    """
    with transaction(actor=actor):
        listing = _in_reach(actor, code)
        if listing.status != Status.CANCELLED:
            _demand_waiting(listing, clock)
            operations.decide(actor, listing, Status.CANCELLED, how=How.MEMBER, clock=clock)
        return listing


def look(*, actor: Actor, code: str, digits: str = "", clock: Clock) -> Seen:
    """The listing, for whoever has its digits or speaks for its household.

    Raises:
        WrongCode, CodeLocked: not theirs to see.
    """
    return _answer(actor, code, digits, None, clock)


def answer(*, actor: Actor, code: str, digits: str = "", decision: Decision, clock: Clock) -> Seen:
    """The household's word: put it on sale, don't, or take it off again.

    Whoever has the digits speaks for the household, as does whoever is signed in for it. The same word again changes
    nothing.

    Raises:
        WrongCode, CodeLocked: not theirs to decide.
        OwnListing, ListingExpired, AlreadyDecided, TooLateToUndo, HouseholdNotVerified, SellingConsentMissing,
        ShopNotReady, SoldAlready: see `operations`.
    """
    return _answer(actor, code, digits, decision, clock)


def obstacle(*, actor: Actor, household: Household) -> AppError | None:
    """Why nothing can be written down for this household now, in words for the member; None when it can."""
    try:
        operations.demand_ready(household)
        operations.phone_to_ask(actor, household)
    except AppError as error:
        return error
    return None


def owns(actor: Actor, code: str) -> bool:
    """Whether the actor is signed in for the household the listing is for."""
    listing = queries.by_code(code) if actor.household_id else None
    return listing is not None and _speaks_for(actor, listing)


def expire(*, clock: Clock) -> int:
    """Write down that the time of some listings has run out; how many."""
    with transaction(actor=SYSTEM):
        run_out = queries.lock_run_out(at=clock.now(), limit=_SWEEP)
        for listing in run_out:
            operations.decide(SYSTEM, listing, Status.EXPIRED, how=How.RULE, clock=clock)
        return len(run_out)


def drop_unused(*, media: Media, key: str) -> None:
    """Take away a picture file that no product and no listing shows."""
    if not goods.shows_photo(key) and not queries.uses_photo(key):
        media.drop(key)


def _answer(actor: Actor, code: str, digits: str, decision: Decision | None, clock: Clock) -> Seen:
    """As the system, since a guest sees no rows. A wrong try is kept, so it is told after the transaction."""
    found = None
    with transaction(actor=SYSTEM):
        known = queries.by_code(code)
        household = registry.get(known.household_id, for_update=True) if known else None
        listing = queries.by_code(code, for_update=True)
        signed_in = listing is not None and _speaks_for(actor, listing)
        problem = None if signed_in else operations.try_digits(listing, digits)
        if problem is None and listing is not None and household is not None:
            how = How.SIGNED_IN if signed_in else How.CODE
            if decision is Decision.CONFIRM:
                operations.confirm(actor, listing, household, how=how, clock=clock)
            elif decision is Decision.REFUSE:
                operations.refuse(actor, listing, how=how, clock=clock)
            elif decision is Decision.UNDO:
                operations.undo(actor, listing, how=how, clock=clock)
            found = queries.seen([listing], at=clock.now())[0]
    if problem is not None or found is None:
        raise problem or WrongCode()
    return found


def _speaks_for(actor: Actor, listing: AssistedListing) -> bool:
    return actor.has_role(Role.HOUSEHOLD) and actor.household_id == listing.household_id


def _member(actor: Actor) -> UUID:
    if actor.user_id is None or not actor.has_role(Role.TEAM_MEMBER):
        raise Forbidden(_("Việc này dành cho người có phận sự khác."))
    return actor.user_id


def _in_reach(actor: Actor, code: str) -> AssistedListing:
    """The listing of a household in the member's hamlets, both locked, the household first."""
    _member(actor)
    registry.find(queries.get(code).household_id, actor=actor, for_update=True)
    listing = queries.by_code(code, for_update=True)
    if listing is None:
        raise NoSuchListing
    return listing


def _demand_waiting(listing: AssistedListing, clock: Clock) -> None:
    standing = listing.standing(clock.now())
    if standing is not Status.WAITING:
        raise ListingExpired if standing is Status.EXPIRED else AlreadyDecided


def _the_same(earlier: AssistedListing, household_id: UUID, data: NewProduct) -> AssistedListing:
    kept = (earlier.household_id, earlier.name, earlier.unit, earlier.price_vnd, earlier.stock)
    if kept != (household_id, data.name, data.unit, data.price_vnd, data.stock):
        raise OtherContent
    return earlier


def _note(action: str, actor: Actor, listing: AssistedListing, clock: Clock) -> None:
    audit.record(
        action,
        actor=actor,
        subject_kind="household",
        subject_id=listing.household_id,
        clock=clock,
        listing=str(listing.id),
        price_vnd=listing.price_vnd,
    )
