"""`flask --app wsgi jobs work`: the job worker."""

from __future__ import annotations

import click
from flask import Blueprint, current_app

from app.config import libpq_url
from app.core import jobs

bp = Blueprint("jobs", __name__, cli_group="jobs")


@bp.cli.command("work")
@click.option("--concurrency", default=2, show_default=True)
@click.option("--once", is_flag=True, help="End when the queue is empty.")
def work(concurrency: int, once: bool) -> None:
    """Run jobs until told to stop."""
    url = libpq_url(current_app.config["CHOPHIEN"].database_url)
    jobs.run_worker(url, concurrency=concurrency, wait=not once)
