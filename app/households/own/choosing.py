"""One phone, several households: at the counter of a shop it is said for which one, and shown on every page of it."""

from __future__ import annotations

from typing import Any

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from app.core.actor import GUEST
from app.core.database import current_actor
from app.identity import session
from app.identity.landing import local_path
from app.identity.roles import Role

from . import services

SELLING = "/ban-hang"
NAMES_ITS_OWN = f"{SELLING}/nho-dang/"  # what a helper offers says itself whose it is


def demand_choice() -> Response | None:
    """Have the person choose first, and come back here: nobody sells in the name of the household that came first."""
    actor = current_actor() if _sells() else GUEST
    if not actor.has_role(Role.HOUSEHOLD) or actor.household_id is None or len(session.households()) < 2:
        return None
    if session.has_chosen():
        g.house = services.choices((actor.household_id,))[0][1:]
        return None
    if "ho" in request.values:
        return None
    here = request.full_path.rstrip("?") if request.method == "GET" else SELLING
    return redirect(url_for("own.choose", ve=here), 303)


def shown() -> dict[str, Any]:
    """`house` for the frame of a seller's pages: (masked name, code) of one of several; nothing for others.

    It asks the database nothing, so that the page of an error can be drawn too.
    """
    house = g.get("house")
    return {"house": house, "house_url": url_for("own.choose", ve=SELLING)} if house else {}


def way_back(text: str) -> str | None:
    """Where a choice leads when it was asked for by a seller's page."""
    path = local_path(text)
    return path if path and (path == SELLING or path.startswith((f"{SELLING}/", f"{SELLING}?"))) else None


def _sells() -> bool:
    path = request.path
    return (path == SELLING or path.startswith(f"{SELLING}/")) and not path.startswith(NAMES_ITS_OWN)
