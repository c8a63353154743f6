"""The play bank reads VietQR codes as strictly as a bank does."""

from __future__ import annotations

import pytest

from sandbox.bank.emvco import UnreadableCodeError, crc16, scan

VECTORS = [
    (
        "00020101021138570010A00000072701270006970403011300110123456780208QRIBFTTA53037045802VN63049E6F",
        ("970403", "0011012345678", "account", None, ""),
    ),
    (
        "00020101021138600010A00000072701300006970403011697040311012345670208QRIBFTTC53037045802VN63044F52",
        ("970403", "9704031101234567", "card", None, ""),
    ),
    (
        "00020101021238570010A00000072701270006970403011300110123456780208QRIBFTTA530370454061800005802VN6234"
        "0107NPS68690819thanh toan don hang63042E2E",
        ("970403", "0011012345678", "account", 180000, "thanh toan don hang"),
    ),
    (
        "00020101021238570010A00000072701270006970415011300110019324180208QRIBFTTA530370454061200005802VN6217"
        "0813ung ho lu lut6304C15C",
        ("970415", "0011001932418", "account", 120000, "ung ho lu lut"),
    ),
    (
        "00020101021238570010A00000072701270006970415011300110019324180208QRIBFTTA5303704540422575802VN62050801A6304000A",
        ("970415", "0011001932418", "account", 2257, "A"),
    ),
    (
        "00020101021238570010A00000072701270006970405011388880001234560208QRIBFTTA53037045405500005802VN6249"
        "0106DH00010505SAP120708CHOQUE010814CHO QUE SAP 1263044416",
        ("970405", "8888000123456", "account", 50000, "CHO QUE SAP 12"),
    ),
]
GOOD = VECTORS[2][0]


def sealed(text: str) -> str:
    """`text` (without its CRC) with a right CRC, so that only the other fault can be what is refused."""
    return f"{text}6304{crc16(text + '6304')}"


@pytest.mark.parametrize(("text", "expected"), VECTORS)
def test_known_codes_are_read(text, expected):
    code = scan(text)
    assert (code.bin, code.account, code.kind, code.amount_vnd, code.memo) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "xin chào",
        GOOD[:-1] + "F",
        GOOD[:-4] + GOOD[-4:].lower(),
        GOOD + "A",
        GOOD[:40],
        sealed(GOOD[:-8].replace("5406180000", "54061.8000")),
        sealed(GOOD[:-8].replace("5406180000", "5406-18000")),
        sealed(GOOD[:-8].replace("5406180000", "54010")),
        sealed(GOOD[:-8].replace("5406180000", "54051800054051800")),
        sealed(GOOD[:-8].replace("5303704", "5303840")),
        sealed(GOOD[:-8].replace("A000000727", "A000000728")),
        sealed(GOOD[:-8].replace("QRIBFTTA", "QRIBFTTX")),
        sealed(GOOD[:-8].replace("0819", "0820")),
        sealed(GOOD[:-8] + "5802VN"),
    ],
)
def test_broken_or_foreign_codes_are_refused(text):
    with pytest.raises(UnreadableCodeError):
        scan(text)
