"""The pages' blueprint."""

from flask import Blueprint

from app.identity.roles import Role

bp = Blueprint("poverty", __name__, template_folder="templates", url_prefix="/dieu-hanh/ho-ngheo")
OFFICE = (Role.COMMUNE_OFFICER, Role.PROVINCE_OPERATOR)
