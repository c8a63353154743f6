"""The card page: the gateway's fields for this page only, kind words when there are none."""

from __future__ import annotations

import re

import pytest

from app.core.clock import SYSTEM_CLOCK
from app.core.database import transaction
from app.payments.cards.words import decline_words
from app.payments.requests import operations as request_operations
from app.payments.requests import queries as requests
from tests.factories.payments import make_payee, make_request
from tests.fakes.stripe_gateway import DECLINED, NO_FUNDS, deliver
from tests.payments.cards.world import fresh, intent_of, payment_of


def card_page(client, asked):
    return client.get(f"/tra-tien/{asked.code}/the", headers={"Accept": "text/html"})


def test_the_page_holds_what_the_gateways_script_needs(client, stripe_wire, asked):
    page = card_page(client, asked)
    assert page.status_code == 200
    [intent] = stripe_wire.intents()
    assert f'data-secret="{intent["client_secret"]}"' in page.text
    assert 'data-key="pk_test_demo"' in page.text
    assert f'data-return="http://localhost/tra-tien/{asked.code}/the/xong"' in page.text
    assert "50.000" in page.text
    scripts = re.findall(r'<script src="([^"]+)"', page.text)
    assert scripts[0].endswith("/stripe/v3/")
    assert "js/card.js" in scripts[1]


def test_without_javascript_the_page_says_what_works_and_shows_no_dead_form(client, stripe_wire, asked):
    page = card_page(client, asked).text
    [words] = re.findall(r"<noscript>(.*?)</noscript>", page, re.S)
    assert "Trả bằng thẻ cần JavaScript" in words
    [form] = re.findall(r"<form data-card [^>]*>", page)
    assert form.endswith(" hidden>")


def test_only_this_page_may_load_from_the_gateway(client, stripe_wire, asked):
    assert "8001" not in client.get(f"/tra-tien/{asked.code}").headers["Content-Security-Policy"]
    policy = card_page(client, asked).headers["Content-Security-Policy"]
    for directive in ("script-src", "connect-src", "frame-src"):
        [sources] = re.findall(rf"{directive} ([^;]+)", policy)
        assert "http://127.0.0.1:8001" in sources.split()


def test_viewing_the_page_again_asks_for_no_second_intent(client, stripe_wire, asked):
    pages = [card_page(client, asked).text for _ in range(3)]
    assert len(stripe_wire.intents()) == 1
    assert len({re.findall('data-secret="([^"]+)"', page)[0] for page in pages}) == 1


def test_a_gateway_that_is_down_is_said_kindly_and_can_be_tried_again(client, stripe_wire, asked):
    stripe_wire.faults(fail_5xx=1)
    page = card_page(client, asked)
    assert page.status_code == 200
    assert "Chưa nối được với cổng thẻ" in page.text
    assert f'href="/tra-tien/{asked.code}/the"' in page.text
    assert "data-secret" not in page.text
    assert "data-secret" in card_page(client, asked).text


@pytest.mark.parametrize(("card", "words"), [(DECLINED, "Ngân hàng từ chối thẻ này"), (NO_FUNDS, "Thẻ không đủ tiền")])
def test_a_decline_is_said_in_plain_words_beside_the_fields_for_another_card(client, stripe_wire, asked, card, words):
    stripe_wire.pay(intent_of(asked), card)
    deliver(client, stripe_wire.events("payment_intent.payment_failed")[0])
    page = card_page(client, asked).text
    assert words in page
    assert "data-secret" in page
    assert "generic_decline" not in page


@pytest.mark.parametrize("code", ["lost_card", "stolen_card", "fraudulent", "never_heard_of", None])
def test_what_a_payer_should_not_be_told_gets_the_general_words(client, code):
    with client.application.test_request_context():
        assert decline_words(code).startswith("Ngân hàng từ chối thẻ này")


def test_coming_back_after_a_charged_card_shows_it_paid_before_any_event_came(client, stripe_wire, asked, purpose):
    stripe_wire.pay(intent_of(asked))
    answer = client.get(f"/tra-tien/{asked.code}/the/xong?redirect_status=succeeded")
    assert (answer.status_code, answer.location) == (302, f"/tra-tien/{asked.code}")
    assert "Đã nhận đủ" in client.get(answer.location).text
    deliver(client, stripe_wire.events("payment_intent.succeeded")[0])
    assert purpose.paid == [asked.purpose_id]


def test_an_address_that_claims_success_is_not_believed(client, stripe_wire, asked):
    intent_of(asked)
    page = client.get(f"/tra-tien/{asked.code}/the/xong?redirect_status=succeeded")
    assert "Đang chờ cổng thẻ báo lại" in page.text
    assert f'data-url="/api/v1/payment-requests/{asked.code}"' in page.text
    assert fresh(asked).status == "asked"


def test_coming_back_after_a_decline_leads_to_the_fields_again(client, stripe_wire, asked):
    stripe_wire.pay(intent_of(asked), NO_FUNDS)
    answer = client.get(f"/tra-tien/{asked.code}/the/xong", follow_redirects=True)
    assert answer.request.path == f"/tra-tien/{asked.code}/the"
    assert "Thẻ không đủ tiền" in answer.text


def test_coming_back_without_having_begun_leads_to_the_fields(client, stripe_wire, asked):
    assert client.get(f"/tra-tien/{asked.code}/the/xong").location == f"/tra-tien/{asked.code}/the"


def test_a_closed_request_and_one_by_transfer_lead_to_their_pay_page(client, stripe_wire, asked):
    by_transfer = make_request(payee_id=make_payee()[0].id)
    with transaction():
        request_operations.cancel(requests.by_code(asked.code, for_update=True), clock=SYSTEM_CLOCK)
    for request in (asked, by_transfer):
        for tail in ("the", "the/xong"):
            assert client.get(f"/tra-tien/{request.code}/{tail}").location == f"/tra-tien/{request.code}"
    assert stripe_wire.intents() == []


def test_money_that_waits_for_a_person_is_not_asked_for_twice(client, stripe_wire, asked):
    stripe_wire.pay(intent_of(asked))
    [event] = stripe_wire.events("payment_intent.succeeded")
    event["data"]["object"]["amount_received"] = 49_000
    deliver(client, event)
    assert payment_of(asked).outcome == "amount_mismatch"
    page = card_page(client, asked).text
    assert "tiền không mất" in page
    assert "data-secret" not in page


def test_an_unknown_code_is_a_kind_404(client, stripe_wire):
    for tail in ("the", "the/xong"):
        assert client.get(f"/tra-tien/CP22222222/{tail}").status_code == 404


def test_the_webhook_takes_no_cookie_form_or_reading(client):
    assert client.get("/webhooks/stripe").status_code == 405
    assert client.post("/webhooks/stripe", data={"a": "b"}).status_code == 400
