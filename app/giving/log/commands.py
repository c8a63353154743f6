"""`flask --app wsgi log …`."""

from __future__ import annotations

import click
from flask import Blueprint

from app.core.clock import SYSTEM_CLOCK

from . import audit, keys, queries, services

bp = Blueprint("log_commands", __name__, cli_group="log")


@bp.cli.command("check")
def check() -> None:
    """Recompute the public log from its leaves; exits 1 when anything does not fit."""
    problems = audit.check_log(keys.signer().key)
    for problem in problems:
        click.echo(f"broken: {problem}")
    if problems:
        raise SystemExit(1)
    click.echo(f"ok: {queries.tree_size()} leaves, every node and checkpoint follows from them")


@bp.cli.command("sequence")
def sequence() -> None:
    """Give waiting leaves their index now."""
    click.echo(f"{services.sequence_leaves(clock=SYSTEM_CLOCK)} leaves placed")


@bp.cli.command("key")
def key() -> None:
    """Print the log's public key."""
    click.echo(services.verifier_key())
