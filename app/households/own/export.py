"""Everything that is known of a household, gathered for it to take along."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.households.areas import queries as areas
from app.households.registry import fields, versions
from app.households.registry import queries as registry
from app.households.registry.models import Household

from . import people, ports, queries

MAX_ACTS = 1000


def of(household: Household, *, now: datetime) -> dict[str, Any]:
    """The household's data, JSON-ready, in the words of the API; times in ISO 8601, UTC.

    Raises:
        KeyDestroyed: it was erased.
    """
    places = areas.names([household.hamlet_code, household.commune_code])
    return {
        "made_at": now.isoformat(),
        "code": household.code,
        "status": household.status,
        "registered_at": household.created_at.isoformat(),
        "hamlet": places.get(household.hamlet_code, household.hamlet_code),
        "commune": places.get(household.commune_code, household.commune_code),
        "fields": fields.of(household),
        "members": [_member(one) for one in people.of(household, removed=True)],
        "consents": [_consent(purpose, word) for purpose, word in registry.consents(household.id).items()],
        "poverty": [_poverty(one) for one in registry.poverty_history(household.id)],
        "changes": [_change(one) for one in versions.history(household.id)],
        "requests": [_request(household, one) for one in queries.requests_of(household.id)],
        "seen_by": [
            _act(one) for one in queries.log_of(household, looks_only=False, cursor=None, limit=MAX_ACTS).items
        ],
        **ports.sections_of(household.id),
    }


def _member(one: people.Person) -> dict[str, Any]:
    return {
        "name": one.name,
        "relation": one.relation,
        "birth_year": one.birth_year,
        "phone": one.phone,
        "added_at": one.added_at.isoformat(),
        "removed_at": one.removed_at.isoformat() if one.removed_at else None,
    }


def _change(one: versions.Change) -> dict[str, Any]:
    return {
        "version": one.version,
        "fields": list(one.changed),
        "source": one.source,
        "at": one.changed_at.isoformat(),
    }


def _consent(purpose: str, word: Any) -> dict[str, Any]:
    return {"purpose": str(purpose), "given": word.given, "how": word.how, "at": word.at.isoformat()}


def _poverty(one: Any) -> dict[str, Any]:
    return {
        "class": one.poverty_class,
        "year": one.year,
        "decision_number": one.decision_number,
        "valid_from": one.valid_from.isoformat(),
        "valid_to": one.valid_to.isoformat(),
        "revoked_at": one.revoked_at.isoformat() if one.revoked_at else None,
    }


def _request(household: Household, one: Any) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "purpose": one.purpose,
        "asked_at": one.asked_at.isoformat(),
        "answer_by": one.answer_by.isoformat(),
        "done_by": one.done_by.isoformat(),
        "status": one.status,
        "answer": queries.answer_of(household, one),
    }


def _act(one: queries.Act) -> dict[str, Any]:
    return {
        "at": one.at.isoformat(),
        "action": one.action,
        "who": one.who,
        "role": one.role,
        "reason": one.reason,
        "field": one.field,
    }
