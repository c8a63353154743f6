"""The SMS gateway: `POST {to, text, idempotency_key}` with a bearer key; the same key is sent to a phone once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

import httpx
import stamina

TIMEOUT_S = 10.0
ATTEMPTS = 3


class SmsUnavailable(RuntimeError):
    """The gateway could not be reached, did not answer in time, or was busy: to be tried again with the same key."""


class SmsRefused(RuntimeError):
    """The gateway will not send this message, however often it is asked."""


class Gateway(Protocol):
    """Whatever sends text messages."""

    def send(self, *, to: str, text: str, idempotency_key: UUID) -> str:
        """Send and answer the gateway's own id. Raises SmsUnavailable or SmsRefused."""
        ...


@dataclass(frozen=True)
class HttpGateway:
    """The gateway at `url`."""

    url: str
    api_key: str = field(repr=False)
    first_wait_s: float = 0.2

    def send(self, *, to: str, text: str, idempotency_key: UUID) -> str:
        """Send and answer the gateway's own id. A lost connection or a time-out is tried again with the same key.

        Raises:
            SmsUnavailable: no use now; try later.
            SmsRefused: no use ever.
        """
        body = {"to": to, "text": text, "idempotency_key": str(idempotency_key)}
        try:
            for attempt in stamina.retry_context(
                on=httpx.TransportError, attempts=ATTEMPTS, wait_initial=self.first_wait_s, wait_max=2.0, timeout=None
            ):
                with attempt:
                    answer = httpx.post(
                        self.url, json=body, headers={"Authorization": f"Bearer {self.api_key}"}, timeout=TIMEOUT_S
                    )
        except httpx.TransportError as error:
            raise SmsUnavailable(type(error).__name__) from None  # its text may hold what was sent
        if answer.status_code == 429 or answer.status_code >= 500:
            raise SmsUnavailable(f"status {answer.status_code}")
        if not answer.is_success:
            raise SmsRefused(f"status {answer.status_code}")
        return _id_in(answer)


def _id_in(answer: httpx.Response) -> str:
    """The gateway's id; empty when it took the message and told none."""
    try:
        content = answer.json()
    except ValueError:
        return ""
    return str(content.get("id", "")) if isinstance(content, dict) else ""
