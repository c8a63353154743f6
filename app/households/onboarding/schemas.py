"""Shapes of the doorstep's API. One record that is none holds up no other, so each is read for itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, ValidationError, fields, post_load, validate, validates_schema
from webargs.fields import DelimitedList

from app.core.api import Input, Output, text
from app.households.registry.fields import NAMES
from app.households.registry.models import How, Purpose

from .models import Kind, PhotoKind
from .photos import MAX_BYTES, MEDIA_TYPES
from .records import Announced, Place, Said, Sent, Unreadable

MAX_RECORDS = 1000
MAX_VALUE = 300
_SHA256 = re.compile(r"[0-9a-f]{64}")


class FieldsField(fields.Dict):
    """The household's fields by name: texts, null for nothing, and true or false for `phone_is_contact`."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any) -> Any:
        sent = super()._deserialize(value, attr, data, **more)  # type: ignore[no-untyped-call]
        errors = {str(name): ["Unknown field."] for name in sent if name not in NAMES}
        clean: dict[str, str | None] = {}
        for name, content in sent.items():
            if name == "phone_is_contact":
                clean[name] = "1" if content in (True, "1", "true") else None
            elif content is None or (isinstance(content, str) and len(content) <= MAX_VALUE):
                clean[name] = content or None
            else:
                errors[str(name)] = ["Not a valid string."]
        if errors:
            raise ValidationError(errors)
        return clean


class PlaceInput(Input):
    """Where the phone was."""

    latitude = fields.Float(required=True, validate=validate.Range(-90, 90))
    longitude = fields.Float(required=True, validate=validate.Range(-180, 180))
    accuracy_m = fields.Float(required=True, validate=validate.Range(0, 1_000_000))

    @post_load
    def _build(self, data: dict[str, Any], **_more: Any) -> Place:
        return Place(**data)


class SaidInput(Input):
    """One yes."""

    purpose = fields.Enum(Purpose, by_value=True, required=True)
    how = fields.String(required=True, validate=validate.OneOf([str(How.SPOKEN), str(How.SIGNED)]))
    at = fields.AwareDateTime(format="iso", required=True)

    @post_load
    def _build(self, data: dict[str, Any], **_more: Any) -> Said:
        return Said(data["purpose"], How(data["how"]), data["at"])


class PhotoInput(Input):
    """A photo that will follow by PUT; `sha256` in hexadecimal digits, of the whole file."""

    id = fields.UUID(required=True)
    kind = fields.Enum(PhotoKind, by_value=True, required=True)
    media_type = fields.String(required=True, validate=validate.OneOf(MEDIA_TYPES))
    size_bytes = fields.Integer(required=True, strict=True, validate=validate.Range(1, MAX_BYTES))
    sha256 = fields.String(required=True, validate=validate.Regexp(_SHA256.pattern + "$"))

    @post_load
    def _build(self, data: dict[str, Any], **_more: Any) -> Announced:
        return Announced(**{**data, "sha256": bytes.fromhex(data["sha256"])})


class RecordInput(Input):
    """One record of the doorstep, under the id its phone made."""

    id = fields.UUID(required=True)
    kind = fields.Enum(Kind, by_value=True, required=True)
    attempt = fields.Integer(load_default=1, strict=True, validate=validate.Range(1, 10_000))
    household_code = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=20))
    base_version = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 1_000_000)
    )
    made_at = fields.AwareDateTime(format="iso", required=True)
    sent_at = fields.AwareDateTime(format="iso", required=True)
    place = fields.Nested(PlaceInput, load_default=None, allow_none=True)
    seconds_spent = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(0, 10_000_000)
    )
    fields_ = FieldsField(
        required=True, data_key="fields", metadata={"example": {"head_name": "Người Mẫu", "phone": None}}
    )
    consents = fields.List(fields.Nested(SaidInput), load_default=[], validate=validate.Length(max=10))
    witness_name = text(min_length=0, max_length=80, required=False, load_default="")
    photos = fields.List(fields.Nested(PhotoInput), load_default=[], validate=validate.Length(max=6))

    class Meta:
        unknown = RAISE

    @validates_schema
    def _demand_what_edits_stand_on(self, data: dict[str, Any], **_more: Any) -> None:
        if data["kind"] == Kind.EDIT:
            missing = [name for name in ("household_code", "base_version") if not data.get(name)]
            if missing:
                raise ValidationError({name: ["Missing data for required field."] for name in missing})

    @post_load
    def _build(self, data: dict[str, Any], **_more: Any) -> Sent:
        sent = data.pop("fields_")
        if data["kind"] == Kind.REGISTRATION:
            data |= {"household_code": None, "base_version": None}
        for name in ("consents", "photos"):
            data[name] = tuple(data[name])
        return Sent(fields=sent, **data)


class EachRecord(fields.Nested):
    """A record, or why it is none."""

    def deserialize(
        self, value: Any, attr: str | None = None, data: Mapping[str, Any] | None = None, **more: Any
    ) -> Any:
        """The record, or `Unreadable`."""
        try:
            return super().deserialize(value, attr, data, **more)
        except ValidationError as error:
            id = value.get("id") if isinstance(value, dict) else None
            return Unreadable(id if isinstance(id, str) and len(id) <= 40 else None, _flat(error.messages))


class SyncInput(Input):
    """What a phone brings in one go."""

    records = fields.List(EachRecord(RecordInput), required=True, validate=validate.Length(min=1, max=MAX_RECORDS))


class ResultSchema(Output):
    """What became of one record. `same`: it came before with the same content. `waiting`: the officer decides."""

    id = fields.String(allow_none=True)
    outcome = fields.String(validate=validate.OneOf(["stored", "same", "merged", "waiting", "refused", "conflict"]))
    household_code = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)
    errors = fields.Dict(allow_none=True, metadata={"description": "Field name to sentences"})
    conflict_id = fields.UUID(allow_none=True)
    forget = fields.Boolean(metadata={"description": "Take everything personal in this record off the phone"})


class ResultsSchema(Output):
    """One result for each record, in the order sent."""

    results = fields.List(fields.Nested(ResultSchema))


class RecordsQuery(Input):
    """Up to 200 ids of records, separated by commas."""

    ids = DelimitedList(fields.UUID(), required=True, validate=validate.Length(min=1, max=200))


class DuplicatesInput(Input):
    """What is known of a household at the door so far."""

    citizen_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=30))
    phone = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=30))
    head_name = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=80))
    birth_year = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(1850, 2200))
    hamlet_code = text(max_length=12)


class DuplicatesSchema(Output):
    """`citizen`, `phone`: a household in my sight has this number. `similar`: codes of households I may see that are
    alike. `similar_elsewhere`: 1 when a number is known out of my sight; never more than that."""

    citizen = fields.Boolean()
    phone = fields.Boolean()
    similar = fields.List(fields.String())
    similar_elsewhere = fields.Integer()


class PhotoStateSchema(Output):
    """How much of a photo is here."""

    received_bytes = fields.Integer()
    complete = fields.Boolean()


class PhotoQuery(Input):
    """Where this part begins, in bytes."""

    offset = fields.Integer(load_default=0, validate=validate.Range(0, MAX_BYTES))


class BundleQuery(Input):
    """After which page of the roster to go on."""

    cursor = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=500))


class MemberSchema(Output):
    """Who is signed in."""

    id = fields.UUID()
    name = fields.String()


class HamletSchema(Output):
    """One of my hamlets."""

    code = fields.String()
    name = fields.String()
    commune = fields.String()
    households = fields.Integer()


class PurposeSchema(Output):
    """A purpose, and the sentence that is read aloud."""

    purpose = fields.String()
    name = fields.String()
    words = fields.String()


class BankSchema(Output):
    """A bank a household may have its account at."""

    bin = fields.String()
    name = fields.String()


class RosterSchema(Output):
    """A household of my hamlets, masked."""

    code = fields.String()
    name = fields.String()
    hamlet_code = fields.String()
    status = fields.String()
    return_reason = fields.String(allow_none=True)
    version = fields.Integer()
    mine = fields.Boolean()
    can_edit = fields.Boolean()


class ProgressSchema(Output):
    """How far what I registered has come."""

    submitted = fields.Integer()
    returned = fields.Integer()
    verified = fields.Integer()


class BundleSchema(Output):
    """Everything a phone takes along for a day without a network."""

    member = fields.Nested(MemberSchema)
    hamlets = fields.List(fields.Nested(HamletSchema))
    purposes = fields.List(fields.Nested(PurposeSchema))
    banks = fields.List(fields.Nested(BankSchema))
    roster = fields.List(fields.Nested(RosterSchema))
    progress = fields.Nested(ProgressSchema)
    next_cursor = fields.String(allow_none=True)
    taken_at = fields.AwareDateTime(format="iso")


def _flat(messages: Any) -> dict[str, list[str]]:
    """Error messages of any depth by the outermost field they belong to; those of `fields` by their own names."""
    if not isinstance(messages, dict):
        return {"record": _sentences(messages)}
    errors: dict[str, list[str]] = {}
    for name, found in messages.items():
        if name == "fields" and isinstance(found, dict):
            errors |= {str(inner): _sentences(sentences) for inner, sentences in found.items()}
        else:
            errors[str(name)] = _sentences(found)
    return errors


def _sentences(found: Any) -> list[str]:
    if isinstance(found, dict):
        return [sentence for inner in found.values() for sentence in _sentences(inner)]
    if isinstance(found, list):
        return [sentence for inner in found for sentence in _sentences(inner)]
    return [str(found)]
