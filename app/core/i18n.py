"""Vietnamese first, English second. Message ids are the Vietnamese sentences themselves."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, redirect, request
from flask_babel import Babel, get_locale

from app.core.clock import in_vietnam
from app.core.money import format_vnd
from app.core.routes import open_to_all
from app.core.words import vnd_in_words

LOCALES = ("vi", "en")
COOKIE = "lang"
bp = Blueprint("i18n", __name__)
babel = Babel()


def choose_locale() -> str:
    """The person's choice; Vietnamese when they made none. Programs may ask by Accept-Language."""
    chosen = request.cookies.get(COOKIE) if request else None
    if chosen in LOCALES:
        return str(chosen)
    if request and request.path.startswith("/api/"):
        return request.accept_languages.best_match(LOCALES, "vi") or "vi"
    return "vi"


def install(app: Flask) -> None:
    """Wire Babel and the template filters."""
    app.config["BABEL_DEFAULT_LOCALE"] = "vi"
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Asia/Ho_Chi_Minh"
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(Path(app.root_path) / "translations")
    babel.init_app(app, locale_selector=choose_locale)
    app.jinja_env.filters["vnd"] = format_vnd
    app.jinja_env.filters["vnd_words"] = vnd_in_words
    app.jinja_env.filters["day"] = day
    app.jinja_env.filters["moment"] = moment
    app.jinja_env.globals["locale"] = lambda: str(get_locale() or "vi")
    app.register_blueprint(bp)


def day(value: datetime) -> str:
    """Date on a Vietnamese wall: 24/11/2026."""
    return in_vietnam(value).strftime("%d/%m/%Y")


def moment(value: datetime) -> str:
    """Date and time on a Vietnamese wall: 14:05 24/11/2026."""
    return in_vietnam(value).strftime("%H:%M %d/%m/%Y")


@bp.get("/ngon-ngu/<code>")
@open_to_all
def switch(code: str) -> Response:
    """Remember the language and go back to the page it was asked on."""
    if code not in LOCALES:
        abort(404)
    target = request.args.get("next", "/")
    if not target.startswith("/") or target.startswith(("//", "/\\")):
        target = "/"
    answer = redirect(target)
    answer.set_cookie(COOKIE, code, max_age=31_536_000, samesite="Lax", httponly=True, secure=request.is_secure)
    return answer  # type: ignore[return-value]
