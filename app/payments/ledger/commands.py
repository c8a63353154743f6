"""`flask --app wsgi books check`."""

from __future__ import annotations

import sys

import click
from flask import Blueprint

from app.core.actor import SYSTEM
from app.core.database import acting_as
from app.payments.ledger.books import check_books

bp = Blueprint("books", __name__, cli_group="books")


@bp.cli.command("check")
def check() -> None:
    """Print each invariant; exit 1 when one is broken."""
    with acting_as(SYSTEM):
        results = check_books()
    for result in results:
        click.echo(f"{'ok    ' if not result.problems else 'BROKEN'}  {result.name}")
        for problem in result.problems:
            click.echo(f"          {problem}")
    broken = sum(bool(result.problems) for result in results)
    click.echo(f"{len(results)} invariants, {broken} broken")
    if broken:
        sys.exit(1)
