"""The official Stripe SDK works against the card gateway, and believes what the gateway sends."""

from __future__ import annotations

import threading
import time

import httpx
import pytest
import stripe

ORDER = {"amount": 50000, "currency": "vnd", "metadata": {"request": "CP7"}, "description": "Đơn CP-7"}


def confirm(gateway, intent, method, **more):
    return gateway.v1.payment_intents.confirm(intent.id, {"payment_method": method, **more})


def events(platform, count):
    """Webhooks as the platform would read them: verified by the SDK on the raw bytes."""
    heard = platform.wait_for(count, path="/webhooks/stripe")
    return [stripe.Webhook.construct_event(one.body, one.headers["Stripe-Signature"], "whsec_demo") for one in heard]


def test_a_card_that_pays(gateway, platform):
    intent = gateway.v1.payment_intents.create(ORDER)
    assert (intent.amount, intent.currency, intent.status) == (50000, "vnd", "requires_payment_method")
    assert intent.client_secret.startswith(f"{intent.id}_secret_")
    assert intent.last_response.headers["Request-Id"].startswith("req_")
    paid = confirm(gateway, intent, "pm_card_visa")
    assert (paid.status, paid.amount_received) == ("succeeded", 50000)
    seen = gateway.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (seen.status, seen.metadata["request"], seen.latest_charge.paid) == ("succeeded", "CP7", True)
    [event] = events(platform, 1)
    assert (event.type, event.data.object.id, event.data.object.metadata["request"]) == (
        "payment_intent.succeeded", intent.id, "CP7",
    )  # fmt: skip


def test_a_webhook_signed_with_another_secret_is_not_believed(gateway, platform):
    confirm(gateway, gateway.v1.payment_intents.create(ORDER), "pm_card_visa")
    [heard] = platform.wait_for(1)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(heard.body, heard.headers["Stripe-Signature"], "whsec_other")


@pytest.mark.parametrize(
    ("method", "decline"),
    [
        ("pm_card_visa_chargeDeclined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    ],
)
def test_a_declined_card_leaves_the_intent_open_for_another(gateway, platform, method, decline):
    intent = gateway.v1.payment_intents.create(ORDER)
    with pytest.raises(stripe.CardError) as declined:
        confirm(gateway, intent, method)
    error = declined.value.error
    assert error is not None and (error.code, error.decline_code) == ("card_declined", decline)
    seen = gateway.v1.payment_intents.retrieve(intent.id)
    assert (seen.status, seen.last_payment_error.decline_code) == ("requires_payment_method", decline)
    assert [event.type for event in events(platform, 1)] == ["payment_intent.payment_failed"]
    assert confirm(gateway, intent, "pm_card_visa").status == "succeeded"


def test_what_is_paid_cannot_be_confirmed_or_cancelled_again(gateway):
    intent = gateway.v1.payment_intents.create(ORDER)
    confirm(gateway, intent, "pm_card_visa")
    for act in (lambda: confirm(gateway, intent, "pm_card_visa"), lambda: gateway.v1.payment_intents.cancel(intent.id)):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            act()
        assert refused.value.code == "payment_intent_unexpected_state"


def test_cancelling(gateway, platform):
    intent = gateway.v1.payment_intents.create(ORDER)
    assert gateway.v1.payment_intents.cancel(intent.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        confirm(gateway, intent, "pm_card_visa")
    assert [event.type for event in events(platform, 1)] == ["payment_intent.canceled"]


@pytest.mark.parametrize(
    "change",
    [{"amount": 0}, {"amount": -1}, {"amount": 100_000_000}, {"currency": "usd"}, {"metadata": {"k" * 41: "v"}}],
)
def test_a_wrong_request_is_refused_and_keeps_nothing(gateway, change):
    with pytest.raises(stripe.InvalidRequestError):
        gateway.v1.payment_intents.create({**ORDER, **change})
    assert gateway.v1.payment_intents.list().data == []


def test_the_same_idempotency_key_replays_the_same_answer(gateway):
    one = gateway.v1.payment_intents.create(ORDER, {"idempotency_key": "row-1"})
    two = gateway.v1.payment_intents.create(ORDER, {"idempotency_key": "row-1"})
    assert one.id == two.id and two.last_response.headers["Idempotent-Replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        gateway.v1.payment_intents.create({**ORDER, "amount": 60000}, {"idempotency_key": "row-1"})
    assert len(gateway.v1.payment_intents.list().data) == 1


def test_a_declined_confirmation_replays_as_declined(gateway, platform):
    intent = gateway.v1.payment_intents.create(ORDER)
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            gateway.v1.payment_intents.confirm(
                intent.id, {"payment_method": "pm_card_chargeDeclined"}, {"idempotency_key": "try-1"}
            )
    assert len(gateway.v1.charges.list({"payment_intent": intent.id}).data) == 1


def test_one_key_on_many_connections_makes_one_intent(sandbox):
    ids = []

    def ask():
        answer = httpx.post(
            f"{sandbox.url}/stripe/v1/payment_intents",
            data={"amount": "1000", "currency": "vnd"},
            headers={"Authorization": "Bearer sk_test_demo", "Idempotency-Key": "same"},
            trust_env=False,
        )
        ids.append(answer.json()["id"])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8 and len(set(ids)) == 1


def test_refunds_stop_at_what_was_charged(gateway, platform):
    intent = gateway.v1.payment_intents.create(ORDER)
    with pytest.raises(stripe.InvalidRequestError):
        gateway.v1.refunds.create({"payment_intent": intent.id})
    confirm(gateway, intent, "pm_card_visa")
    part = gateway.v1.refunds.create({"payment_intent": intent.id, "amount": 20000, "reason": "requested_by_customer"})
    assert (part.status, part.amount, part.payment_intent) == ("succeeded", 20000, intent.id)
    with pytest.raises(stripe.InvalidRequestError) as over:
        gateway.v1.refunds.create({"payment_intent": intent.id, "amount": 30001})
    assert over.value.param == "amount"
    assert gateway.v1.refunds.create({"payment_intent": intent.id}).amount == 30000
    with pytest.raises(stripe.InvalidRequestError) as again:
        gateway.v1.refunds.create({"payment_intent": intent.id})
    assert again.value.code == "charge_already_refunded"
    refunded = [event.data.object for event in events(platform, 5) if event.type == "charge.refunded"]
    assert sorted((charge.amount_refunded, charge.refunded) for charge in refunded) == [(20000, False), (50000, True)]


def test_events_can_be_listed_page_by_page(gateway):
    for _ in range(3):
        confirm(gateway, gateway.v1.payment_intents.create(ORDER), "pm_card_visa")
    page = gateway.v1.events.list({"type": "payment_intent.succeeded", "limit": 2})
    assert len(page.data) == 2 and page.has_more
    assert len(list(page.auto_paging_iter())) == 3
    assert gateway.v1.events.retrieve(page.data[0].id).type == "payment_intent.succeeded"
    both = gateway.v1.events.list({"types": ["charge.succeeded", "payment_intent.created"], "limit": 100})
    assert {event.type for event in both.data} == {"charge.succeeded", "payment_intent.created"}
    assert gateway.v1.events.list({"created": {"gt": int(time.time()) + 10}}).data == []


def test_keys_and_unknown_things(sandbox, sdk, gateway):
    with pytest.raises(stripe.AuthenticationError):
        sdk("sk_test_wrong").v1.payment_intents.create(ORDER)
    with pytest.raises(stripe.InvalidRequestError) as missing:
        gateway.v1.payment_intents.retrieve("pi_none")
    assert (missing.value.code, missing.value.http_status) == ("resource_missing", 404)
    with pytest.raises(stripe.InvalidRequestError):
        gateway.v1.customers.create({"name": "An"})
    basic = sandbox.http.get("/stripe/v1/events", auth=("sk_test_demo", ""))
    assert basic.status_code == 200


def typed_card(number, **change):
    card = {"number": number, "exp_month": "12", "exp_year": "34", "cvc": "123"} | change
    return {f"payment_method_data[card][{name}]": value for name, value in card.items()}


def browser_confirm(sandbox, intent, card, **more):
    """What a buyer's browser may do: the publishable key and this intent's client secret."""
    fields = {"key": "pk_test_demo", "client_secret": intent.client_secret} | card | more
    return sandbox.http.post(f"/stripe/v1/payment_intents/{intent.id}/confirm", data=fields)


def test_a_browser_confirms_with_the_client_secret_alone(sandbox, gateway):
    intent = gateway.v1.payment_intents.create(ORDER)
    answer = browser_confirm(sandbox, intent, typed_card("4242 4242 4242 4242"))
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    assert "metadata" not in answer.json()


def test_a_browser_may_do_nothing_else(sandbox, gateway):
    intent, other = gateway.v1.payment_intents.create(ORDER), gateway.v1.payment_intents.create(ORDER)
    card = typed_card("4242424242424242")
    assert browser_confirm(sandbox, intent, card, client_secret=other.client_secret).status_code == 404
    assert browser_confirm(sandbox, intent, card, client_secret="").status_code == 404
    key = {"Authorization": "Bearer pk_test_demo"}
    for method, path in [
        ("POST", f"/stripe/v1/payment_intents/{intent.id}/cancel"),
        ("POST", "/stripe/v1/payment_intents"),
        ("POST", "/stripe/v1/refunds"),
        ("GET", "/stripe/v1/events"),
        ("GET", "/stripe/v1/payment_intents"),
    ]:
        assert sandbox.http.request(method, path, headers=key).status_code == 401, path
    assert gateway.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method"


@pytest.mark.parametrize(
    ("number", "change", "code"),
    [
        ("4242424242424241", {}, "incorrect_number"),
        ("4000000000000002", {}, "card_declined"),
        ("4111111111111111", {}, "card_declined"),
        ("4242424242424242", {"exp_year": "20"}, "expired_card"),
        ("4242424242424242", {"exp_month": "13"}, "invalid_expiry_month"),
        ("4242424242424242", {"cvc": "1"}, "invalid_cvc"),
    ],
)
def test_typed_cards_that_do_not_pay(sandbox, gateway, number, change, code):
    intent = gateway.v1.payment_intents.create(ORDER)
    answer = browser_confirm(sandbox, intent, typed_card(number, **change))
    assert (answer.status_code, answer.json()["error"]["code"]) == (402, code)
    assert gateway.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method"
    assert number.encode() not in sandbox.box.store.path.read_bytes()


@pytest.mark.parametrize(("reply", "result"), [("dong-y", "succeeded"), ("tu-choi", "failed")])
def test_a_card_whose_bank_asks_first(sandbox, gateway, platform, reply, result):
    intent = gateway.v1.payment_intents.create(ORDER)
    asked = confirm(gateway, intent, "pm_card_authenticationRequired", return_url=f"{platform.url}/xong?don=7")
    assert asked.status == "requires_action" and asked.next_action.type == "redirect_to_url"
    page = asked.next_action.redirect_to_url.url
    assert "50.000" in httpx.get(page, trust_env=False).text
    back = httpx.post(page, data={"tra_loi": reply}, trust_env=False)
    assert back.status_code == 303
    query = httpx.URL(back.headers["Location"]).params
    assert (query["don"], query["payment_intent"], query["redirect_status"]) == ("7", intent.id, result)
    before = gateway.v1.payment_intents.retrieve(intent.id).status
    httpx.post(page, data={"tra_loi": "dong-y"}, trust_env=False)
    assert gateway.v1.payment_intents.retrieve(intent.id).status == before, "the question is answered once"
    kinds = {event.type for event in events(platform, 2)}
    assert ("payment_intent.succeeded" in kinds) == (result == "succeeded")


def test_the_way_back_must_be_on_this_machine(gateway):
    intent = gateway.v1.payment_intents.create(ORDER)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        confirm(gateway, intent, "pm_card_authenticationRequired", return_url="https://example.com/")
    assert refused.value.param == "return_url"


def test_only_the_platforms_pages_may_call_from_a_browser(sandbox, platform):
    path = "/stripe/v1/payment_intents/pi_1/confirm"
    port = httpx.URL(platform.url).port
    for origin in (platform.url, f"http://localhost:{port}"):
        answer = sandbox.http.options(path, headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
        assert answer.headers["Access-Control-Allow-Origin"] == origin
    for origin in ("http://127.0.0.1:1", "https://example.com", "null"):
        answer = sandbox.http.options(path, headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert sandbox.http.get("/stripe/v3/card", params={"parent": "https://example.com"}).status_code == 403


def test_an_answer_lost_after_it_succeeded(sandbox, gateway, platform):
    intent = gateway.v1.payment_intents.create(ORDER)
    sandbox.http.post("/stripe/control", json={"timeout_after_success": 1})
    with pytest.raises(stripe.APIConnectionError):
        gateway.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"}, {"idempotency_key": "k"})
    assert gateway.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    again = gateway.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"}, {"idempotency_key": "k"})
    assert again.status == "succeeded"
    assert [event.type for event in events(platform, 1)] == ["payment_intent.succeeded"]
    assert sandbox.http.get("/stripe/control").json()["timeout_after_success"] == 0


def test_a_gateway_that_fails_did_nothing(sandbox, gateway):
    sandbox.http.post("/stripe/control", json={"fail_5xx": 1})
    with pytest.raises(stripe.APIError):
        gateway.v1.payment_intents.create(ORDER)
    assert gateway.v1.payment_intents.list().data == []


def test_faults_by_header_and_a_slow_gateway(sandbox):
    headers = {"Authorization": "Bearer sk_test_demo"}
    failed = sandbox.http.get("/stripe/v1/events", headers=headers | {"X-Sandbox-Fault": "fail_5xx"})
    assert (failed.status_code, failed.json()["error"]["type"]) == (500, "api_error")
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox.http.post(
            "/stripe/v1/payment_intents",
            data={"amount": "1", "currency": "vnd"},
            headers=headers | {"X-Sandbox-Fault": "timeout_after_success"},
        )
    began = time.monotonic()
    sandbox.http.get("/stripe/v1/events", headers=headers | {"X-Sandbox-Delay": "0.3"})
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize(
    "fault", [{"explode": 1}, {"fail_5xx": -1}, {"delay_s": 61}, {"delay_s": True}, {"fail_5xx": "1"}, [1]]
)
def test_unknown_faults_are_refused(sandbox, fault):
    assert sandbox.http.post("/stripe/control", json=fault).status_code == 422
    assert sandbox.http.get("/stripe/control").json() == {"timeout_after_success": 0, "fail_5xx": 0, "delay_s": 0.0}
