"""The command line for a new house."""

from __future__ import annotations

import dataclasses

from flask import Flask

from app.core.clock import SYSTEM_CLOCK
from app.identity import queries
from app.identity.roles import Role
from tests.factories.people import make_user, new_phone


def test_the_first_operator_is_made_and_given_more(app: Flask) -> None:
    run = app.test_cli_runner()
    phone = new_phone()
    made = run.invoke(args=["users", "create", "--phone", phone, "--name", "Cô Vân"])
    assert made.exit_code == 0, made.output
    assert run.invoke(args=["users", "grant", phone, "--role", "finance", "--area", "*"]).exit_code == 0
    user = queries.by_phone(phone)
    assert user is not None
    assert queries.actor_of(user, clock=SYSTEM_CLOCK).roles == {Role.PROVINCE_OPERATOR, Role.FINANCE}
    again = run.invoke(args=["users", "create", "--phone", phone, "--name", "Cô Vân"])
    assert again.exit_code == 1 and phone not in again.output


def test_codes_are_shown_for_a_demo_and_never_in_production(app: Flask) -> None:
    run = app.test_cli_runner()
    phone = queries.phone_of(make_user(Role.AUDITOR))
    shown = run.invoke(args=["users", "totp", phone])
    assert shown.exit_code == 0 and shown.output.strip().isdigit() and len(shown.output.strip()) == 6
    before = app.config["CHOPHIEN"]
    app.config["CHOPHIEN"] = dataclasses.replace(before, app_env="production")
    try:
        assert run.invoke(args=["users", "totp", phone]).exit_code == 1
    finally:
        app.config["CHOPHIEN"] = before


def test_a_lost_app_is_reset(app: Flask) -> None:
    run = app.test_cli_runner()
    phone = queries.phone_of(make_user(Role.AUDITOR))
    assert run.invoke(args=["users", "reset-totp", phone]).exit_code == 0
    assert run.invoke(args=["users", "totp", phone]).exit_code == 1
    assert run.invoke(args=["users", "totp", "1"]).exit_code == 1
