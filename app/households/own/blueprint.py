"""The blueprint both sides hang their pages on: the household's own, and the officers'."""

from flask import Blueprint

bp = Blueprint("own", __name__, template_folder="templates")
PAGE_SIZE = 20
