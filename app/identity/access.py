"""Who may call a view. Every route carries exactly one rule; a guard test walks them all."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask_babel import gettext as _

from app.core.database import current_actor
from app.core.errors import Forbidden, SignInNeeded
from app.core.routes import mark
from app.identity import session
from app.identity.errors import HouseholdUnclear
from app.identity.roles import Role

View = TypeVar("View", bound=Callable[..., Any])


def requires(*roles: Role) -> Callable[[View], View]:
    """Only people who hold one of the roles; anybody signed in when none is named.

    Raises (inside the view):
        SignInNeeded: nobody is signed in.
        HouseholdUnclear: a program speaks for several households and named none.
        Forbidden: somebody without any of the roles is.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            actor = current_actor()
            if actor.user_id is None:
                raise SignInNeeded(_("Bà con cần đăng nhập để làm việc này."))
            if roles and not actor.has_role(*roles):
                if Role.HOUSEHOLD in roles and session.must_choose():
                    raise HouseholdUnclear(session.households())
                raise Forbidden(_("Việc này dành cho người có phận sự khác."))
            return view(*args, **kwargs)

        return mark(cast(View, wrapper), "roles:" + ",".join(sorted(roles)) if roles else "signed-in")

    return decorate
