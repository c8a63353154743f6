"""What has to be settled before a record can be closed; rooms above say what hangs on it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask_babel import gettext as _

from app.core.clock import Clock
from app.households.office import queries as office
from app.households.registry import queries as registry
from app.households.registry.models import Household, Status
from app.households.welfare import queries as welfare

Source = Callable[[UUID], list[str]]
"""Sentences on what hangs on a household whose record is to be closed, each saying what to do first."""
STANDING = frozenset({Status.SUBMITTED, Status.RETURNED, Status.VERIFIED})
_SOURCES: list[Source] = []


def add_source(source: Source) -> None:
    """Let a room say what hangs on a household; called by its wiring."""
    if source not in _SOURCES:
        _SOURCES.append(source)


def between(winner: Household, loser: Household, *, clock: Clock) -> list[str]:
    """Why these two cannot be merged now, in sentences; nothing when they can."""
    if winner.id == loser.id:
        return [_("Chọn hai hồ sơ khác nhau.")]
    if not {winner.status, loser.status} <= STANDING:
        return [_("Một trong hai hồ sơ đã được gộp hoặc đã xóa.")]
    found = [sentence for source in _SOURCES for sentence in source(loser.id)]
    if welfare.open_account(loser.id):
        found.append(
            _("Hồ sơ sẽ đóng đang có tài khoản an sinh. Hãy giữ lại hồ sơ đó, hoặc đóng tài khoản an sinh trước.")
        )
    today = registry.today(clock)
    if registry.poverty_on(loser.id, today) and not registry.poverty_on(winner.id, today):
        found.append(
            _("Hồ sơ sẽ đóng đang có quyết định hộ nghèo, cận nghèo. Hãy giữ lại hồ sơ đó, hoặc ghi quyết định "
              "cho hồ sơ kia trước.")
        )  # fmt: skip
    if office.has_waiting_amendment(loser.id):
        found.append(_("Hồ sơ sẽ đóng còn đề nghị sửa chưa xét. Xét xong rồi gộp."))
    return [str(sentence) for sentence in found]
