"""Role names. A role's scope is a set of areas (or one household)."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person may be here."""

    HOUSEHOLD = "household"
    TEAM_MEMBER = "team_member"
    COMMUNE_OFFICER = "commune_officer"
    PROVINCE_OPERATOR = "province_operator"
    FINANCE = "finance"
    AUDITOR = "auditor"


# Roles that must prove themselves with a time-based code as well.
TOTP_ROLES = frozenset({Role.COMMUNE_OFFICER, Role.PROVINCE_OPERATOR, Role.FINANCE, Role.AUDITOR})
