"""The desk where two words about one household stand side by side until a person chooses."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("onboarding", __name__, template_folder="templates")
