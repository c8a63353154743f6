"""What the sign-in API reads and answers."""

from __future__ import annotations

from marshmallow import fields

from app.core.api import Input, Output, text


class SignInInput(Input):
    """Phone and password; `totp` for roles that demand an authenticator app."""

    phone = text(max_length=20)
    password = text(max_length=200)
    totp = fields.String(load_default=None, allow_none=True)


class TokenSchema(Output):
    """A token for the header `Authentication-Token`."""

    token = fields.String()
    expires_at = fields.DateTime()


class MeSchema(Output):
    """Who the caller is and what the caller may do now."""

    display_name = fields.String()
    roles = fields.List(fields.String())
    areas = fields.List(fields.String())
    speaks_for_household = fields.Boolean()
    households = fields.List(
        fields.UUID(),
        metadata={"description": "Whose people the caller is. With several, a token names one in `X-Household`."},
    )
