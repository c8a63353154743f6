"""What can go wrong when signing in or naming people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from flask_babel import gettext as _

from app.core.errors import AppError, BadInput, Conflict


class BadPhone(BadInput):
    """Not a Vietnamese phone number."""

    def __init__(self) -> None:
        message = _("Số điện thoại chưa đúng. Bà con viết đủ 10 số, ví dụ 0912 345 678.")
        super().__init__(message, errors={"phone": [message]})


class WeakPassword(BadInput):
    """Too short, too long, or one that everybody tries first."""

    def __init__(self, minimum: int) -> None:
        message = _("Mật khẩu cần từ %(minimum)d ký tự trở lên và không quá dễ đoán.", minimum=minimum)
        super().__init__(message, errors={"password": [message]})


class PhoneTaken(Conflict):
    """Somebody has this phone number already."""

    code = "phone_taken"

    def __init__(self) -> None:
        super().__init__(_("Số điện thoại này đã có người dùng."))


class MixedReach(Conflict):
    """One person would hold different roles in different communes, or one over everything and another over a part."""

    code = "mixed_reach"

    def __init__(self) -> None:
        super().__init__(_("Một người không giữ hai phận sự khác nhau ở hai nơi. Kết thúc phận sự kia trước."))


class HouseholdUnclear(Conflict):
    """A program speaks for somebody of several households and did not say for which."""

    code = "household_unclear"

    def __init__(self, households: Iterable[UUID]) -> None:
        super().__init__(
            _("Số này đứng tên cho nhiều hộ. Gửi kèm tiêu đề X-Household với mã của hộ cần làm."),
            households=[str(one) for one in households],
        )


class WrongCode(AppError):
    """The one-time code is wrong, old, used, or was tried too often. Never says which."""

    status, code = 401, "wrong_code"

    def __init__(self) -> None:
        super().__init__(_("Mã chưa đúng hoặc đã hết hạn. Bà con xem lại tin nhắn, hoặc xin mã mới."))


class WrongLink(AppError):
    """The link is made up, old or used. Never says which."""

    status, code = 410, "wrong_link"

    def __init__(self) -> None:
        super().__init__(_("Đường link này đã dùng rồi hoặc đã quá 15 phút. Bà con xin link mới nhé."))


class WrongPassword(AppError):
    """The phone or the password is wrong. Never says which."""

    status, code = 401, "wrong_sign_in"

    def __init__(self) -> None:
        super().__init__(_("Số điện thoại hoặc mật khẩu chưa đúng."))


class TotpNeeded(AppError):
    """The password is right; a code of the authenticator app must come with it."""

    status, code = 401, "totp_needed"

    def __init__(self) -> None:
        super().__init__(_("Cần thêm mã 6 số trong ứng dụng xác thực."))


class TotpNotSetUp(AppError):
    """A role that demands an authenticator app, and none was set up yet."""

    status, code = 403, "totp_not_set_up"

    def __init__(self) -> None:
        super().__init__(_("Cần cài ứng dụng xác thực trước: đăng nhập một lần trên trang web để cài."))


class WrongTotp(AppError):
    """The authenticator code is wrong, or was used already."""

    status, code = 401, "wrong_totp"

    def __init__(self) -> None:
        super().__init__(_("Mã xác thực chưa đúng hoặc đã dùng rồi. Đợi mã mới hiện ra rồi nhập lại."))


class TooManyTries(AppError):
    """Too many codes asked for or too many wrong tries for one phone; `retry_after_s` tells how long to wait."""

    status, code = 429, "too_many_tries"

    def __init__(self, wait: timedelta) -> None:
        minutes = max(1, round(wait.total_seconds() / 60))
        super().__init__(
            _("Số này vừa thử nhiều lần quá. Bà con đợi khoảng %(minutes)d phút rồi thử lại.", minutes=minutes),
            retry_after_s=int(wait.total_seconds()),
        )
