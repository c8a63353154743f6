"""How often one address may knock at the sign-in doors. A whole market may share one address, so the numbers are roomy;
what protects one phone number are the counts in `codes`."""

from __future__ import annotations

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

SENDING = "60 per 10 minutes"
CHECKING = "60 per minute;600 per hour"

limiter = Limiter(get_remote_address, strategy="fixed-window")
