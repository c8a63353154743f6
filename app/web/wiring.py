"""Gives every page's frame what it shows of the person and of where the page belongs; adds the page of stuck money."""

from __future__ import annotations

from typing import Any

from flask import Flask, request

from app.core.database import current_actor
from app.identity import session
from app.identity.roles import TOTP_ROLES, Role

from . import stuck_pages

# Pages outside a room's own path, by the room the frame marks as current.
_ROOM_OF = {
    "/san-pham": "/cho",
    "/gian-hang": "/cho",
    "/gio-hang": "/cho",
    "/dat-hang": "/cho",
    "/don-hang": "/cho",
    "/cho-phien": "/cho",
    "/sap": "/cho",
    "/nha-minh": "/ban-hang",
}


def install(app: Flask) -> None:
    """Offer `nav` to templates, not Flask-Login's `current_user`, which asks the database to draw any page."""
    offered = app.template_context_processors[None]
    offered[:] = [processor for processor in offered if processor.__module__ != "flask_login.utils"]
    app.context_processor(_navigation)
    app.register_blueprint(stuck_pages.bp)


def _navigation() -> dict[str, Any]:
    """`nav` as base.html wants it.

    It asks the database nothing: a person is shown only when the request has already found out who it is, so the page
    that says the database is down can be drawn too.
    """
    nav: dict[str, Any] = {}
    if request:
        room = _ROOM_OF.get(f"/{request.path.split('/')[1]}")
        if room:
            nav["current"] = room
    actor = current_actor()
    person = session.account() if request and actor.user_id is not None else None
    if person is not None:
        nav["name"] = person.display_name
        nav["team"] = actor.has_role(Role.TEAM_MEMBER)
        nav["officer"] = actor.has_role(*TOTP_ROLES)
        nav["account_url"] = "/tai-khoan"
    return {"nav": nav}
