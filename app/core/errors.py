"""Domain exceptions and the one way they reach people (a page) and programs (RFC 9457 problem+json)."""

from __future__ import annotations

from typing import Any, ClassVar

import structlog
from flask import Flask, Response, g, jsonify, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

log = structlog.get_logger()
PROBLEM_TYPE = "application/problem+json"


class AppError(Exception):
    """Something a person can understand and act on.

    Attributes:
        status: HTTP status.
        code: stable machine word; part of the public contract.
        message: translated sentence that says what to do.
        details: extra members of the problem document, JSON-ready.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class BadInput(AppError):
    """A field holds something we can't use; `errors` maps field names to sentences."""

    status, code = 422, "invalid_input"


class NotFound(AppError):
    """Nothing is there, or nothing this person may see."""

    status, code = 404, "not_found"


class Forbidden(AppError):
    """Signed in, but this is for somebody else."""

    status, code = 403, "forbidden"


class SignInNeeded(AppError):
    """Nobody is signed in."""

    status, code = 401, "sign_in_needed"


class Conflict(AppError):
    """The thing changed or was done already."""

    status, code = 409, "conflict"


class UnsupportedMedia(AppError):
    """The body is in a format this route does not read."""

    status, code = 415, "unsupported_media_type"


def is_machine_path() -> bool:
    """Whether the path is for programs: the API and webhooks."""
    return request.path.startswith(("/api/", "/webhooks/"))


def wants_json() -> bool:
    """Whether the caller is a program: API and webhook paths always are."""
    return is_machine_path() or request.accept_mimetypes.best == "application/json"


def problem(status: int, code: str, detail: str, **members: Any) -> Response:
    """An RFC 9457 problem document."""
    body = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": detail, **members}
    answer = jsonify(body)
    answer.status_code = status
    answer.content_type = PROBLEM_TYPE
    return answer


def show(status: int, code: str, message: str, **details: Any) -> Response:
    """The error in the form the caller can read."""
    if wants_json():
        return problem(status, code, message, **details)
    page = render_template("errors/error.html", status=status, code=code, message=message, details=details)
    return Response(page, status=status, content_type="text/html; charset=utf-8")


def _titles() -> dict[int, tuple[str, str]]:
    return {
        400: ("bad_request", _("Yêu cầu chưa đúng. Bà con kiểm tra lại rồi thử lần nữa nhé.")),
        401: ("sign_in_needed", _("Bà con cần đăng nhập để xem trang này.")),
        403: ("forbidden", _("Trang này dành cho người khác. Bà con quay lại trang trước nhé.")),
        404: ("not_found", _("Không tìm thấy trang này. Có thể đường dẫn đã đổi.")),
        405: ("method_not_allowed", _("Cách gọi này không dùng được ở đây.")),
        409: ("conflict", _("Việc này đã được làm hoặc vừa thay đổi. Bà con tải lại trang nhé.")),
        413: ("body_too_large", _("Tệp gửi lên quá lớn. Bà con chọn ảnh nhỏ hơn.")),
        422: ("invalid_input", _("Có chỗ điền chưa đúng. Bà con xem lại các ô được đánh dấu.")),
        429: ("too_many_requests", _("Bà con thao tác hơi nhanh. Chờ một phút rồi thử lại nhé.")),
        500: (
            "internal_error",
            _("Hệ thống gặp trục trặc. Việc bà con vừa làm chưa được ghi; thử lại sau ít phút nhé."),
        ),
    }


def register(app: Flask) -> None:
    """Install the handlers."""

    @app.errorhandler(AppError)
    def _domain(error: AppError) -> Response:
        return show(error.status, error.code, error.message, **error.details)

    @app.errorhandler(CSRFError)
    def _csrf(_error: CSRFError) -> Response:
        return show(400, "csrf_failed", _("Trang đã mở quá lâu. Bà con tải lại trang rồi gửi lại nhé."))

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Any:
        status = error.code or 500
        if status < 400 or error.response is not None:
            return error
        code, message = _titles().get(status, ("error", error.description or ""))
        errors = (getattr(error, "data", None) or {}).get("messages")
        answer = show(status, code, message, **({"errors": errors} if errors else {}))
        for name, value in error.get_headers():
            if name.lower() in ("retry-after", "allow"):
                answer.headers[name] = value
        return answer

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> Response:
        log.error("unexpected_error", path=request.path, request_id=g.get("request_id"), exc_info=error)
        code, message = _titles()[500]
        return show(500, code, message)
