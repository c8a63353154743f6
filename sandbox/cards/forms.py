"""Stripe's form encoding: `metadata[order]=7`, `types[]=a`, `items[0][price]=b` into nested dicts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sandbox.cards.errors import GatewayError, missing

MAX_METADATA_KEYS = 50


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Nested dicts from bracketed names; `name[]` gathers a list, numbered brackets stay keys of a dict."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        first, *rest = re.findall(r"^[^\[\]]+|(?<=\[)[^\[\]]*(?=\])", name) or [name]
        holder, key = root, first
        for part in rest:
            if part == "":
                break
            child = holder.setdefault(key, {})
            if not isinstance(child, dict):
                raise GatewayError(f"Invalid parameter: {name}", param=name)
            holder, key = child, part
        if name.endswith("[]"):
            gathered = holder.setdefault(key, [])
            if not isinstance(gathered, list):
                raise GatewayError(f"Invalid parameter: {name}", param=name)
            gathered.append(value)
        else:
            holder[key] = value
    return root


def listed(value: Any) -> list[str]:
    """A list parameter, whether it came as `x[]=`, as `x[0]=` or as one plain value."""
    if isinstance(value, dict):
        return [str(item) for item in value.values()]
    if isinstance(value, list):
        return [str(item) for item in value]
    return [] if value in (None, "") else [str(value)]


def amount_vnd(params: dict[str, Any], *, default: int | None = None) -> int:
    """`amount`: whole đồng, since VND has no minor unit; at most eight digits, as at Stripe."""
    value = params.get("amount")
    if value is None:
        if default is None:
            raise missing("amount")
        return default
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,15}", value) or int(value) == 0:
        raise GatewayError("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if int(value) > 99_999_999:
        raise GatewayError("Amount must be no more than ₫99,999,999", code="amount_too_large", param="amount")
    return int(value)


def metadata(params: dict[str, Any]) -> dict[str, str]:
    """`metadata[...]`: at most 50 keys of 40 characters with values of 500."""
    value = params.get("metadata") or {}
    if not isinstance(value, dict) or len(value) > MAX_METADATA_KEYS:
        raise GatewayError("Invalid metadata", param="metadata")
    for key, item in value.items():
        if not isinstance(item, str) or len(key) > 40 or len(item) > 500:
            raise GatewayError(f"Invalid metadata: {key}", param=f"metadata[{key}]")
    return {key: item for key, item in value.items() if item != ""}
