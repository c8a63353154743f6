"""A payment order as it is given to the play bank, checked before any money moves."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.bank.emvco import UnreadableCodeError, scan
from sandbox.bank.mangle import MANGLES
from sandbox.bank.wires import HANOI, WIRES

MAX_AMOUNT_VND = 9_999_999_999_999
MAX_TIMES = 20
MAX_DELIVERIES = 20
MAX_DELAY_S = 86_400.0
MAX_MEMO_CHARS = 210


class RefusedOrderError(ValueError):
    """The bank refuses the order: `code` is stable, the message is for people, in Vietnamese."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose money it is; a made-up person unless told otherwise."""

    name: str = "NGUYEN VAN AN"
    account: str = "0987654321"
    bin: str = "970436"


@dataclass(frozen=True, slots=True)
class PayOrder:
    """`times` separate transfers of `amount_vnd`, each told `deliveries` times, `delay_s` seconds late."""

    bin: str
    account: str
    amount_vnd: int
    memo: str
    wire: str
    times: int = 1
    deliveries: int = 1
    delay_s: float = 0.0
    mangle: str | None = None
    payer: Payer = field(default_factory=Payer)
    transferred_at: datetime | None = None


def _whole(data: dict[str, Any], name: str, default: int | None, low: int, high: int) -> int:
    value = data.get(name)
    value = default if value is None or value == "" else value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise RefusedOrderError(f"invalid_{name}", f"{name}: cần một số nguyên từ {low} đến {high}.")
    return value


def _seconds(data: dict[str, Any]) -> float:
    value = data.get("delay_s") or 0
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = -1.0
    if isinstance(value, bool) or not 0 <= seconds <= MAX_DELAY_S:
        raise RefusedOrderError("invalid_delay_s", f"delay_s: cần số giây từ 0 đến {MAX_DELAY_S:.0f}.")
    return seconds


def _text(data: dict[str, Any], name: str, default: str, pattern: str) -> str:
    value = data.get(name)
    value = default if value is None else value
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise RefusedOrderError(f"invalid_{name}", f"{name}: không hợp lệ.")
    return value


def _moment(value: Any) -> datetime | None:
    """An ISO 8601 time; without a zone it is +07:00."""
    if value is None or value == "":
        return None
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=HANOI)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise RefusedOrderError("invalid_transferred_at", "transferred_at: cần thời điểm ISO 8601.") from error


def _payer(value: Any) -> Payer:
    if value is None:
        return Payer()
    if not isinstance(value, dict):
        raise RefusedOrderError("invalid_payer", "payer: cần {name, account, bin}.")
    usual = Payer()
    return Payer(
        name=_text(value, "name", usual.name, r"[^\x00-\x1f\x7f]{1,70}"),
        account=_text(value, "account", usual.account, r"[0-9A-Za-z]{1,19}"),
        bin=_text(value, "bin", usual.bin, r"[0-9]{6}"),
    )


def parse_order(data: dict[str, Any]) -> PayOrder:
    """Read `{qr? | (bin, account, memo), amount_vnd?, wire, times?, deliveries?, delay_s?, mangle?, account_override?,
    payer?, transferred_at?}`; what is said beside a code (amount, memo) wins over the code.

    Raises:
        RefusedOrderError: anything missing, out of range or unreadable.
    """
    payee: dict[str, Any] = dict(data)
    if data.get("qr"):
        try:
            code = scan(str(data["qr"]))
        except UnreadableCodeError as error:
            raise RefusedOrderError("unreadable_qr", str(error)) from error
        payee |= {"bin": code.bin, "account": code.account}
        payee["memo"] = code.memo if data.get("memo") is None else data["memo"]
        payee["amount_vnd"] = code.amount_vnd if data.get("amount_vnd") in (None, "") else data["amount_vnd"]
    wire = data.get("wire") or "sepay"
    if wire not in WIRES:
        raise RefusedOrderError("invalid_wire", f"wire: chọn một trong {', '.join(WIRES)}.")
    how = data.get("mangle") or None
    if how is not None and how not in MANGLES:
        raise RefusedOrderError("invalid_mangle", f"mangle: chọn một trong {', '.join(MANGLES)}.")
    account = _text(payee, "account", "", r"[0-9A-Za-z]{1,19}")
    return PayOrder(
        bin=_text(payee, "bin", "", r"[0-9]{6}"),
        account=_text(data, "account_override", "", r"[0-9A-Za-z]{0,19}") or account,
        amount_vnd=_whole(payee, "amount_vnd", None, 1, MAX_AMOUNT_VND),
        memo=_text(payee, "memo", "", rf"[^\x00-\x1f\x7f]{{0,{MAX_MEMO_CHARS}}}"),
        wire=wire,
        times=_whole(data, "times", 1, 1, MAX_TIMES),
        deliveries=_whole(data, "deliveries", 1, 0, MAX_DELIVERIES),
        delay_s=_seconds(data),
        mangle=how,
        payer=_payer(data.get("payer")),
        transferred_at=_moment(data.get("transferred_at")),
    )
