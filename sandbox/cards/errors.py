"""Stripe's error object, as an exception."""

from __future__ import annotations

from typing import Any


class GatewayError(Exception):
    """Answered as `{"error": {...}}` with `status`; nothing of the request is kept."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        fields = {"type": kind, "message": message, "code": code, "param": param} | (extra or {})
        self.body = {"error": {key: value for key, value in fields.items() if value is not None}}


def missing(param: str) -> GatewayError:
    """400: a required parameter is not there."""
    return GatewayError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def not_found(kind: str, object_id: str, param: str = "id") -> GatewayError:
    """404: no such object."""
    return GatewayError(f"No such {kind}: '{object_id}'", status=404, code="resource_missing", param=param)
