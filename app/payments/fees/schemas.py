"""What the declaration's API takes and gives; amounts in đồng."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from app.core.api import Output, PageQuery, page_schema
from app.payments.fees.declarations import Declared, Sums
from app.payments.fees.sellers import Seller


class DeclarationQuery(PageQuery):
    """A month in Vietnam, as `2026-11`."""

    month = fields.String(required=True, validate=validate.Length(max=10))


class DeclarationSchema(Output):
    """One seller's month. `direct_vnd` went straight to the seller's own account: nothing was withheld of it."""

    payee_id = fields.UUID()
    seller_code = fields.String(allow_none=True)
    seller_name = fields.String(allow_none=True)
    collected_vnd = fields.Integer()
    direct_vnd = fields.Integer()
    vat_vnd = fields.Integer()
    income_tax_vnd = fields.Integer()
    commission_vnd = fields.Integer()
    vat_back_vnd = fields.Integer()
    income_tax_back_vnd = fields.Integer()
    commission_back_vnd = fields.Integer()
    net_tax_vnd = fields.Integer(metadata={"description": "Below zero when refunds gave back more than was withheld"})
    net_commission_vnd = fields.Integer()


DeclarationPageSchema = page_schema(DeclarationSchema, "DeclarationPage")


def present(declared: Declared, seller: Seller | None) -> dict[str, Any]:
    """A seller's line as the API shows it."""
    return {
        "payee_id": declared.payee_id,
        "seller_code": seller.code if seller else None,
        "seller_name": seller.name if seller else None,
        **sums_of(declared.sums),
    }


def sums_of(sums: Sums) -> dict[str, int]:
    """Its amounts by name."""
    names = (name for name in DeclarationSchema._declared_fields if name.endswith("_vnd"))
    return {name: getattr(sums, name) for name in names}
