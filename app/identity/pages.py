"""Signing in, in steps that each work as a plain form: phone, then code or password, then (for some) the app's code."""

from __future__ import annotations

import segno
from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from app.config import Config
from app.core.clock import SYSTEM_CLOCK
from app.core.database import current_actor
from app.core.errors import AppError, SignInNeeded
from app.core.masking import mask_phone
from app.core.phones import national
from app.core.routes import open_to_all
from app.identity import queries, services, session, totp
from app.identity.access import requires
from app.identity.landing import home_of, local_path
from app.identity.limits import CHECKING, SENDING, limiter
from app.identity.models import User
from app.identity.queries import Known
from app.identity.roles import Role

bp = Blueprint("identity", __name__, template_folder="templates")

_PHONE, _NEXT, _REMEMBER = "sign_in_phone", "sign_in_next", "sign_in_remember"


@bp.get("/dang-nhap")
@open_to_all
def ask_phone() -> ResponseReturnValue:
    """First step: which phone."""
    cookie[_NEXT] = local_path(request.args.get("next"))
    return render_template("identity/phone.html", phone="", remember=False, errors={})


@bp.post("/dang-nhap")
@limiter.limit(SENDING)
@open_to_all
def send_code() -> ResponseReturnValue:
    """Send a code to the phone, or go on to the password."""
    phone, remember = request.form.get("phone", ""), bool(request.form.get("remember"))
    try:
        e164 = queries.normal_phone(phone)
        how = request.form.get("how")
        if how == "link":
            base_url = current_app.config["CHOPHIEN"].public_url.rstrip("/")
            services.ask_link(phone=e164, base_url=base_url, clock=SYSTEM_CLOCK)
        elif how != "password":
            services.ask_code(phone=e164, clock=SYSTEM_CLOCK)
    except AppError as error:
        return _again("identity/phone.html", error, "phone", phone=phone, remember=remember)
    cookie[_PHONE], cookie[_REMEMBER] = e164, remember
    if how == "link":
        return redirect(url_for(".link_sent"))
    return redirect(url_for(".ask_password" if how == "password" else ".ask_for_code"))


@bp.get("/dang-nhap/ma")
@open_to_all
def ask_for_code() -> ResponseReturnValue:
    """Second step: the code from the text message."""
    if not cookie.get(_PHONE):
        return redirect(url_for(".ask_phone"))
    return render_template("identity/code.html", errors={}, **_code_page())


@bp.post("/dang-nhap/ma")
@limiter.limit(CHECKING)
@open_to_all
def take_code() -> ResponseReturnValue:
    """Check the code."""
    phone = cookie.get(_PHONE)
    if not phone:
        return redirect(url_for(".ask_phone"))
    try:
        user = services.check_code(phone=phone, code=request.form.get("code", ""), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _again("identity/code.html", error, "code", **_code_page())
    return _first_factor_shown(user)


@bp.get("/dang-nhap/link")
@open_to_all
def link_sent() -> ResponseReturnValue:
    """Second step, with a link: look into the messages. Says the same for every number."""
    if not cookie.get(_PHONE):
        return redirect(url_for(".ask_phone"))
    return render_template("identity/link_sent.html", **_code_page())


@bp.get("/vao/<token>")
@open_to_all
def show_link(token: str) -> ResponseReturnValue:
    """What the link in the message opens: a button. Looking changes nothing, so a preview does not use the link up."""
    answer = make_response(render_template("identity/link.html", token=token, error=""))
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@bp.post("/vao/<token>")
@limiter.limit(CHECKING)
@open_to_all
def use_link(token: str) -> ResponseReturnValue:
    """Sign in with the link; it is used up."""
    try:
        user = services.use_link(token=token[:100], clock=SYSTEM_CLOCK)
    except AppError as error:
        return render_template("identity/link.html", token=token, error=error.message), error.status
    cookie.pop(_NEXT, None)
    cookie.pop(_REMEMBER, None)
    return _first_factor_shown(user)


@bp.get("/dang-nhap/mat-khau")
@open_to_all
def ask_password() -> ResponseReturnValue:
    """Second step, the other way: the password."""
    if not cookie.get(_PHONE):
        return redirect(url_for(".ask_phone"))
    return render_template("identity/password.html", errors={}, **_masked())


@bp.post("/dang-nhap/mat-khau")
@limiter.limit(CHECKING)
@open_to_all
def take_password() -> ResponseReturnValue:
    """Check the password."""
    phone = cookie.get(_PHONE)
    if not phone:
        return redirect(url_for(".ask_phone"))
    try:
        user = services.check_password(phone=phone, password=request.form.get("password", ""), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _again("identity/password.html", error, "password", **_masked())
    return _first_factor_shown(user)


@bp.get("/dang-nhap/xac-thuc")
@open_to_all
def ask_totp() -> ResponseReturnValue:
    """Third step for some: the authenticator app; who has none yet sets it up here."""
    half_way = _half_way()
    if half_way is None:
        return redirect(url_for(".ask_phone"))
    return render_template("identity/totp.html", errors={}, **_totp_page(half_way[0]))


@bp.post("/dang-nhap/xac-thuc")
@limiter.limit(CHECKING)
@open_to_all
def take_totp() -> ResponseReturnValue:
    """Check the app's code; the first one puts the app in force."""
    half_way = _half_way()
    if half_way is None:
        return redirect(url_for(".ask_phone"))
    known, remember = half_way
    try:
        services.check_totp(user_id=known.user_id, code=request.form.get("code", ""), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _again("identity/totp.html", error, "code", **_totp_page(known))
    return _let_in(known, second_factor=True, remember=remember)


@bp.get("/tai-khoan")
@requires()
def show_account() -> ResponseReturnValue:
    """Who am I here."""
    known = _me()
    return render_template("identity/account.html", errors={}, **_account_page(known))


@bp.post("/tai-khoan/mat-khau")
@limiter.limit(CHECKING)
@requires()
def change_password() -> ResponseReturnValue:
    """Set a new password; every other session ends."""
    known = _me()
    if not session.is_fresh():
        return _sign_in_anew(url_for(".show_account"))
    proven = session.is_proven()
    try:
        user = services.set_password(
            actor=current_actor(), password=request.form.get("password", ""), clock=SYSTEM_CLOCK
        )
    except AppError as error:
        return _again("identity/account.html", error, "password", **_account_page(known))
    session.sign_in(user.fs_uniquifier, second_factor=proven)
    flash(_("Đã đổi mật khẩu. Các máy khác đã được đăng xuất."), "success")
    return redirect(url_for(".show_account"))


@bp.get("/tai-khoan/xac-thuc")
@requires()
def ask_own_totp() -> ResponseReturnValue:
    """Set up an authenticator app of one's own accord."""
    known = _me()
    if known.has_totp:
        return redirect(url_for(".show_account"))
    if not session.is_fresh():
        return _sign_in_anew(url_for(".ask_own_totp"))
    return render_template("identity/totp.html", errors={}, **_totp_page(known))


@bp.post("/tai-khoan/xac-thuc")
@limiter.limit(CHECKING)
@requires()
def take_own_totp() -> ResponseReturnValue:
    """Put the app in force."""
    known = _me()
    if known.has_totp:
        return redirect(url_for(".show_account"))
    if not session.is_fresh():
        return _sign_in_anew(url_for(".ask_own_totp"))
    try:
        services.check_totp(user_id=known.user_id, code=request.form.get("code", ""), clock=SYSTEM_CLOCK)
    except AppError as error:
        return _again("identity/totp.html", error, "code", **_totp_page(known))
    session.sign_in(known.fs_uniquifier, second_factor=True)
    flash(_("Đã cài ứng dụng xác thực."), "success")
    return redirect(url_for(".show_account"))


@bp.post("/tai-khoan/dang-xuat-het")
@requires()
def sign_out_everywhere() -> ResponseReturnValue:
    """End every session and token of mine."""
    services.sign_out_everywhere(actor=current_actor(), clock=SYSTEM_CLOCK)
    session.sign_out()
    flash(_("Đã đăng xuất trên mọi máy."), "success")
    return redirect(url_for(".ask_phone"))


@bp.post("/dang-xuat")
@open_to_all
def sign_out() -> ResponseReturnValue:
    """Leave on this machine."""
    session.sign_out()
    return redirect("/")


def _first_factor_shown(user: User) -> ResponseReturnValue:
    known = queries.known_by(user.fs_uniquifier, at=SYSTEM_CLOCK.now())
    if known is None:
        return redirect(url_for(".ask_phone"))
    remember = bool(cookie.get(_REMEMBER))
    if known.needs_totp or known.has_totp:
        session.note_first_factor(known.fs_uniquifier, remember=remember)
        return redirect(url_for(".ask_totp"))
    return _let_in(known, second_factor=False, remember=remember)


def _let_in(known: Known, *, second_factor: bool, remember: bool) -> ResponseReturnValue:
    target = local_path(cookie.pop(_NEXT, None)) or home_of(known.scopes)
    cookie.pop(_PHONE, None)
    cookie.pop(_REMEMBER, None)
    session.sign_in(known.fs_uniquifier, second_factor=second_factor, remember=remember)
    return redirect(target)


def _half_way() -> tuple[Known, bool] | None:
    shown = session.first_factor()
    known = queries.known_by(shown[0], at=SYSTEM_CLOCK.now()) if shown else None
    return (known, shown[1]) if known and shown else None


def _me() -> Known:
    person = session.account()
    if person is None:
        raise SignInNeeded(_("Bà con cần đăng nhập để làm việc này."))
    return person.known


def _sign_in_anew(target: str) -> ResponseReturnValue:
    flash(_("Việc này cần chắc chắn là bà con: xin đăng nhập lại."), "info")
    return redirect(url_for(".ask_phone", next=target))


def _again(template: str, error: AppError, field: str, **page: object) -> ResponseReturnValue:
    """The form once more with what was wrong on it."""
    return render_template(template, errors={field: error.message}, **page), error.status


def _masked() -> dict[str, object]:
    again = url_for(".ask_phone", next=cookie.get(_NEXT))
    return {"phone_masked": mask_phone(national(str(cookie.get(_PHONE, "")))), "again_url": again}


def _code_page() -> dict[str, object]:
    config: Config = current_app.config["CHOPHIEN"]
    inbox = f"{config.sandbox_url}/tin-nhan" if config.app_env == "demo" and config.sandbox_url else ""
    return {**_masked(), "demo_inbox_url": inbox}


def _totp_page(known: Known) -> dict[str, object]:
    if known.has_totp:
        return {"secret": "", "qr": "", "action": request.path}
    secret = services.begin_totp(user_id=known.user_id, clock=SYSTEM_CLOCK)
    drawn = segno.make(totp.uri(secret, label=known.display_name), error="m").svg_inline(scale=6, omitsize=True)
    grouped = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return {"secret": grouped, "qr": Markup(drawn), "action": request.path}


def _account_page(known: Known) -> dict[str, object]:
    user = queries.get(known.user_id)
    return {
        "known": known,
        "phone_masked": mask_phone(national(queries.phone_of(user))) if user else "",
        "rows": [(_role_names().get(scope.role, scope.role), _reach(scope.area_code)) for scope in known.scopes],
        "proven": session.is_proven(),
    }


def _reach(area_code: str | None) -> str:
    if area_code is None:
        return str(_("Gia đình mình"))
    return str(_("Cả tỉnh")) if area_code == "*" else area_code


def _role_names() -> dict[str, str]:
    return {
        Role.HOUSEHOLD: _("Hộ gia đình"),
        Role.TEAM_MEMBER: _("Tổ công nghệ số cộng đồng"),
        Role.COMMUNE_OFFICER: _("Cán bộ xã"),
        Role.PROVINCE_OPERATOR: _("Điều hành tỉnh"),
        Role.FINANCE: _("Tài chính"),
        Role.AUDITOR: _("Kiểm toán"),
    }
