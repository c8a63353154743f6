"""Shapes of the public list in the API."""

from __future__ import annotations

from marshmallow import fields, validate

from app.core.api import Input, Output, PageQuery, page_schema, text


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


class MissingQuery(PageQuery):
    """Whose gaps are asked for."""

    commune = fields.String(load_default=None, validate=validate.Length(max=5))


class WelfareAccountInput(Input):
    """A bank account to receive support: the bank's BIN, the number, the holder as the bank writes it.

    `need` is what everybody may read: never who or where.
    """

    bin = text(max_length=6)
    number = text(max_length=30)
    holder = text(max_length=80)
    need = text(max_length=200)


class WelfareReplacementInput(WelfareAccountInput):
    """Another account in the place of the open one, and why."""

    reason = text(max_length=300)


class WelfareReasonInput(Input):
    """Why an account is stopped, let go on, or closed."""

    reason = text(max_length=300)


class WelfareAccountSchema(Output):
    """A welfare account; the number's last digits only."""

    id = fields.UUID()
    status = fields.String()
    bank_bin = fields.String()
    bank_name = fields.String()
    account_masked = fields.String()
    created_at = fields.DateTime()
    verified_at = fields.DateTime(allow_none=True)
    verified_how = fields.String(allow_none=True)
    suspended_at = fields.DateTime(allow_none=True)
    closed_at = fields.DateTime(allow_none=True)


class WelfareAccountsSchema(Output):
    """All accounts of a household, newest first."""

    items = fields.List(fields.Nested(WelfareAccountSchema))


class CoverageSchema(Output):
    """How far a commune has come today."""

    commune_code = fields.String()
    commune_name = fields.String()
    eligible = fields.Integer()
    covered = fields.Integer()
    waiting = fields.Integer()
    suspended = fields.Integer()
    missing = fields.Integer()
    percent = fields.Integer()


class CoverageListSchema(Output):
    """Every commune in the actor's area."""

    items = fields.List(fields.Nested(CoverageSchema))


class MissingSchema(Output):
    """An eligible household without an active account, masked; `account_status` of the account it has, if any."""

    code = fields.String()
    head_name = fields.String()
    commune_code = fields.String()
    hamlet_code = fields.String()
    account_status = fields.String(allow_none=True)


MissingPageSchema = page_schema(MissingSchema, "WelfareMissingPage")
