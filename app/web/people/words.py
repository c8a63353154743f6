"""What roles are called, and what each lets a person do."""

from __future__ import annotations

from flask_babel import gettext as _

from app.identity.roles import Role


def roles() -> dict[str, str]:
    """Names of the roles that are given here."""
    return {
        Role.TEAM_MEMBER: _("Thành viên tổ công nghệ"),
        Role.COMMUNE_OFFICER: _("Cán bộ xã"),
        Role.PROVINCE_OPERATOR: _("Điều hành tỉnh"),
        Role.FINANCE: _("Tài chính"),
        Role.AUDITOR: _("Kiểm toán"),
    }
