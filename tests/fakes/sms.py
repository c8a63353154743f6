"""An SMS gateway on the loopback that behaves: bearer key, one message per idempotency key, and faults on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FakeSms:
    """What arrived, and what to do with the next requests.

    `faults` is worked off first to last: a number is an answer with that status and nothing sent; "silent" takes the
    message and closes the line without an answer.
    """

    url: str
    api_key: str = "test-sms-key"
    faults: list[int | str] = field(default_factory=list)
    requests: int = 0
    sent: dict[str, tuple[str, str]] = field(default_factory=dict)

    def texts_to(self, number: str) -> list[str]:
        """What the number got, oldest first."""
        return [text for to, text in self.sent.values() if to == number]


@contextmanager
def sms_gateway() -> Iterator[FakeSms]:
    """Run a gateway for the length of a `with` block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    fake = server.fake = FakeSms(f"http://127.0.0.1:{server.server_port}/sms/messages")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        fake: FakeSms = self.server.fake  # type: ignore[attr-defined]
        fake.requests += 1
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers.get("Authorization") != f"Bearer {fake.api_key}":
            return self._answer(401, {"error": "unauthorized"})
        fault = fake.faults.pop(0) if fake.faults else None
        if isinstance(fault, int):
            return self._answer(fault, {"error": "fault"})
        fake.sent.setdefault(body["idempotency_key"], (body["to"], body["text"]))
        if fault == "silent":
            self.close_connection = True
            return None
        return self._answer(200, {"id": f"sms_{len(fake.sent)}"})

    def _answer(self, status: int, body: dict[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
