"""What the API tells and takes of the yearly list."""

from __future__ import annotations

import marshmallow as ma

from .columns import Column
from .models import Kind, State


class PovertyListBriefSchema(ma.Schema):
    """A batch: where it is, and how far it was read."""

    id = ma.fields.UUID()
    area_code = ma.fields.String(metadata={"description": "A commune, or `*` for many in one file."})
    file_name = ma.fields.String()
    state = ma.fields.String(validate=ma.validate.OneOf(list(State)))
    decision_number = ma.fields.String(allow_none=True)
    year = ma.fields.Integer(allow_none=True)
    valid_from = ma.fields.Date(allow_none=True)
    valid_to = ma.fields.Date(allow_none=True)
    whole_list = ma.fields.Boolean()
    steps_total = ma.fields.Integer(metadata={"description": "Rows under the headings."})
    steps_done = ma.fields.Integer(metadata={"description": "Rows read so far."})
    created_at = ma.fields.DateTime()
    approved_at = ma.fields.DateTime(allow_none=True)


class PovertyListSchema(PovertyListBriefSchema):
    """A batch, and what its rows would do or did."""

    counts = ma.fields.Dict(keys=ma.fields.String(validate=ma.validate.OneOf(list(Kind))), values=ma.fields.Integer())


class PovertyColumnsInput(ma.Schema):
    """Which column (from 0) holds what, and the decision where a row doesn't say."""

    columns = ma.fields.Dict(
        keys=ma.fields.String(validate=ma.validate.OneOf(list(Column))),
        values=ma.fields.Integer(strict=True, validate=ma.validate.Range(0, 199)),
        load_default=None,
        allow_none=True,
        metadata={"description": "As remembered or guessed when left out."},
    )
    decision_number = ma.fields.String(required=True, validate=ma.validate.Length(1, 60))
    year = ma.fields.Integer(required=True, strict=True)
    valid_from = ma.fields.Date(required=True)
    valid_to = ma.fields.Date(required=True)
    whole_list = ma.fields.Boolean(load_default=False)


class PovertyListUpload(ma.Schema):
    """A file for an area."""

    area_code = ma.fields.String(required=True, validate=ma.validate.Length(1, 20))
    file_name = ma.fields.String(required=True, validate=ma.validate.Length(1, 200))
    content = ma.fields.String(
        required=True,
        validate=ma.validate.Length(1, 11_000_000),
        metadata={"description": "The .xlsx or .csv in base64, at most 8 MB."},
    )


class PovertyFaultSchema(ma.Schema):
    """A cell that can't be used."""

    cell = ma.fields.String(metadata={"description": "As a spreadsheet names it, e.g. C17."})
    column = ma.fields.String()
    problem = ma.fields.String()


class PovertyRowSchema(ma.Schema):
    """A row, masked. `place` is null for a household the file does not name."""

    place = ma.fields.Integer(allow_none=True)
    kind = ma.fields.String(validate=ma.validate.OneOf(list(Kind)))
    name = ma.fields.String()
    household_code = ma.fields.String()
    poverty_class = ma.fields.String(allow_none=True)
    valid_from = ma.fields.Date(allow_none=True)
    valid_to = ma.fields.Date(allow_none=True)
    ends_on = ma.fields.Date(allow_none=True)
    faults = ma.fields.List(ma.fields.Nested(PovertyFaultSchema))


class PovertyRowsQuery(ma.Schema):
    """Which rows."""

    kind = ma.fields.String(load_default=None, validate=ma.validate.OneOf(list(Kind)))
    cursor = ma.fields.String(load_default=None)
    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(1, 100))


class PovertyRowsSchema(ma.Schema):
    """One page of rows."""

    items = ma.fields.List(ma.fields.Nested(PovertyRowSchema))
    next_cursor = ma.fields.String(allow_none=True)


class PovertyListsQuery(ma.Schema):
    """Which page of lists."""

    cursor = ma.fields.String(load_default=None)
    limit = ma.fields.Integer(load_default=20, validate=ma.validate.Range(1, 100))


class PovertyListsSchema(ma.Schema):
    """One page of lists, without counts."""

    items = ma.fields.List(ma.fields.Nested(PovertyListBriefSchema))
    next_cursor = ma.fields.String(allow_none=True)
