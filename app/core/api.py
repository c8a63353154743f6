"""The JSON API: OpenAPI 3 at /api/openapi.json, schemas that refuse what they do not know."""

from __future__ import annotations

from typing import Any

from flask import Flask, Request
from flask_babel import lazy_gettext as _l
from flask_smorest import Api, Blueprint
from marshmallow import RAISE, Schema, fields, validate
from webargs.flaskparser import FlaskParser

from app.core.errors import PROBLEM_TYPE
from app.core.paging import MAX_LIMIT


class _Parser(FlaskParser):
    """webargs', with one answer (400) for every body that is no JSON: nested too deep and endless numbers as well."""

    def load_json(self, req: Request, schema: Schema) -> Any:
        try:
            return super().load_json(req, schema)
        except (RecursionError, ValueError) as error:
            self._handle_invalid_json_error(error, req)  # type: ignore[arg-type]  # it only carries the error along


class Input(Schema):
    """Base of what comes in: unknown fields are refused by name."""

    class Meta:
        unknown = RAISE


class Output(Schema):
    """Base of what goes out."""

    class Meta:
        ordered = True


class PageQuery(Schema):
    """Cursor and size of a list request."""

    cursor = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=500))
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=MAX_LIMIT))


class ProblemSchema(Output):
    """RFC 9457 problem document; `code` is stable."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    code = fields.String()
    detail = fields.String()
    errors = fields.Dict(metadata={"description": "Field name to sentences, for invalid input"})


class _Api(Api):  # type: ignore[misc]  # flask-smorest carries no types
    """flask-smorest's, without its error handlers, and with errors described as they are: ours speak RFC 9457."""

    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        return None

    def _register_responses(self) -> None:
        self.DEFAULT_RESPONSE_CONTENT_TYPE = PROBLEM_TYPE
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE


api = _Api()
Blueprint.ARGUMENTS_PARSER = _Parser()


def page_schema(item: type[Schema], name: str) -> type[Schema]:
    """A list answer `{items, next_cursor}` of the given item schema."""
    return Output.from_dict(
        {"items": fields.List(fields.Nested(item)), "next_cursor": fields.String(allow_none=True)}, name=name
    )


def text(*, max_length: int, min_length: int = 1, required: bool = True, **more: Any) -> fields.String:
    """A text field with sane limits."""
    return fields.String(required=required, validate=validate.Length(min=min_length, max=max_length), **more)


def money(*, required: bool = True, minimum: int = 1, maximum: int = 10_000_000_000, **more: Any) -> fields.Integer:
    """A whole amount of đồng."""
    return fields.Integer(
        required=required,
        strict=True,
        validate=validate.Range(min=minimum, max=maximum, error=_l("Số tiền phải từ {min} đến {max} đồng.")),
        **more,
    )


def install(app: Flask) -> None:
    """Wire OpenAPI."""
    app.config.update(
        API_TITLE="Chợ Phiên",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "info": {"description": "Money is integer đồng. Lists use cursors. Errors are RFC 9457 problem documents."},
            "components": {
                "securitySchemes": {
                    "token": {"type": "apiKey", "in": "header", "name": "Authentication-Token"},
                    "session": {"type": "apiKey", "in": "cookie", "name": "session"},
                }
            },
        },
    )
    api.init_app(app)
