"""Jobs: send a text message; forget what is old."""

from __future__ import annotations

from uuid import UUID

from flask import current_app

from app.config import Config
from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job
from app.identity import services
from app.identity.sms import HttpGateway


@job(name="identity.send_sms")
def send_sms(sms_id: str) -> None:
    """Hand one text message to the gateway."""
    config: Config = current_app.config["CHOPHIEN"]
    gateway = HttpGateway(config.sms_url, config.sms_api_key)
    services.deliver_sms(message_id=UUID(sms_id), gateway=gateway, clock=SYSTEM_CLOCK)


@job(name="identity.forget_old", cron="23 * * * *")
def forget_old(timestamp: int) -> None:
    """Drop old codes and tries; make old text messages unreadable."""
    services.forget_old(clock=SYSTEM_CLOCK)
