"""Every door has a rule on it, and the API tells of every door it has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.core.routes import MARK
from app.identity.roles import Role

# Framework's own: static files, and the OpenAPI document (open on purpose, DESIGN "What is fixed for the outside").
WITHOUT_MARK = {"static", "api-docs.openapi_json"}
RULES = {"open", "signature", "signed-in"}
# POSTs of the API that make nothing that a repeat could double: a second one finds the step taken.
CREATES_NOTHING = {
    "/api/v1/poverty-lists/<uuid:import_id>/columns",
    "/api/v1/poverty-lists/<uuid:import_id>/approve",
    "/api/v1/poverty-lists/<uuid:import_id>/undo",
    "/api/v1/poverty-lists/<uuid:import_id>/drop",
    "/api/v1/own/export",
    "/api/v1/sign-in",
    "/api/v1/households/<code>/verify",
    "/api/v1/households/<code>/return",
    "/api/v1/households/<code>/take-back-approval",
    "/api/v1/households/<code>/take-back-return",
    "/api/v1/households/<code>/welfare-accounts/test/withdraw",
    "/api/v1/households/<code>/welfare-accounts/verify",
    "/api/v1/households/<code>/welfare-accounts/suspend",
    "/api/v1/households/<code>/welfare-accounts/resume",
    "/api/v1/households/<code>/welfare-accounts/close",
    "/api/v1/assisted/<code>/answer",
    "/api/v1/amendments/<uuid:amendment_id>/accept",
    "/api/v1/amendments/<uuid:amendment_id>/refuse",
    "/api/v1/amendments/<uuid:amendment_id>/take-back",
    "/api/v1/household-merges/<uuid:merge_id>/confirm",
    "/api/v1/household-merges/<uuid:merge_id>/refuse",
    "/api/v1/household-merges/<uuid:merge_id>/undo",
    # These carry an id made by the caller.
    "/api/v1/office/bulks",
    "/api/v1/office/bulks/<uuid:bulk_id>/undo",
    "/api/v1/household-merges",
    "/api/v1/onboarding/duplicates",
    "/api/v1/fieldwork/visits",
    "/api/v1/fieldwork/visits/<uuid:visit_id>/undo",
    "/api/v1/onboarding/sync",  # each record carries an id that its phone made
}


def rules(app: Flask) -> Iterator[Rule]:
    return (rule for rule in app.url_map.iter_rules() if rule.endpoint not in WITHOUT_MARK)


def mark_of(view: Callable[..., Any], method: str) -> str | None:
    """The access mark, also of one method of a class of views."""
    views = getattr(view, "view_class", None)
    return getattr(getattr(views, method.lower(), None) if views else view, MARK, None)


def test_every_route_carries_an_access_mark(app: Flask) -> None:
    bare = {
        f"{method} {rule.rule}"
        for rule in rules(app)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if mark_of(app.view_functions[rule.endpoint], method) is None
    }
    assert bare == set()


def test_every_mark_is_a_rule_that_exists(app: Flask) -> None:
    roles = {str(role) for role in Role}
    for rule in rules(app):
        mark = str(mark_of(app.view_functions[rule.endpoint], "get") or "")
        named = set(mark.removeprefix("roles:").split(",")) if mark.startswith("roles:") else set()
        assert mark in RULES or (named and named <= roles), f"{rule.rule}: {mark}"


def test_only_webhooks_are_proven_by_signature(app: Flask) -> None:
    signed = {rule.rule for rule in rules(app) if mark_of(app.view_functions[rule.endpoint], "post") == "signature"}
    webhooks = {rule.rule for rule in rules(app) if rule.rule.startswith("/webhooks/")}
    assert signed == webhooks
    assert webhooks


@pytest.fixture
def openapi(client: Any) -> dict[str, Any]:
    document: dict[str, Any] = client.get("/api/openapi.json").json
    return document


def as_documented(rule: str) -> str:
    """`/x/<string:code>` as OpenAPI writes it."""
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule)


def test_openapi_lists_every_route_of_the_api(app: Flask, openapi: dict[str, Any]) -> None:
    served = {
        (as_documented(rule.rule), method.lower())
        for rule in rules(app)
        if rule.rule.startswith("/api/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    told = {(path, method) for path, item in openapi["paths"].items() for method in item if method != "parameters"}
    assert served <= told, served - told
    assert served


def test_every_creating_post_demands_an_idempotency_key(app: Flask) -> None:
    silent = set()
    for rule in rules(app):
        posts = rule.rule.startswith("/api/v1/") and "POST" in (rule.methods or set())
        if posts and rule.rule not in CREATES_NOTHING and not demands_key(app.view_functions[rule.endpoint]):
            silent.add(rule.rule)
    assert silent == set()


def test_openapi_tells_of_every_idempotency_key(app: Flask, openapi: dict[str, Any]) -> None:
    silent = set()
    for rule in rules(app):
        if rule.rule.startswith("/api/v1/") and demands_key(app.view_functions[rule.endpoint]):
            operation = openapi["paths"][as_documented(rule.rule)]["post"]
            if "Idempotency-Key" not in {parameter.get("name") for parameter in operation.get("parameters", [])}:
                silent.add(rule.rule)
    assert silent == set()


def demands_key(view: Callable[..., Any] | None) -> bool:
    """Whether `@idempotent` wraps the view at some depth."""
    while view is not None:
        if view.__code__.co_filename.endswith("core/idempotency.py"):
            return True
        view = getattr(view, "__wrapped__", None)
    return False
