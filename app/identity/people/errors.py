"""What can go wrong with people and their roles."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import Conflict, NotFound


class NoSuchPerson(NotFound):
    """Nobody, or nobody whom the actor looks after."""

    code = "no_such_person"

    def __init__(self) -> None:
        super().__init__(_("Không tìm thấy người này."))


class NoSuchGrant(NotFound):
    """No such role is held."""

    code = "no_such_grant"

    def __init__(self) -> None:
        super().__init__(_("Người này không giữ phận sự ấy."))


class GrantEnded(Conflict):
    """It ended before."""

    code = "grant_ended"

    def __init__(self) -> None:
        super().__init__(_("Phận sự này đã kết thúc từ trước."))
