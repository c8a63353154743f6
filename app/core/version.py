"""Which release this is: part of static URLs, shown in /healthz."""

RELEASE = "2026.11"
