"""What no route should have to think of: NUL bytes, too much of everything, and errors each caller can read."""

from __future__ import annotations

import io
import json

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.http import MAX_BODY_BYTES, MAX_JSON_BYTES

pytestmark = pytest.mark.usefixtures("app")
API = "/api/v1/sign-in"


def is_problem(answer, status: int, code: str) -> bool:
    """Whether the answer is an RFC 9457 document of this status and code."""
    body = json.loads(answer.data)
    return (answer.status_code, answer.content_type, body["status"], body["code"]) == (
        status,
        "application/problem+json",
        status,
        code,
    )


@pytest.mark.parametrize("path", ["/api/v1/payment-requests/CP%00", "/api/v1/areas?parent=%00", "/api/v1/areas?%00=1"])
def test_nul_in_path_or_query_is_refused(client: FlaskClient, path: str):
    assert is_problem(client.get(path), 422, "invalid_input")


def test_nul_in_a_page_address_is_a_kind_page(client: FlaskClient):
    answer = client.get("/tra-tien?ma=%00")
    assert (answer.status_code, answer.mimetype) == (422, "text/html")


@pytest.mark.parametrize("body", [b'{"phone": "\\u0000"}', b'{"\\u0000": 1}', b'{"phone": "\x00"}', b'"\\\\\\u0000"'])
def test_nul_in_json_is_refused(client: FlaskClient, body: bytes):
    assert is_problem(client.post(API, data=body, content_type="application/json"), 422, "invalid_input")


def test_a_backslash_before_u0000_is_only_text(client: FlaskClient):
    answer = client.post(API, data=b'{"phone": "\\\\u0000"}', content_type="application/json")
    assert "_body" not in json.loads(answer.data).get("errors", {})


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_nul_in_a_form_is_refused(client: FlaskClient, kind: str):
    assert client.post("/dang-nhap", data={"phone": "09\x00"}, content_type=kind).status_code == 422


def test_too_much_json_is_refused(client: FlaskClient):
    body = b'{"phone": "' + b"0" * MAX_JSON_BYTES + b'"}'
    assert is_problem(client.post(API, data=body, content_type="application/json"), 413, "body_too_large")


def test_too_much_json_of_unsaid_length_is_refused(client: FlaskClient):
    body = b'{"phone": "' + b"0" * MAX_JSON_BYTES + b'"}'
    answer = client.post(
        API,
        input_stream=io.BytesIO(body),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"},
    )
    assert is_problem(answer, 413, "body_too_large")


def test_too_big_a_form_is_refused(client: FlaskClient):
    answer = client.post("/dang-nhap", data={"phone": "0" * MAX_BODY_BYTES})
    assert answer.status_code == 413


def test_the_same_error_is_a_page_for_people_and_a_problem_for_programs(client: FlaskClient):
    page = client.get("/khong-co-trang-nay")
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "Không tìm thấy" in page.text
    assert is_problem(client.get("/api/v1/nothing"), 404, "not_found")
    assert is_problem(client.get("/khong-co", headers={"Accept": "application/json"}), 404, "not_found")
    refused = client.delete(API)
    assert is_problem(refused, 405, "method_not_allowed")
    assert "POST" in refused.headers["Allow"]


def test_a_body_that_is_not_json_is_refused_by_the_api(client: FlaskClient):
    assert is_problem(client.post(API, data="phone=1"), 415, "unsupported_media_type")
    assert is_problem(
        client.post(API, data={"phone": "1"}, content_type="application/x-www-form-urlencoded"),
        415,
        "unsupported_media_type",
    )


def test_json_that_is_broken_is_the_callers_mistake(client: FlaskClient):
    answer = client.post(API, data=b"{", content_type="application/json")
    assert answer.status_code in (400, 422)
    assert answer.content_type == "application/problem+json"


def test_an_unexpected_error_tells_the_caller_nothing(app: Flask, client: FlaskClient, monkeypatch):
    def fail(**_values: str) -> str:
        raise RuntimeError("the secret reason")

    monkeypatch.setitem(app.view_functions, "payment_requests.show", fail)
    answer = client.get("/api/v1/payment-requests/CP22222222")
    assert is_problem(answer, 500, "internal_error")
    assert "secret" not in answer.text


def test_a_form_without_its_token_is_refused(client: FlaskClient):
    answer = client.post("/dang-nhap", data={"phone": "0912345678"})
    assert (answer.status_code, answer.mimetype) == (400, "text/html")


def test_every_answer_carries_its_guards(client: FlaskClient):
    answer = client.get("/tra-tien", headers={"X-Request-Id": "my-request-0001"})
    assert answer.headers["X-Request-Id"] == "my-request-0001"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert client.get("/tra-tien", headers={"X-Request-Id": "<script>"}).headers["X-Request-Id"] != "<script>"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_answer(client: FlaskClient, path: str):
    assert client.get(path).status_code == 200
