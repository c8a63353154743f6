"""Shapes of the public list in the API."""

from __future__ import annotations

from marshmallow import fields, validate

from app.core.api import Output, PageQuery, page_schema


class PublicQuery(PageQuery):
    """Which households are asked for."""

    commune = fields.String(load_default=None, validate=validate.Length(max=5))


class PublicHouseholdSchema(Output):
    """A household that receives help. Never a name, a hamlet or the code of its shop."""

    code = fields.String()
    commune_code = fields.String()
    commune_name = fields.String()
    poverty_class = fields.String()
    need = fields.String()
    direct = fields.Boolean()


PublicHouseholdPageSchema = page_schema(PublicHouseholdSchema, "PublicHouseholdPage")
