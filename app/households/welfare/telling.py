"""Text messages to a household whose account is tried with 1,000 đ. Each needs an open transaction.

Money that nobody expects looks like a swindler's bait: so the household hears of it before, and how it ended. No
message names the household, its account or why it gets help: a phone is read by others too.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from flask_babel import force_locale
from flask_babel import gettext as _

from app.core.clock import Clock
from app.core.crypto import KeyDestroyed
from app.households.registry import people
from app.households.registry import queries as registry
from app.households.registry.models import Household, Purpose
from app.households.registry.people import Field
from app.identity.operations import queue_sms

from . import queries
from .models import WelfareAccount
from .states import Event

ONCE_IN = timedelta(hours=24)
"""Asking, giving up and asking again tells the household once in so long."""
LANGUAGE = "vi"
"""Of the message, whatever the language of the officer who presses the button."""
log = structlog.get_logger()


def of_test(household: Household, account: WelfareAccount, event: Event, *, clock: Clock) -> bool:
    """Have the household told what was just noted about its account's test; whether it is told.

    It isn't when it has no phone, when the phone is a relative's and the household does not agree to be reached, when
    it was erased, or when it was told already that money will come.
    """
    if event is Event.TESTED and queries.tests_asked(account, since=clock.now() - ONCE_IN) > 1:
        return False
    phone = _phone(household)
    if phone is None:
        log.info("test_told_to_nobody", household_id=str(household.id))
        return False
    with force_locale(LANGUAGE):
        queue_sms(text=_words(event), phone_e164=phone, clock=clock)
    return True


def _phone(household: Household) -> str | None:
    if household.phone_is_contact and not registry.has_consent(household.id, Purpose.CONTACT):
        return None
    try:
        return people.open_field(household, Field.PHONE)
    except KeyDestroyed:
        return None


def _words(event: Event) -> str:
    words: dict[Event, str] = {
        Event.TESTED: _(
            "Chợ Phiên: vài ngày tới sẽ có 1.000 đ chuyển thử vào tài khoản bà con nhờ xã ghi. Không phải trả lại, "
            "không ai cần mã OTP của bà con."
        ),
        Event.TEST_PASSED: _("Chợ Phiên: 1.000 đ chuyển thử đã đến. Tài khoản bà con nhờ xã ghi đã dùng được."),
        Event.TEST_FAILED: _(
            "Chợ Phiên: 1.000 đ chuyển thử không đến được tài khoản bà con nhờ xã ghi. "
            "Bà con mang thẻ hoặc sổ ngân hàng ra xã xem lại giúp nhé."
        ),
        Event.TEST_RETURNED: _(
            "Chợ Phiên: ngân hàng trả lại 1.000 đ chuyển thử nên tài khoản bà con nhờ xã ghi tạm dừng nhận tiền. "
            "Bà con gọi cán bộ xã nhé."
        ),
    }
    return words[event]
