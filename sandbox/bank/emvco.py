"""A phone bank's reader of VietQR codes: EMVCo tag-length-value, strict, written apart from the platform's codec."""

from __future__ import annotations

import re
from dataclasses import dataclass

NAPAS_AID = "A000000727"
SERVICES = {"QRIBFTTA": "account", "QRIBFTTC": "card"}


class UnreadableCodeError(ValueError):
    """The string is not a VietQR code a bank would accept; the message is for people, in Vietnamese."""


@dataclass(frozen=True, slots=True)
class ScannedCode:
    """What a payer sees after scanning. `amount_vnd` is None when the payer types it."""

    bin: str
    account: str
    kind: str
    amount_vnd: int | None
    memo: str


def crc16(text: str) -> str:
    """CRC-16/CCITT-FALSE of `text` as four upper-case hex digits (EMVCo QR, field 63)."""
    register = 0xFFFF
    for byte in text.encode("utf-8"):
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1) ^ 0x1021 if register & 0x8000 else register << 1
            register &= 0xFFFF
    return f"{register:04X}"


def _fields(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    rest = text
    while rest:
        head, rest = rest[:4], rest[4:]
        if not re.fullmatch(r"[0-9]{4}", head):
            raise UnreadableCodeError("Mã không đúng cấu trúc VietQR.")
        tag, length = head[:2], int(head[2:])
        value, rest = rest[:length], rest[length:]
        if length == 0 or len(value) != length or tag in found:
            raise UnreadableCodeError("Mã bị thiếu hoặc lặp thông tin.")
        found[tag] = value
    return found


def _check_frame(text: str) -> None:
    if len(text) < 30 or text[:6] != "000201":
        raise UnreadableCodeError("Đây không phải mã VietQR.")
    if text[-8:-4] != "6304" or text[-4:] != crc16(text[:-4]):
        raise UnreadableCodeError("Mã bị sai ký tự (mã kiểm tra không khớp). Bạn chép lại giúp nhé.")


def _payee(template: str) -> tuple[str, str, str]:
    outer = _fields(template)
    if outer.get("00") != NAPAS_AID or outer.get("02") not in SERVICES:
        raise UnreadableCodeError("Mã này không phải mã chuyển tiền VietQR.")
    inner = _fields(outer.get("01", ""))
    bank, account = inner.get("00", ""), inner.get("01", "")
    if not re.fullmatch(r"[0-9]{6}", bank) or not re.fullmatch(r"[0-9A-Za-z]{1,19}", account):
        raise UnreadableCodeError("Mã không ghi rõ tài khoản nhận.")
    return bank, account, SERVICES[outer["02"]]


def scan(text: str) -> ScannedCode:
    """Read a VietQR string as a bank's app would.

    Raises:
        UnreadableCodeError: a wrong checksum, a broken structure, another kind of code, an amount not in whole đồng.
    """
    text = text.strip("\r\n\t ")
    _check_frame(text)
    fields = _fields(text)
    if fields.get("01") not in ("11", "12") or fields.get("53") != "704" or fields.get("58") != "VN":
        raise UnreadableCodeError("Mã này không dùng cho chuyển tiền bằng đồng Việt Nam.")
    bank, account, kind = _payee(fields.get("38", ""))
    amount = fields.get("54")
    if amount is not None and not re.fullmatch(r"[1-9][0-9]{0,12}", amount):
        raise UnreadableCodeError("Số tiền trong mã không hợp lệ.")
    extra = _fields(fields["62"]) if "62" in fields else {}
    return ScannedCode(
        bin=bank,
        account=account,
        kind=kind,
        amount_vnd=int(amount) if amount else None,
        memo=extra.get("08", ""),
    )
