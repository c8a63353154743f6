"""The link to Flask-Security: who a session cookie or a token names, signing in and out, tokens."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Request, g, request, session
from flask_security import RoleMixin, UserDatastore, UserMixin, current_user
from flask_security.utils import login_user, logout_user, parse_auth_token

from app.core.actor import GUEST, Actor
from app.core.clock import SYSTEM_CLOCK
from app.identity import queries
from app.identity.models import User
from app.identity.queries import Known, Scope

TOKEN_HEADER = "Authentication-Token"  # noqa: S105
HOUSEHOLD_HEADER = "X-Household"
TOKEN_LIFE = timedelta(hours=12)
REMEMBER_LIFE = timedelta(days=60)
SECOND_FACTOR_LIFE = timedelta(hours=12)
FIRST_FACTOR_LIFE = timedelta(minutes=10)
FRESH_LIFE = timedelta(minutes=10)

_SECOND_FACTOR = "second_factor"
_FIRST_FACTOR = "first_factor"
_HOUSEHOLD = "household"
# What extensions keep on `g`. Cleared at the start of a request, since an application context may outlive one.
_KEPT_ON_G = ("_login_user", "identity", "csrf_token", "fs_authn_via", "fs_paa", "token_second_factor")


class Account(UserMixin):
    """The signed-in person as Flask-Login sees them."""

    fs_uniquifier: str = ""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.roles: list[RoleMixin] = []
        self.fs_uniquifier = known.fs_uniquifier
        self.active = True

    @property
    def user_id(self) -> UUID:
        """The person's id."""
        return self.known.user_id

    @property
    def display_name(self) -> str:
        """The person's name."""
        return self.known.display_name

    @property
    def scopes(self) -> Iterable[Scope]:
        """What the person holds now, proven or not."""
        return self.known.scopes


class People(UserDatastore):
    """Flask-Security's way to our people. Roles are grants over areas, so its own role table stays unused."""

    def __init__(self) -> None:
        super().__init__(Account, RoleMixin)

    def find_user(self, case_insensitive: bool = False, **kwargs: Any) -> Account | None:
        """The active person with this `fs_uniquifier`."""
        known = queries.known_by(kwargs["fs_uniquifier"], at=SYSTEM_CLOCK.now())
        return Account(known) if known else None


def forget_previous_request() -> None:
    """Drop what extensions remembered of another request in the same application context."""
    for name in _KEPT_ON_G:
        g.pop(name, None)


def account() -> Account | None:
    """Who is signed in on this request."""
    person = current_user._get_current_object()
    return person if isinstance(person, Account) else None


def request_actor() -> Actor:
    """What the caller of this request may do."""
    person = account()
    if person is None:
        return GUEST
    return queries.actor_from(person.user_id, _chosen_first(person.known), second_factor=is_proven())


def households() -> tuple[UUID, ...]:
    """The households whose people the signed-in person is: one phone may serve several families."""
    person = account()
    scopes = person.known.scopes if person else ()
    return tuple(dict.fromkeys(scope.household_id for scope in scopes if scope.household_id))


def choose_household(household_id: UUID) -> bool:
    """Speak for this household on this browser from now on; whether the person may."""
    person = account()
    if person is None or household_id not in households():
        return False
    session[_HOUSEHOLD] = (person.fs_uniquifier, str(household_id))
    return True


def has_chosen() -> bool:
    """Whether it is clear for which household the person speaks: there are not several, or one was chosen here."""
    person = account()
    mine = households()
    return len(mine) < 2 or (person is not None and _chosen(person.known) in mine)


def must_choose() -> bool:
    """Whether a program has to say for which household it speaks: its token's person has several, and the header
    `X-Household` names none of them."""
    person = account()
    return person is not None and _by_token() and not has_chosen()


def _by_token() -> bool:
    return bool(g.get("fs_authn_via") == "token")


def _named() -> UUID | None:
    """The household the header names."""
    try:
        return UUID(request.headers.get(HOUSEHOLD_HEADER, "").strip())
    except ValueError:
        return None


def _chosen(known: Known) -> UUID | None:
    if _by_token():
        return _named()
    who, household_id = session.get(_HOUSEHOLD, ("", ""))
    return UUID(household_id) if who == known.fs_uniquifier else None


def _chosen_first(known: Known) -> tuple[Scope, ...]:
    """The person's scopes, the household they chose on this browser before others; a program that speaks for several
    speaks for none before it names one."""
    if len({scope.household_id for scope in known.scopes if scope.household_id}) < 2:
        return known.scopes
    chosen = _chosen(known)
    if _by_token() and chosen not in {scope.household_id for scope in known.scopes}:
        return tuple(scope for scope in known.scopes if not scope.household_id)
    return tuple(sorted(known.scopes, key=lambda scope: chosen is None or scope.household_id != chosen))


def is_proven() -> bool:
    """Whether this session or token was opened with an authenticator code, not too long ago."""
    person = account()
    if person is None:
        return False
    if _by_token():
        return bool(g.get("token_second_factor"))
    who, at = session.get(_SECOND_FACTOR, ("", 0))
    return bool(who == person.fs_uniquifier and time.time() - at < SECOND_FACTOR_LIFE.total_seconds())


def is_fresh() -> bool:
    """Whether the person signed in here within the last ten minutes; for changing what guards the account."""
    return bool(time.time() - session.get("fs_paa", 0) < FRESH_LIFE.total_seconds())


def sign_in(fs_uniquifier: str, *, second_factor: bool, remember: bool = False) -> None:
    """Open a session. One with a second factor is never remembered beyond the browser's closing.

    Raises:
        LookupError: nobody active goes by this name.
    """
    known = queries.known_by(fs_uniquifier, at=SYSTEM_CLOCK.now())
    if known is None:
        raise LookupError("nobody active to sign in")
    forget_first_factor()
    session.pop(_SECOND_FACTOR, None)
    login_user(Account(known), remember=remember and not second_factor)
    if second_factor:
        session[_SECOND_FACTOR] = (fs_uniquifier, time.time())


def sign_out() -> None:
    """Close the session and forget everything this browser held."""
    session.clear()
    logout_user()


def note_first_factor(fs_uniquifier: str, *, remember: bool) -> None:
    """Remember that this browser showed a right code or password and must now show an authenticator code."""
    session[_FIRST_FACTOR] = (fs_uniquifier, time.time(), remember)


def first_factor() -> tuple[str, bool] | None:
    """(fs_uniquifier, remember) of who is half-way through signing in on this browser."""
    who, at, remember = session.get(_FIRST_FACTOR, ("", 0, False))
    if not who or time.time() - at > FIRST_FACTOR_LIFE.total_seconds():
        return None
    return who, remember


def forget_first_factor() -> None:
    """The way in was finished or given up."""
    session.pop(_FIRST_FACTOR, None)


def new_token(user: User, *, second_factor: bool) -> tuple[str, datetime]:
    """A token for the API and the moment it ends. It dies at once with `fs_uniquifier`."""
    known = queries.known_by(user.fs_uniquifier, at=SYSTEM_CLOCK.now())
    if known is None:
        raise LookupError("nobody active to give a token to")
    bearer = _TokenAccount(known, second_factor=second_factor)
    ends = datetime.now(UTC).replace(microsecond=0) + TOKEN_LIFE
    return str(bearer.get_auth_token()), ends


class _TokenAccount(Account):
    """Writes into the token whether an authenticator code was shown for it."""

    def __init__(self, known: Known, *, second_factor: bool) -> None:
        super().__init__(known)
        self._second_factor = second_factor

    def augment_auth_token(self, tdata: dict[str, Any]) -> None:
        """Called by Flask-Security while it makes the token."""
        tdata["second_factor"] = self._second_factor


def load_by_token(request: Request) -> Account | None:
    """Who the token in the header names. Unlike Flask-Security's own loader, never one in a URL or a body."""
    token = request.headers.get(TOKEN_HEADER)
    if not token:
        return None
    try:
        content = parse_auth_token(token)
    except Exception:  # itsdangerous raises many kinds for a token that is forged, broken or old
        return None
    known = queries.known_by(str(content["uid"]), at=SYSTEM_CLOCK.now())
    if known is None:
        return None
    g.fs_authn_via = "token"
    g.token_second_factor = bool(content.get("second_factor"))
    return Account(known)
