"""The blueprint that both desks hang their pages on."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("registry", __name__, template_folder="templates")
PAGE_SIZE = 20
