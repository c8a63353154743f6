"""Sets up Flask-Security and makes the signed-in person the actor of each request."""

from __future__ import annotations

from flask import Flask, Response, g, redirect, request, url_for
from flask_security import Security
from werkzeug.wrappers import Response as BaseResponse

from app.config import Config
from app.core.actor import GUEST
from app.core.database import current_actor, set_request_actor
from app.core.errors import SignInNeeded, show, wants_json
from app.identity import session
from app.identity.limits import limiter

_CHEAP_HASHING = {"argon2__time_cost": 1, "argon2__memory_cost": 64, "argon2__parallelism": 1}


def install(app: Flask) -> None:
    """Wire sessions, tokens and the actor."""
    config: Config = app.config["CHOPHIEN"]
    app.config.update(
        SECURITY_PASSWORD_SALT=config.password_salt,
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SINGLE_HASH=[],
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS=_CHEAP_HASHING if config.app_env == "test" else {},
        SECURITY_TOKEN_MAX_AGE=session.TOKEN_LIFE,
        SECURITY_TOKEN_AUTHENTICATION_HEADER=session.TOKEN_HEADER,
        SECURITY_ANONYMOUS_USER_DISABLED=False,
        SECURITY_CLI_USERS_NAME=None,
        SECURITY_CLI_ROLES_NAME=None,
        RATELIMIT_STORAGE_URI=config.rate_limit_storage,
        REMEMBER_COOKIE_DURATION=session.REMEMBER_LIFE,
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_SECURE=config.is_production,
    )
    security = Security(app, session.People(), register_blueprint=False)
    security.principal.skip_static = True
    security.login_manager.request_loader(session.load_by_token)
    # First of all hooks: whatever happens later, nobody inherits the actor of the request before.
    app.before_request_funcs.setdefault(None, []).insert(0, _begin_as_guest)
    app.before_request(_act_as_signed_in)
    app.teardown_request(_restore_actor)
    app.register_error_handler(SignInNeeded, _ask_to_sign_in)
    limiter.init_app(app)


def _begin_as_guest() -> None:
    g.actor_before = current_actor()
    set_request_actor(GUEST)
    session.forget_previous_request()


def _act_as_signed_in() -> None:
    if request.endpoint != "static":
        set_request_actor(session.request_actor())


def _restore_actor(_error: BaseException | None) -> None:
    before = g.pop("actor_before", None)
    if before is not None:
        set_request_actor(before)


def _ask_to_sign_in(error: SignInNeeded) -> Response | BaseResponse:
    """People go to the sign-in page and come back to the page they wanted; programs get the problem document."""
    if wants_json():
        return show(error.status, error.code, error.message)
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("identity.ask_phone", next=wanted))
