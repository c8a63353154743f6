"""What can go wrong with the public log."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import Conflict, NotFound


class AlreadyLogged(Conflict):
    """The event is in the log with other words; a leaf is never rewritten."""

    code = "already_logged"

    def __init__(self) -> None:
        super().__init__(_("Việc này đã được ghi vào sổ công khai với nội dung khác."))


class NoSuchTile(NotFound):
    """Not an address of the log, or the signed tree does not reach that far yet."""

    code = "no_such_tile"

    def __init__(self) -> None:
        super().__init__(_("Sổ công khai chưa có phần này."))
