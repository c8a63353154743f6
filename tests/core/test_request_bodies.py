"""What a program may send, and the answer to what nobody should."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient

from app.core.http import MAX_JSON_BYTES


def post(client: FlaskClient, body: bytes) -> tuple[int, str]:
    answer = client.post(
        "/api/v1/gifts", data=body, content_type="application/json", headers={"Idempotency-Key": "a key"}
    )
    assert answer.content_type == "application/problem+json"
    return answer.status_code, (answer.json or {})["code"]


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff", b"[" * 100_000, b'{"a":' * 20_000, b'{"a":' + b"9" * 5_000 + b"}"],
    ids=["cut off", "no text", "deep list", "deep object", "endless number"],
)
def test_what_is_no_json_gets_one_clear_answer(client, body):
    assert post(client, body) == (400, "bad_request")


@pytest.mark.parametrize("text", [rb"\ud800", rb"\uDFFF", rb"\ud83c \udf75", rb"\\\ud800", rb"\udf75\ud83c"])
def test_half_a_letter_is_refused(client, text):
    assert post(client, b'{"message": "' + text + b'"}') == (422, "invalid_input")
    answer = client.post("/api/v1/gifts", data=b'{"message": "' + text + b'"}', content_type="application/json")
    assert answer.json["errors"] == {"_body": ["text"]}


@pytest.mark.parametrize("text", [rb"\ud83c\udf75", rb"\\ud800", rb"\u00e9", rb"\n\"ud800"])
def test_whole_letters_are_text(client, text):
    answer = client.post("/api/v1/gifts", data=b'{"message": "' + text + b'"}', content_type="application/json")
    assert "_body" not in answer.json.get("errors", {})


def test_a_body_too_long_is_read_off_the_connection_and_refused(client):
    body = b'{"message": "' + b"x" * MAX_JSON_BYTES + b'"}'
    assert post(client, body) == (413, "body_too_large")


def test_a_body_too_long_that_does_not_tell_its_length_is_refused_as_well(client):
    body = b'{"message": "' + b"x" * MAX_JSON_BYTES + b'"}'
    answer = client.post(
        "/api/v1/gifts",
        input_stream=io.BytesIO(body),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True},
        headers={"Transfer-Encoding": "chunked"},
    )
    assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")


def test_the_description_of_the_api_tells_of_the_key_that_creating_needs(client):
    paths = client.get("/api/openapi.json").json["paths"]
    for path in ("orders", "gifts", "products", "households", "stalls/{code}/payment-requests"):
        named = [header["name"] for header in paths[f"/api/v1/{path}"]["post"]["parameters"]]
        assert named == ["Idempotency-Key"], path


def test_errors_are_described_as_the_problem_documents_they_are(client):
    told = client.get("/api/openapi.json").json
    described = told["components"]["responses"]["DEFAULT_ERROR"]["content"]
    assert described == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    order = told["paths"]["/api/v1/orders"]["post"]["responses"]
    assert list(order["409"]["content"]) == ["application/problem+json"]
    assert list(order["201"]["content"]) == ["application/json"]


def test_answers_about_one_person_are_kept_by_no_cache(client):
    assert client.get("/api/v1/orders/DH").headers["Cache-Control"] == "no-store"
    assert "public" in client.get("/api/v1/products").headers["Cache-Control"]
