"""What can go wrong with areas."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import NotFound


class UnknownArea(NotFound):
    """No unit in force has this code."""

    code = "unknown_area"

    def __init__(self, area_code: str) -> None:
        super().__init__(_("Không có đơn vị nào mang mã %(code)s.", code=area_code))
