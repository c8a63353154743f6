"""What can go wrong with a seller's statement."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import AppError


class PdfUnavailable(AppError):
    """This machine can't make PDFs: a library of the system (Pango) is missing."""

    status, code = 503, "pdf_unavailable"

    def __init__(self) -> None:
        super().__init__(_("Máy chủ chưa cài phần tạo tệp PDF. Bà con xem số liệu trên trang, hoặc thử lại sau nhé."))
