#!/usr/bin/env python3
"""Kiểm tra biên nhận ủng hộ mà không cần tin trang web. / Check a gift receipt without trusting the web site.

One file, Python 3.11+, nothing but ``cryptography`` besides the standard library, no network. It checks that

1. the log's key signed the checkpoint (C2SP signed-note, Ed25519),
2. the receipt's leaf is an entry of the tree in that checkpoint (RFC 6962 inclusion proof),
3. the leaf has the documented form and is this receipt's own (number, amount and household agree),
4. with --donor and --salt: the leaf was made for this name.

    python verify_receipt.py receipt.json --key 'origin+id+base64'
    curl -s https://…/api/v1/gifts/CODE | python verify_receipt.py - --key log.vkey

Exit status: 0 proven, 1 not proven, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import io
import json
import re
import sys
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TextIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_RECEIPT_CHARS = 1 << 20
MAX_PROOF_HASHES = 64
VIETNAM = timezone(timedelta(hours=7))
CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{3,31}", re.ASCII)
Key = tuple[str, bytes, bytes]  # name, key id, Ed25519 public key
RAILS = {
    "vietqr": ("chuyển khoản VietQR", "VietQR transfer"),
    "card": ("thẻ", "card"),
}
KINDS = {
    "gift_received": ("Khoản ủng hộ đã được ngân hàng báo nhận", "A gift confirmed as received"),
    "allocation": ("Phân bổ từ đợt vận động", "An allocation from a campaign"),
    "disbursement": ("Chi cho hộ", "A disbursement to a household"),
    "confirmation": ("Hộ xác nhận đã nhận", "A household's confirmation"),
    "reversal": ("Khoản đã hoàn lại", "A reversed gift"),
}


class ReceiptError(Exception):
    """Why a receipt does not hold, in Vietnamese and English."""

    def __init__(self, vietnamese: str, english: str) -> None:
        super().__init__(vietnamese, english)
        self.vietnamese = vietnamese
        self.english = english


def main() -> int:
    """Check the receipt named on the command line; 0 when all of it is proven."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    options = parse_options()
    try:
        answer = read_answer(options.receipt)
        leaf, receipt = check_receipt(answer, read_key(options.key))
        if options.donor is not None:
            open_commitment(leaf, options.donor, options.salt)
    except ReceiptError as reason:
        print(f"KHÔNG HỢP LỆ: {reason.vietnamese}")
        print(f"NOT PROVEN: {reason.english}")
        return 1
    report(leaf, receipt, donor=options.donor)
    return 0


def parse_options() -> argparse.Namespace:
    """The command line; leaves with status 2 when it makes no sense."""
    parser = argparse.ArgumentParser(
        description="Kiểm tra biên nhận ủng hộ với sổ công khai. / Check a gift receipt against the public log."
    )
    parser.add_argument("receipt", nargs="?", default="-", help="tệp JSON, hoặc - / JSON file, or - for stdin")
    parser.add_argument(
        "--key", required=True, help="khóa của sổ hoặc tệp chứa khóa / the log's key, or a file with it"
    )
    parser.add_argument("--donor", help="tên người ủng hộ cần đối chiếu / donor name to check")
    parser.add_argument("--salt", help="mã bí mật kèm biên nhận (hex) / secret salt of the receipt (hex)")
    options = parser.parse_args()
    if (options.donor is None) != (options.salt is None):
        parser.error("--donor và --salt đi cùng nhau / --donor and --salt belong together")
    return options


def read_answer(source: str) -> dict[str, Any]:
    """A receipt, or the whole answer of GET /api/v1/gifts/{code}, from a file or standard input."""
    try:
        if source == "-":
            text = read_limited(sys.stdin)
        else:
            with Path(source).open(encoding="utf-8") as file:
                text = read_limited(file)
        answer = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise ReceiptError(
            "không đọc được biên nhận", f"the receipt cannot be read ({type(error).__name__})"
        ) from error
    if not isinstance(answer, dict):
        raise ReceiptError("biên nhận không đúng định dạng", "the receipt is not a JSON object")
    return answer


def read_limited(file: TextIO) -> str:
    """The file's text, up to a size no receipt comes near."""
    text = file.read(MAX_RECEIPT_CHARS + 1)
    if len(text) > MAX_RECEIPT_CHARS:
        raise ValueError("too long")
    return text.removeprefix("\ufeff")


def read_key(text: str) -> Key:
    """The log's key from ``name+hex+base64``, or from a file that holds it."""
    with contextlib.suppress(OSError, ValueError):  # when it names no file, it should be the key itself
        text = Path(text).read_text(encoding="utf-8")
    parts = text.strip().split("+", 2)
    if len(parts) == 3:
        name, key_id, material = parts
        raw = decode_base64(material, "khóa", "the key")
        expected = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
        if len(raw) == 33 and raw[0] == 1 and expected.hex() == key_id:
            return name, expected, raw[1:]
    raise ReceiptError("khóa của sổ không đúng định dạng", "the log's key is malformed")


def check_receipt(answer: dict[str, Any], key: Key) -> tuple[dict[str, Any], dict[str, Any]]:
    """The leaf and the receipt, once everything about them is proven."""
    receipt = answer.get("receipt", answer)
    if receipt is None:
        raise ReceiptError("khoản này chưa có trong sổ, xin thử lại sau vài phút", "not logged yet, try again soon")
    if not isinstance(receipt, dict):
        raise ReceiptError("biên nhận không đúng định dạng", "the receipt is not a JSON object")
    leaf_bytes = decode_base64(field(receipt, "leaf", str), "nội dung", "the leaf")
    index, size = field(receipt, "index", int), field(receipt, "tree_size", int)
    proof = decode_proof(field(receipt, "proof", list))
    signed_size, root = open_checkpoint(field(receipt, "checkpoint", str), key)
    if signed_size != size:
        raise ReceiptError("cỡ của sổ khác với bản ký", "the tree size differs from the signed one")
    check_inclusion(leaf_bytes, index, size, proof, root)
    leaf = read_leaf(leaf_bytes)
    check_agreement(leaf, receipt, answer)
    return leaf, receipt


def field(record: dict[str, Any], name: str, kind: type) -> Any:
    """A field of exactly this type (a JSON true is not a number)."""
    value = record.get(name)
    if type(value) is not kind:
        raise ReceiptError(f"biên nhận thiếu hoặc sai mục {name}", f"the receipt's {name} is missing or malformed")
    return value


def decode_base64(text: str, vietnamese: str, english: str) -> bytes:
    """Standard base64 in its canonical spelling."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raw = b""
    if not raw or base64.b64encode(raw).decode() != text:
        raise ReceiptError(f"{vietnamese} không phải base64", f"{english} is not base64")
    return raw


def decode_proof(hashes: list[Any]) -> list[bytes]:
    """The audit path: at most 64 hashes, each 64 hex digits."""
    try:
        proof = [bytes.fromhex(item) for item in hashes]
    except (TypeError, ValueError):
        proof = [b""]
    if len(proof) > MAX_PROOF_HASHES or any(len(digest) != 32 for digest in proof):
        raise ReceiptError("đường chứng minh sai định dạng", "the proof is malformed")
    return proof


def open_checkpoint(note: str, key: Key) -> tuple[int, bytes]:
    """The tree size and root hash of a checkpoint that the key signed (C2SP signed-note and tlog-checkpoint)."""
    name, key_id, public = key
    split = note.rfind("\n\n")
    if split < 0 or not note.endswith("\n") or any(char < " " and char != "\n" for char in note):
        raise ReceiptError("bản ký của sổ sai định dạng", "the checkpoint is malformed")
    text = note[: split + 1]
    signatures = [
        raw[4:]
        for line in note[split + 2 : -1].split("\n")
        if (raw := signature_of(line, name)) is not None and raw[:4] == key_id
    ]
    if not signatures:
        raise ReceiptError("bản ký không phải của sổ này", "the checkpoint is not signed by this key")
    try:
        verifier = Ed25519PublicKey.from_public_bytes(public)
        for signature in signatures:
            verifier.verify(signature, text.encode())
    except (InvalidSignature, ValueError) as error:
        raise ReceiptError("chữ ký của sổ không đúng", "the log's signature is wrong") from error
    return parse_checkpoint(text, name)


def signature_of(line: str, name: str) -> bytes | None:
    """The key id and signature on a line signed under this name."""
    prefix = f"— {name} "
    return decode_base64(line.removeprefix(prefix), "chữ ký", "the signature") if line.startswith(prefix) else None


def parse_checkpoint(text: str, name: str) -> tuple[int, bytes]:
    """Size and root hash of the log with this name."""
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines) or lines[0] != name:
        raise ReceiptError("bản ký là của sổ khác", "the checkpoint is another log's")
    if not (lines[1].isascii() and lines[1].isdigit() and len(lines[1]) < 20 and str(int(lines[1])) == lines[1]):
        raise ReceiptError("bản ký của sổ sai định dạng", "the checkpoint is malformed")
    root = decode_base64(lines[2], "mã gốc", "the root hash")
    if len(root) != 32:
        raise ReceiptError("bản ký của sổ sai định dạng", "the checkpoint is malformed")
    return int(lines[1]), root


def check_inclusion(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> None:
    """RFC 9162 section 2.1.3.2 over the hashes of RFC 6962."""
    position, last = index, size - 1
    digest = hashlib.sha256(b"\x00" + leaf).digest()
    fits = 0 <= index < size
    for sibling in proof:
        fits = fits and last != 0
        if position & 1 or position == last:
            digest = hashlib.sha256(b"\x01" + sibling + digest).digest()
            while fits and position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            digest = hashlib.sha256(b"\x01" + digest + sibling).digest()
        position, last = position >> 1, last >> 1
    if not fits or last != 0 or digest != root:
        raise ReceiptError("biên nhận không có trong sổ đã ký", "the leaf is not in the signed tree")


def read_leaf(data: bytes) -> dict[str, Any]:
    """The leaf's fields, provided it is canonical JSON of version 1."""
    try:
        leaf = json.loads(data)
        canonical = json.dumps(leaf, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        leaf, canonical = None, b""
    if not isinstance(leaf, dict) or canonical != data or type(leaf.get("v")) is not int or leaf["v"] != 1:
        raise ReceiptError("nội dung trong sổ sai định dạng", "the leaf is not canonical JSON of version 1")
    if str(leaf.get("kind")) not in KINDS or str(leaf.get("rail", "vietqr")) not in RAILS:
        raise ReceiptError("loại ghi chép trong sổ không rõ", "the leaf's kind is unknown")
    if type(leaf.get("amount_vnd")) is not int or leaf["amount_vnd"] <= 0:
        raise ReceiptError("số tiền trong sổ sai định dạng", "the leaf's amount is malformed")
    if not is_code(leaf.get("code")) or not (leaf.get("household") is None or is_code(leaf["household"])):
        raise ReceiptError("mã trong sổ sai định dạng", "the leaf's codes are malformed")
    parse_time(leaf.get("at"))
    return leaf


def is_code(value: object) -> bool:
    """Whether it looks like a public code, and so is safe to show on a terminal."""
    return isinstance(value, str) and CODE.fullmatch(value) is not None


def parse_time(text: object) -> datetime:
    """RFC 3339 UTC, whole seconds."""
    try:
        return datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise ReceiptError("thời điểm trong sổ sai định dạng", "the leaf's time is malformed") from error


def check_agreement(leaf: dict[str, Any], receipt: dict[str, Any], answer: dict[str, Any]) -> None:
    """The proven leaf must be this receipt's own, or one leaf could serve as the proof of many gifts."""
    codes = [code for code in (receipt.get("number"), answer.get("code")) if code is not None]
    if codes and leaf["code"] not in codes:
        raise ReceiptError("sổ ghi một biên nhận khác", f"the leaf is about another receipt ({leaf['code']})")
    for name, said in (("amount_vnd", "amount_vnd"), ("household", "household_code")):
        if answer.get(said) is not None and answer[said] != leaf.get(name):
            raise ReceiptError(f"mục {said} khác với sổ", f"{said} differs from the log ({leaf.get(name)})")


def open_commitment(leaf: dict[str, Any], donor: str, salt: str) -> None:
    """The leaf's donor commitment must be SHA-256(salt || NFC name)."""
    try:
        secret = bytes.fromhex(salt)
    except ValueError:
        secret = b""
    digest = hashlib.sha256(secret + unicodedata.normalize("NFC", donor).encode()).hexdigest()
    if len(secret) != 32 or leaf.get("donor") != digest:
        raise ReceiptError("tên người ủng hộ không khớp với sổ", "the donor name does not open the commitment")


def report(leaf: dict[str, Any], receipt: dict[str, Any], *, donor: str | None) -> None:
    """Say what was proven, Vietnamese first."""
    at = parse_time(leaf["at"])
    household, rail = leaf.get("household"), RAILS.get(leaf.get("rail", ""))
    amount, position, size = leaf["amount_vnd"], receipt["index"], receipt["tree_size"]
    vi, en = KINDS[leaf["kind"]]
    print(f"HỢP LỆ. {vi}, mã {leaf['code']}.")
    print(f"  Số tiền: {amount:,} đồng".replace(",", "."))
    if household:
        print(f"  Hộ: {household}")
    print(f"  Lúc: {at.astimezone(VIETNAM):%H:%M:%S ngày %d/%m/%Y} (giờ Việt Nam)")
    if rail:
        print(f"  Cách trả: {rail[0]}")
    if donor is not None:
        print(f"  Người ủng hộ: {donor} (khớp)")
    print(f"  Dòng số {position} trong sổ công khai gồm {size} dòng, sổ đã ký.")
    print(f"PROVEN. {en}, code {leaf['code']}.")
    print(f"  Amount: {amount:,} VND")
    if household:
        print(f"  Household: {household}")
    print(f"  Time: {at:%Y-%m-%d %H:%M:%S} UTC")
    if rail:
        print(f"  Paid by: {rail[1]}")
    if donor is not None:
        print(f"  Donor: {donor} (matches)")
    print(f"  Entry {position} of the signed public log of {size} entries.")


if __name__ == "__main__":
    sys.exit(main())
