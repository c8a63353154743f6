"""The blueprint that welfare's pages hang on."""

from __future__ import annotations

from flask import Blueprint

from app.identity.roles import Role

bp = Blueprint("welfare", __name__, template_folder="templates", url_prefix="/dieu-hanh/an-sinh")
OFFICE = (Role.COMMUNE_OFFICER, Role.PROVINCE_OPERATOR)
PAGE_SIZE = 20
