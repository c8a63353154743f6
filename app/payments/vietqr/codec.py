"""VietQR text, written and read strictly (EMVCo QRCPS merchant-presented 1.1 with the NAPAS transfer template).

The text is a row of fields `ID(2) LEN(2) VALUE`, in rising order of id, the checksum (63) last. Lengths count
characters, 1 to 99; the checksum is taken over the UTF-8 bytes.

Decisions where the standard leaves room, all on the side of "what we show is exactly what the bank will read":

- A code is static (01 = 11) exactly when it carries no amount and dynamic (12) exactly when it does. Texts that say one
  and do the other are refused, in both directions.
- Fields outside the table are refused even in legal order: a tip or fee field (55 to 57) changes what is owed, a
  second account template (26 to 51) changes who is paid, and neither may be dropped in silence. The category code (52)
  is kept.
- We write printable ASCII only. We read any printable text in the free fields, since other makers' codes carry accents;
  such a code can be shown but not written again.
- Nothing is repaired: what `decode` accepts in ASCII, `encode` turns into the same text, character for character.
"""

import re
from binascii import crc_hqx
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NoReturn

MAX_AMOUNT_VND: Final = 9_999_999_999_999
"""The largest amount field 54 can hold: 13 digits, whole đồng."""

MAX_TEXT: Final = 512
"""Characters in one code (EMVCo QRCPS 1.1, section 3)."""

_NAPAS: Final = "A000000727"
_DIGITS_4: Final = re.compile(r"[0-9]{4}")
_BIN: Final = re.compile(r"[0-9]{6}")
_ACCOUNT: Final = re.compile(r"[0-9A-Za-z]{1,19}")
_CARD: Final = re.compile(r"[0-9]{1,19}")
_AMOUNT: Final = re.compile(r"[1-9][0-9]{0,12}")
_TEMPLATE_TAGS: Final = ("00", "01", "02")
_PAYEE_TAGS: Final = ("00", "01")
_MERCHANT: Final = {"59": ("merchant_name", 25), "60": ("city", 15), "61": ("postcode", 10)}
_DETAILS: Final = {
    "01": ("bill", 25),
    "02": ("mobile", 25),
    "03": ("store", 25),
    "05": ("reference", 25),
    "06": ("customer", 25),
    "07": ("terminal", 25),
    "08": ("purpose", 25),
}
_TOP_TAGS: Final = ("00", "01", "38", "52", "53", "54", "58", *_MERCHANT, "62")


class Service(StrEnum):
    """What the payee number is; the values are NAPAS's service codes."""

    ACCOUNT = "QRIBFTTA"
    CARD = "QRIBFTTC"


class Reason(StrEnum):
    """Why a text or a set of values is not a VietQR. The values are stable: others may store and translate them."""

    TOO_LONG = "too_long"
    NOT_PRINTABLE = "not_printable"
    NOT_ASCII = "not_ascii"
    CRC_NOT_LAST = "crc_not_last"
    CRC_LOWER_CASE = "crc_lower_case"
    CRC_WRONG = "crc_wrong"
    BAD_HEADER = "bad_header"
    BAD_LENGTH = "bad_length"
    DUPLICATE_TAG = "duplicate_tag"
    WRONG_ORDER = "wrong_order"
    UNKNOWN_TAG = "unknown_tag"
    MISSING_TAG = "missing_tag"
    BAD_VALUE = "bad_value"
    BAD_AMOUNT = "bad_amount"
    STATIC_WITH_AMOUNT = "static_with_amount"
    DYNAMIC_WITHOUT_AMOUNT = "dynamic_without_amount"


class VietQRError(ValueError):
    """Not a VietQR. Carries a stable `reason` and the tag path `where` (like "38.01"), never the value itself."""

    def __init__(self, reason: Reason, where: str) -> None:
        super().__init__(f"{reason} at {where}")
        self.reason = reason
        self.where = where


@dataclass(frozen=True)
class VietQR:
    """A request to transfer `amount_vnd` whole đồng (None: the payer types it) to one account or card.

    Checked when made, so every instance is a code. Personal fields are kept out of `repr`, which ends in logs.

    Raises:
        VietQRError: a value is empty, too long, of the wrong alphabet, or the details (62) exceed 99 characters.
    """

    bin: str
    account: str = field(repr=False)
    service: Service = Service.ACCOUNT
    amount_vnd: int | None = None
    bill: str | None = None
    mobile: str | None = field(default=None, repr=False)
    store: str | None = None
    reference: str | None = None
    customer: str | None = field(default=None, repr=False)
    terminal: str | None = None
    purpose: str | None = field(default=None, repr=False)
    merchant_name: str | None = field(default=None, repr=False)
    city: str | None = None
    postcode: str | None = None
    category: str | None = None

    def __post_init__(self) -> None:
        if not _BIN.fullmatch(self.bin):
            _refuse(Reason.BAD_VALUE, "38.01.00")
        if not (_CARD if self.service is Service.CARD else _ACCOUNT).fullmatch(self.account):
            _refuse(Reason.BAD_VALUE, "38.01.01")
        if self.category is not None and not _DIGITS_4.fullmatch(self.category):
            _refuse(Reason.BAD_VALUE, "52")
        if self.amount_vnd is not None and not (
            type(self.amount_vnd) is int and 1 <= self.amount_vnd <= MAX_AMOUNT_VND
        ):
            _refuse(Reason.BAD_AMOUNT, "54")
        for tag, (name, limit) in _MERCHANT.items():
            _check_words(getattr(self, name), limit, tag)
        for tag, (name, limit) in _DETAILS.items():
            _check_words(getattr(self, name), limit, f"62.{tag}")
        if len(_compose(self, _DETAILS)) > 99:
            _refuse(Reason.TOO_LONG, "62")


def encode(qr: VietQR) -> str:
    """Write `qr` as the text inside the picture.

    Raises:
        VietQRError: a free field holds something other than ASCII (`not_ascii`).
    """
    payee = _field("00", qr.bin) + _field("01", qr.account)
    template = _field("00", _NAPAS) + _field("01", payee) + _field("02", qr.service)
    body = "".join(
        (
            _field("00", "01"),
            _field("01", "11" if qr.amount_vnd is None else "12"),
            _field("38", template),
            _field("52", qr.category),
            _field("53", "704"),
            _field("54", None if qr.amount_vnd is None else str(qr.amount_vnd)),
            _field("58", "VN"),
            _compose(qr, _MERCHANT),
            _field("62", _compose(qr, _DETAILS) or None),
            "6304",
        )
    )
    if not body.isascii():
        _refuse(Reason.NOT_ASCII, "text")
    return body + _crc(body)


def decode(text: str) -> VietQR:
    """Read the text of a picture.

    Raises:
        VietQRError: anything at all is off, down to a checksum in lower case or a trailing space.
    """
    if len(text) > MAX_TEXT:
        _refuse(Reason.TOO_LONG, "text")
    if not text.isprintable():
        _refuse(Reason.NOT_PRINTABLE, "text")
    top = _fields(_checked_body(text), _TOP_TAGS, "")
    for tag, only in (("00", "01"), ("53", "704"), ("58", "VN")):
        if _need(top, tag, tag) != only:
            _refuse(Reason.BAD_VALUE, tag)
    template = _fields(_need(top, "38", "38"), _TEMPLATE_TAGS, "38.")
    if _need(template, "00", "38.00") != _NAPAS:
        _refuse(Reason.BAD_VALUE, "38.00")
    payee = _fields(_need(template, "01", "38.01"), _PAYEE_TAGS, "38.01.")
    details = _fields(top.get("62", ""), _DETAILS, "62.")
    words = {name: top.get(tag) for tag, (name, _) in _MERCHANT.items()}
    words |= {name: details.get(tag) for tag, (name, _) in _DETAILS.items()}
    return VietQR(
        bin=_need(payee, "00", "38.01.00"),
        account=_need(payee, "01", "38.01.01"),
        service=_service(_need(template, "02", "38.02")),
        amount_vnd=_amount_vnd(_need(top, "01", "01"), top.get("54")),
        category=top.get("52"),
        **words,
    )


def _refuse(reason: Reason, where: str) -> NoReturn:
    raise VietQRError(reason, where)


def _check_words(value: str | None, limit: int, where: str) -> None:
    if value is None:
        return
    if not 1 <= len(value) <= limit:
        _refuse(Reason.BAD_LENGTH, where)
    if not value.isprintable():
        _refuse(Reason.NOT_PRINTABLE, where)


def _field(tag: str, value: str | None) -> str:
    return "" if value is None else f"{tag}{len(value):02}{value}"


def _compose(qr: VietQR, table: dict[str, tuple[str, int]]) -> str:
    return "".join(_field(tag, getattr(qr, name)) for tag, (name, _) in table.items())


def _crc(body: str) -> str:
    return f"{crc_hqx(body.encode(), 0xFFFF):04X}"


def _checked_body(text: str) -> str:
    """Everything before field 63, once that field is last and right."""
    body, printed = text[:-4], text[-4:]
    if not body.endswith("6304"):
        _refuse(Reason.CRC_NOT_LAST, "63")
    computed = _crc(body)
    if printed != computed:
        _refuse(Reason.CRC_LOWER_CASE if printed.upper() == computed else Reason.CRC_WRONG, "63")
    return body.removesuffix("6304")


def _fields(text: str, known: Collection[str], where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at, last = 0, ""
    while at < len(text):
        header = text[at : at + 4]
        if not _DIGITS_4.fullmatch(header):
            _refuse(Reason.BAD_HEADER, f"{where}{last or 'start'}+")
        tag, size = header[:2], int(header[2:])
        value = text[at + 4 : at + 4 + size]
        if size == 0 or len(value) != size:
            _refuse(Reason.BAD_LENGTH, where + tag)
        if tag in found:
            _refuse(Reason.DUPLICATE_TAG, where + tag)
        if tag not in known:
            _refuse(Reason.UNKNOWN_TAG, where + tag)
        if tag < last:
            _refuse(Reason.WRONG_ORDER, where + tag)
        found[tag] = value
        at, last = at + 4 + size, tag
    return found


def _need(found: dict[str, str], tag: str, where: str) -> str:
    if tag not in found:
        _refuse(Reason.MISSING_TAG, where)
    return found[tag]


def _service(value: str) -> Service:
    try:
        return Service(value)
    except ValueError:
        _refuse(Reason.BAD_VALUE, "38.02")


def _amount_vnd(kind: str, amount: str | None) -> int | None:
    if kind not in ("11", "12"):
        _refuse(Reason.BAD_VALUE, "01")
    if amount is None:
        return None if kind == "11" else _refuse(Reason.DYNAMIC_WITHOUT_AMOUNT, "01")
    if kind == "11":
        _refuse(Reason.STATIC_WITH_AMOUNT, "01")
    if not _AMOUNT.fullmatch(amount):
        _refuse(Reason.BAD_AMOUNT, "54")
    return int(amount)
