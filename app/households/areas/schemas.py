"""Shapes of areas in the API."""

from __future__ import annotations

from marshmallow import fields, validate

from app.core.api import Output, PageQuery, page_schema


class AreaQuery(PageQuery):
    """What a list of areas is asked for."""

    parent = fields.String(load_default=None, validate=validate.Length(max=12))
    q = fields.String(load_default="", validate=validate.Length(max=80))


class AreaSchema(Output):
    """A unit in force; `formerly` is filled when an old name was searched."""

    code = fields.String()
    name = fields.String()
    kind = fields.String()
    parent_code = fields.String(allow_none=True)
    latitude = fields.Float(allow_none=True)
    longitude = fields.Float(allow_none=True)
    formerly = fields.List(fields.String())


AreaPageSchema = page_schema(AreaSchema, "AreaPage")
