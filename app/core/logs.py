"""Structured logs (JSON lines) without personal data, and numbers for Prometheus."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_PERSONAL_KEYS = re.compile(r"name|phone|address|account|citizen|memo|content|password|token|secret|raw|body", re.I)
_ROW_OF_POSTGRES = re.compile(r"DETAIL: .*?(?=\n(?:CONTEXT|HINT|\[SQL|\(Background|\s*File |\n)|\Z)", re.S)
_DIGIT_RUN = re.compile(r"(?<![\w-])\+?\d[\d .]{7,}\d(?![\w-])")


def drop_personal(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide values under telling keys, the rows PostgreSQL quotes in its errors, and long digit runs (phones, accounts,
    citizen ids) anywhere in text."""
    for key, value in event.items():
        if key in ("level", "timestamp", "logger", "request_id"):
            continue
        if key != "event" and _PERSONAL_KEYS.search(key):
            event[key] = "[hidden]"
        elif isinstance(value, str):
            event[key] = _DIGIT_RUN.sub("[digits]", _ROW_OF_POSTGRES.sub("DETAIL: [hidden]", value))
    return event


def configure(level: str) -> None:
    """Send structlog and the standard library's records to standard error as JSON lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        drop_personal,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "stripe", "procrastinate", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
