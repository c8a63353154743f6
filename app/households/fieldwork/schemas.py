"""Shapes of the team's work in the API."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load, validate

from app.core.api import Input, Output, page_schema, text

from .models import Done
from .visits import NewVisit


class VisitInput(Input):
    """A visit. `id` is made on the phone: the same one again is answered as it is."""

    id = fields.UUID(required=True)
    household_code = text(max_length=20)
    done = fields.List(
        fields.String(validate=validate.OneOf(list(Done))), required=True, validate=validate.Length(min=1, max=6)
    )
    note = fields.String(load_default="", validate=validate.Length(max=500))
    next_on = fields.Date(load_default=None, allow_none=True)
    visited_at = fields.AwareDateTime(load_default=None, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> NewVisit:
        """The value the service takes."""
        return NewVisit(**data | {"done": frozenset(Done(one) for one in data["done"])})


class VisitSchema(Output):
    """A visit as it is kept."""

    id = fields.UUID()
    done = fields.List(fields.String())
    next_on = fields.Date(allow_none=True)
    visited_at = fields.AwareDateTime()
    undone = fields.Function(lambda visit: visit.undone_at is not None, metadata={"type": "boolean"})


class PastVisitSchema(Output):
    """A visit in a household's history."""

    id = fields.UUID(attribute="visit.id")
    done = fields.List(fields.String(), attribute="visit.done")
    note = fields.String()
    next_on = fields.Date(attribute="visit.next_on", allow_none=True)
    visited_at = fields.AwareDateTime(attribute="visit.visited_at")


class VisitHistorySchema(Output):
    """The last visits to a household, newest first."""

    items = fields.List(fields.Nested(PastVisitSchema))


class DueVisitSchema(Output):
    """A household to visit by a day."""

    household_code = fields.String(attribute="household.code")
    hamlet_code = fields.String(attribute="household.hamlet_code")
    due_on = fields.Date()
    last_at = fields.AwareDateTime(allow_none=True)


DueVisitPageSchema = page_schema(DueVisitSchema, "DueVisitPage")


class HamletCoverageSchema(Output):
    """A hamlet in figures."""

    code = fields.String()
    name = fields.String()
    registered = fields.Integer()
    verified = fields.Integer()
    visited = fields.Integer()


class TeamCoverageSchema(Output):
    """A commune's hamlets in figures, for its leader or officer."""

    commune_code = fields.String()
    hamlets = fields.List(fields.Nested(HamletCoverageSchema))
