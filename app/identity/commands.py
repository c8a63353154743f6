"""`flask --app wsgi users …`: the first people of a new house, and help for a lost phone."""

from __future__ import annotations

import click
from flask import Blueprint, current_app

from app.config import Config
from app.core import crypto
from app.core.actor import EVERYWHERE, SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.errors import AppError
from app.identity import operations, queries, services, totp
from app.identity.models import User
from app.identity.operations import NewGrant
from app.identity.roles import Role

bp = Blueprint("users", __name__, cli_group="users")
_ROLES = click.Choice([str(role) for role in Role if role != Role.HOUSEHOLD])


@bp.cli.command("create")
@click.option("--phone", prompt=True, help="Vietnamese mobile number; the person signs in with a code sent to it.")
@click.option("--name", prompt=True, help="Display name.")
@click.option("--role", type=_ROLES, default=str(Role.PROVINCE_OPERATOR), show_default=True)
@click.option("--area", default=EVERYWHERE, show_default=True, help="Area code the role reaches; * for everywhere.")
def create(phone: str, name: str, role: str, area: str) -> None:
    """Make a person with one role; by default the first province operator."""
    try:
        user = services.create_user(
            phone=phone, display_name=name, grants=[NewGrant(Role(role), area)], clock=SYSTEM_CLOCK
        )
    except AppError as error:
        raise click.ClickException(error.message) from None
    click.echo(f"created {user.id} as {role} over {area}")


@bp.cli.command("grant")
@click.argument("phone")
@click.option("--role", type=_ROLES, required=True)
@click.option("--area", required=True, help="Area code the role reaches; * for everywhere.")
def grant(phone: str, role: str, area: str) -> None:
    """Give a person one more role."""
    user = _user(phone)
    services.grant_role(actor=SYSTEM, user_id=user.id, grant=NewGrant(Role(role), area), clock=SYSTEM_CLOCK)
    click.echo(f"granted {role} over {area} to {user.id}")


@bp.cli.command("reset-totp")
@click.argument("phone")
def reset_totp(phone: str) -> None:
    """Forget a lost authenticator app; the person sets up a new one at the next sign-in."""
    user = _user(phone)
    services.reset_totp(actor=SYSTEM, user_id=user.id, clock=SYSTEM_CLOCK)
    click.echo(f"reset the authenticator app of {user.id}")


@bp.cli.command("totp")
@click.argument("phone")
def show_totp(phone: str) -> None:
    """Print the present code of a demo person's authenticator app. Refused in production."""
    config: Config = current_app.config["CHOPHIEN"]
    if config.is_production:
        raise click.ClickException("refused in production: codes come from the person's own app")
    user = _user(phone)
    if user.totp_enc is None:
        raise click.ClickException("this person has no authenticator app")
    secret = crypto.unseal_by_id(user.data_key_id, operations.TOTP_FIELD, user.totp_enc)
    click.echo(totp.code_at(secret, totp.step_of(SYSTEM_CLOCK.now())))


def _user(phone: str) -> User:
    try:
        user = queries.by_phone(phone)
    except AppError as error:
        raise click.ClickException(error.message) from None
    if user is None:
        raise click.ClickException("nobody has this phone number")
    return user
