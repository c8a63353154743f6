"""What a trusted contact may not do in the household's name, for the rooms that act for it; see decision 0021.

A contact sells and looks at what is masked. Where money goes, what is told in full, and what leaves as a paper with the
household's name on it is for its own people.
"""

from __future__ import annotations

from app.core.actor import Actor
from app.households.registry import queries as registry
from app.identity.roles import Role

from . import operations
from .errors import ThroughContact


def stands_in(actor: Actor) -> bool:
    """Whether the actor only stands in for the household they speak for."""
    if actor.household_id is None or not actor.has_role(Role.HOUSEHOLD):
        return False
    return operations.is_through_contact(actor, registry.get(actor.household_id))


def demand_kin(actor: Actor) -> None:
    """Let everybody but a contact go on; whether others may is asked elsewhere.

    Raises:
        ThroughContact: they only stand in for the household.
    """
    if stands_in(actor):
        raise ThroughContact
