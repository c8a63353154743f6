"""The VietQR codec: published vectors, refusals, and the promise that nothing is repaired."""

from binascii import crc_hqx

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from app.payments.vietqr.codec import MAX_AMOUNT_VND, Reason, Service, VietQR, VietQRError, decode, encode

STATIC = VietQR("970403", "0011012345678")
VECTORS = [
    (
        STATIC,
        "00020101021138570010A00000072701270006970403011300110123456780208QRIBFTTA53037045802VN63049E6F",
    ),
    (
        VietQR("970403", "9704031101234567", Service.CARD),
        "00020101021138600010A00000072701300006970403011697040311012345670208QRIBFTTC53037045802VN63044F52",
    ),
    (
        VietQR("970403", "0011012345678", amount_vnd=180_000, bill="NPS6869", purpose="thanh toan don hang"),
        (
            "00020101021238570010A00000072701270006970403011300110123456780208QRIBFTTA530370454061800005802VN"
            "62340107NPS68690819thanh toan don hang63042E2E"
        ),
    ),
    (
        VietQR("970415", "0011001932418", amount_vnd=120_000, purpose="ung ho lu lut"),
        (
            "00020101021238570010A00000072701270006970415011300110019324180208QRIBFTTA530370454061200005802VN"
            "62170813ung ho lu lut6304C15C"
        ),
    ),
    (
        VietQR("970415", "0011001932418", amount_vnd=2257, purpose="A"),
        (
            "00020101021238570010A00000072701270006970415011300110019324180208QRIBFTTA5303704540422575802VN"
            "62050801A6304000A"
        ),
    ),
    (
        VietQR(
            "970405",
            "8888000123456",
            amount_vnd=50_000,
            bill="DH0001",
            reference="SAP12",
            terminal="CHOQUE01",
            purpose="CHO QUE SAP 12",
        ),
        (
            "00020101021238570010A00000072701270006970405011388880001234560208QRIBFTTA53037045405500005802VN"
            "62490106DH00010505SAP120708CHOQUE010814CHO QUE SAP 1263044416"
        ),
    ),
]
TEXTS = [text for _, text in VECTORS]
TEMPLATE = "38570010A00000072701270006970403011300110123456780208QRIBFTTA"
SCHEME = "0010A000000727"
PAYEE = "0127000697040301130011012345678"
SERVICE = "0208QRIBFTTA"


def sealed(body: str) -> str:
    """`body` with the checksum that belongs to it, so that a test reaches what lies behind the checksum."""
    return f"{body}6304{crc_hqx(f'{body}6304'.encode(), 0xFFFF):04X}"


def tlv(before: str, tag: str, value: str) -> str:
    return f"{before}{tag}{len(value):02}{value}"


def with_payee(payee: str, service: str = "QRIBFTTA") -> str:
    return tlv(tlv(SCHEME, "01", payee), "02", service)


def reason_of(text: str) -> Reason:
    with pytest.raises(VietQRError) as refusal:
        decode(text)
    return refusal.value.reason


@pytest.mark.parametrize(("qr", "text"), VECTORS)
def test_a_published_vector_is_written_and_read_character_for_character(qr: VietQR, text: str) -> None:
    assert encode(qr) == text
    assert decode(text) == qr


def test_the_checksum_is_the_standards_own() -> None:
    assert crc_hqx(b"123456789", 0xFFFF) == 0x29B1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", Reason.CRC_NOT_LAST, id="empty"),
        pytest.param(TEXTS[0] + " ", Reason.CRC_NOT_LAST, id="trailing space"),
        pytest.param(TEXTS[0] + "\n", Reason.NOT_PRINTABLE, id="trailing newline"),
        pytest.param(TEXTS[0] + "\x00", Reason.NOT_PRINTABLE, id="trailing NUL"),
        pytest.param(TEXTS[0] + "5802VN", Reason.CRC_NOT_LAST, id="field after the checksum"),
        pytest.param(" " + TEXTS[0], Reason.CRC_WRONG, id="leading space"),
        pytest.param(TEXTS[0][:-1], Reason.CRC_NOT_LAST, id="cut short"),
        pytest.param(TEXTS[0][:-8], Reason.CRC_NOT_LAST, id="no checksum"),
        pytest.param(TEXTS[0][:-4] + "9E6E", Reason.CRC_WRONG, id="wrong checksum"),
        pytest.param(TEXTS[0].replace("970403", "970415"), Reason.CRC_WRONG, id="another bank, old checksum"),
        pytest.param(TEXTS[0][:-4] + "9e6f", Reason.CRC_LOWER_CASE, id="checksum in lower case"),
        pytest.param(TEXTS[4][:-4] + "A", Reason.CRC_NOT_LAST, id="checksum without its leading zeros"),
        pytest.param(sealed(TEXTS[0]), Reason.UNKNOWN_TAG, id="a whole code inside another"),
        pytest.param("0" * 513, Reason.TOO_LONG, id="longer than the standard allows"),
        pytest.param("\ud800" + TEXTS[0], Reason.NOT_PRINTABLE, id="lone surrogate"),
    ],
)
def test_a_damaged_text_is_refused(text: str, reason: Reason) -> None:
    assert reason_of(text) is reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(f"000201010211010211{TEMPLATE}53037045802VN", Reason.DUPLICATE_TAG, id="01 twice"),
        pytest.param(f"000201010211{TEMPLATE}{TEMPLATE}53037045802VN", Reason.DUPLICATE_TAG, id="two payees"),
        pytest.param(f"000201010212{TEMPLATE}530370454041000540420005802VN", Reason.DUPLICATE_TAG, id="two amounts"),
        pytest.param(f"010211000201{TEMPLATE}53037045802VN", Reason.WRONG_ORDER, id="01 before 00"),
        pytest.param(f"000201010211{TEMPLATE}5802VN5303704", Reason.WRONG_ORDER, id="country before currency"),
        pytest.param(f"000201010211{TEMPLATE}53037045502015802VN", Reason.UNKNOWN_TAG, id="a tip field"),
        pytest.param(f"000201010211{TEMPLATE}53037045802VN8001A", Reason.UNKNOWN_TAG, id="an unreserved field"),
        pytest.param(f"010211{TEMPLATE}53037045802VN", Reason.MISSING_TAG, id="no version"),
        pytest.param(f"000201{TEMPLATE}53037045802VN", Reason.MISSING_TAG, id="neither static nor dynamic"),
        pytest.param("00020101021153037045802VN", Reason.MISSING_TAG, id="no payee"),
        pytest.param(f"000201010211{TEMPLATE}5802VN", Reason.MISSING_TAG, id="no currency"),
        pytest.param(f"000201010211{TEMPLATE}5303704", Reason.MISSING_TAG, id="no country"),
        pytest.param(f"000201010211{TEMPLATE}53037045803VN", Reason.BAD_LENGTH, id="length runs past the rest"),
        pytest.param(f"000201010211{TEMPLATE}53037045802VN6200", Reason.BAD_LENGTH, id="empty details"),
        pytest.param(f"000201010211{TEMPLATE}53037045802VN62040800", Reason.BAD_LENGTH, id="empty purpose"),
        pytest.param(f"000201010211{TEMPLATE}53037045802VN62050802A", Reason.BAD_LENGTH, id="inner too long"),
        pytest.param(f"000201010211{TEMPLATE}53037045802VN62060801AB", Reason.BAD_HEADER, id="inner too short"),
        pytest.param(f"000201010211{TEMPLATE}53037045802VN62", Reason.BAD_HEADER, id="a header cut in half"),
        pytest.param(f"00 201010211{TEMPLATE}53037045802VN", Reason.BAD_HEADER, id="a blank in a length"),
        pytest.param(
            f"00\u0660\u066201010211{TEMPLATE}53037045802VN", Reason.BAD_HEADER, id="a length in Arabic digits"
        ),
        pytest.param(f"000201010211{TEMPLATE}53037045802V", Reason.BAD_LENGTH, id="last value cut"),
        pytest.param(f"000201010211{TEMPLATE}53037045899VN", Reason.BAD_LENGTH, id="length 99"),
        pytest.param(f"000201010213{TEMPLATE}53037045802VN", Reason.BAD_VALUE, id="initiation 13"),
        pytest.param(f"000201010211{TEMPLATE}53038405802VN", Reason.BAD_VALUE, id="dollars"),
        pytest.param(f"000201010211{TEMPLATE}53037045802US", Reason.BAD_VALUE, id="another country"),
        pytest.param(f"000201010211{TEMPLATE}52031235303704", Reason.MISSING_TAG, id="category, no country"),
        pytest.param(f"000201010211{TEMPLATE}520312353037045802VN", Reason.BAD_VALUE, id="category of three digits"),
        pytest.param(f"000201010211{TEMPLATE}53037045802VN62050401A", Reason.UNKNOWN_TAG, id="loyalty number"),
        pytest.param(f"000201010211{TEMPLATE}53037045802VN62100801A0501B", Reason.WRONG_ORDER, id="details mixed"),
        pytest.param(f"000201010211{TEMPLATE}53037045802VN62100801A0801B", Reason.DUPLICATE_TAG, id="two purposes"),
        pytest.param(f"000201010211{TEMPLATE}53037045802VN62300826{'A' * 26}", Reason.BAD_LENGTH, id="purpose of 26"),
    ],
)
def test_a_malformed_code_is_refused_even_with_a_right_checksum(body: str, reason: Reason) -> None:
    assert reason_of(sealed(body)) is reason


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        pytest.param(tlv(SCHEME, "00", "A000000728") + PAYEE + SERVICE, Reason.DUPLICATE_TAG, id="two schemes"),
        pytest.param(tlv("", "00", "A000000728") + PAYEE + SERVICE, Reason.BAD_VALUE, id="another scheme"),
        pytest.param(PAYEE + SERVICE, Reason.MISSING_TAG, id="no scheme"),
        pytest.param(SCHEME + SERVICE, Reason.MISSING_TAG, id="no payee"),
        pytest.param(SCHEME + PAYEE, Reason.MISSING_TAG, id="no service"),
        pytest.param(SCHEME + SERVICE + PAYEE, Reason.WRONG_ORDER, id="service before payee"),
        pytest.param(SCHEME + PAYEE + tlv("", "02", "QRPUSH"), Reason.BAD_VALUE, id="service for merchants"),
        pytest.param(SCHEME + PAYEE + tlv("", "02", "qribftta"), Reason.BAD_VALUE, id="service in lower case"),
        pytest.param(SCHEME + PAYEE + SERVICE + "0301X", Reason.UNKNOWN_TAG, id="something more"),
        pytest.param(SCHEME + PAYEE + SERVICE + "030", Reason.BAD_HEADER, id="template does not add up"),
        pytest.param(SCHEME + PAYEE + SERVICE[:-1], Reason.BAD_LENGTH, id="template one short"),
        pytest.param(with_payee("0006970403"), Reason.MISSING_TAG, id="no account"),
        pytest.param(with_payee("011300110123456"), Reason.BAD_LENGTH, id="account longer than the payee"),
        pytest.param(with_payee("0113" + "0" * 13), Reason.MISSING_TAG, id="no bank"),
        pytest.param(with_payee("0006970403010110202AB"), Reason.UNKNOWN_TAG, id="a third part"),
        pytest.param(with_payee("00069704030101112"), Reason.BAD_HEADER, id="payee does not add up"),
        pytest.param(with_payee("0005970400101 1"), Reason.BAD_HEADER, id="bank of five digits that shifts the rest"),
        pytest.param(with_payee("0005970400101" + "1"), Reason.BAD_VALUE, id="bank of five digits"),
        pytest.param(with_payee("000697040A01011"), Reason.BAD_VALUE, id="letter in the bank"),
        pytest.param(with_payee("0006970403010500 11"), Reason.BAD_VALUE, id="blank in the account"),
        pytest.param(with_payee("00069704030103-12"), Reason.BAD_VALUE, id="sign in the account"),
        pytest.param(with_payee("00069704030120" + "1" * 20), Reason.BAD_VALUE, id="account of 20"),
        pytest.param(with_payee("0006970403010397A", "QRIBFTTC"), Reason.BAD_VALUE, id="letter in a card"),
    ],
)
def test_a_payee_that_is_not_one_account_at_one_bank_is_refused(template: str, reason: Reason) -> None:
    body = f"{tlv('000201010211', '38', template)}53037045802VN"
    assert reason_of(sealed(body)) is reason


@pytest.mark.parametrize(
    "amount",
    ["0", "00", "-1", "+1", "1,000", "1.000", "1000.00", "01000", "1e3", " 1", "1 ", "\u0661", "12345678901234"],
)
def test_an_amount_that_is_not_plain_whole_dong_is_refused(amount: str) -> None:
    body = f"000201010212{TEMPLATE}530370454{len(amount):02}{amount}5802VN"
    assert reason_of(sealed(body)) is Reason.BAD_AMOUNT


def test_static_and_dynamic_mean_without_and_with_an_amount() -> None:
    assert reason_of(sealed(f"000201010211{TEMPLATE}5303704540410005802VN")) is Reason.STATIC_WITH_AMOUNT
    assert reason_of(sealed(f"000201010212{TEMPLATE}53037045802VN")) is Reason.DYNAMIC_WITHOUT_AMOUNT


@pytest.mark.parametrize("amount_vnd", [0, -1, MAX_AMOUNT_VND + 1, True, 1.0])
def test_an_impossible_amount_makes_no_code(amount_vnd: int) -> None:
    with pytest.raises(VietQRError) as refusal:
        VietQR("970403", "1", amount_vnd=amount_vnd)
    assert refusal.value.reason is Reason.BAD_AMOUNT


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"bin": "97040"}, "38.01.00"),
        ({"bin": "97040\uff13"}, "38.01.00"),
        ({"account": ""}, "38.01.01"),
        ({"account": "1" * 20}, "38.01.01"),
        ({"account": "0011 012"}, "38.01.01"),
        ({"account": "0011\n"}, "38.01.01"),
        ({"account": "97040311A", "service": Service.CARD}, "38.01.01"),
        ({"category": "54"}, "52"),
        ({"merchant_name": "A" * 26}, "59"),
        ({"city": "A" * 16}, "60"),
        ({"postcode": "1" * 11}, "61"),
        ({"purpose": ""}, "62.08"),
        ({"purpose": "A" * 26}, "62.08"),
        ({"purpose": "A\nB"}, "62.08"),
        ({"bill": "A" * 25, "store": "B" * 25, "reference": "C" * 25, "terminal": "D" * 9}, "62"),
    ],
)
def test_an_impossible_value_makes_no_code_and_the_refusal_names_its_place(fields: dict[str, str], where: str) -> None:
    values = {"bin": "970403", "account": "0011012345678"} | fields
    with pytest.raises(VietQRError) as refusal:
        VietQR(**values)  # type: ignore[arg-type]
    assert refusal.value.where == where


def test_details_may_fill_ninety_nine_characters() -> None:
    full = VietQR("970403", "1", bill="A" * 25, store="B" * 25, reference="C" * 25, terminal="D" * 8)
    assert decode(encode(full)) == full


def test_merchant_fields_and_category_are_kept() -> None:
    shop = VietQR("970405", "8888", merchant_name="HTX Hao Dat", city="Thai Nguyen", postcode="24000", category="5499")
    text = encode(shop)
    assert "52045499" in text
    assert "5911HTX Hao Dat6011Thai Nguyen610524000" in text
    assert decode(text) == shop


def test_accents_are_read_by_character_but_never_written() -> None:
    text = sealed(f"000201010211{TEMPLATE}53037045802VN62160812ủng hộ lũ \u2113ụ")
    accented = decode(text)
    assert accented.purpose == "ủng hộ lũ \u2113ụ"
    with pytest.raises(VietQRError) as refusal:
        encode(accented)
    assert refusal.value.reason is Reason.NOT_ASCII


def test_neither_logs_nor_errors_show_account_or_purpose() -> None:
    qr = VietQR("970403", "0011012345678", purpose="CHI LAN NO TIEN", mobile="0912345678", customer="LAN")
    assert not any(secret in repr(qr) for secret in ("0011012345678", "LAN", "0912345678"))
    with pytest.raises(VietQRError) as refusal:
        VietQR("970403", "SO TAI KHOAN")
    assert "SO TAI KHOAN" not in str(refusal.value)


def words(limit: int) -> st.SearchStrategy[str | None]:
    return st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=limit)


@st.composite
def codes(draw: st.DrawFn) -> VietQR:
    service = draw(st.sampled_from(Service))
    alphabet = "[0-9]" if service is Service.CARD else "[0-9A-Za-z]"
    details = {
        name: draw(words(25)) for name in ("bill", "mobile", "store", "reference", "customer", "terminal", "purpose")
    }
    assume(sum(4 + len(value) for value in details.values() if value) <= 99)
    return VietQR(
        bin=draw(st.from_regex(r"[0-9]{6}", fullmatch=True)),
        account=draw(st.from_regex(alphabet + "{1,19}", fullmatch=True)),
        service=service,
        amount_vnd=draw(st.none() | st.integers(1, MAX_AMOUNT_VND)),
        merchant_name=draw(words(25)),
        city=draw(words(15)),
        postcode=draw(words(10)),
        category=draw(st.none() | st.from_regex(r"[0-9]{4}", fullmatch=True)),
        **details,
    )


@given(codes())
def test_what_is_written_is_read_back(qr: VietQR) -> None:
    text = encode(qr)
    assert decode(text) == qr
    assert encode(decode(text)) == text


def refused_or_unchanged(text: str) -> bool:
    """True unless the codec read `text` as something that it would write in another way."""
    try:
        return encode(decode(text)) == text
    except VietQRError:
        return True


mutations = st.tuples(
    st.sampled_from(["put", "add", "cut", "swap", "twice"]),
    st.integers(0, 200),
    st.integers(1, 12),
    st.sampled_from("0123456789ABVN-+,. \n\x00đ\u0663"),
)


def mutate(text: str, how: str, at: int, size: int, character: str) -> str:
    at %= len(text)
    head, middle, tail = text[:at], text[at : at + size], text[at + size :]
    match how:
        case "put":
            return head + character + text[at + 1 :]
        case "add":
            return head + character + text[at:]
        case "cut":
            return head + tail
        case "swap":
            return head + middle[::-1] + tail
        case _:
            return head + middle + middle + tail


@given(st.sampled_from(TEXTS), st.lists(mutations, min_size=1, max_size=4))
@example(TEXTS[0], [("put", 94, 1, "f")])
def test_a_mutated_text_is_refused_or_unchanged(text: str, changes: list[tuple[str, int, int, str]]) -> None:
    body = text[:-8]
    for change in changes:
        text, body = mutate(text, *change), mutate(body or "0", *change)
        assume(text)
    assert refused_or_unchanged(text)
    assert refused_or_unchanged(sealed(body))


@pytest.mark.parametrize("text", TEXTS)
def test_every_single_wrong_character_is_refused(text: str) -> None:
    for at in range(len(text)):
        for character in "0123456789ABCDEFabcdef -":
            if character != text[at]:
                with pytest.raises(VietQRError):
                    decode(text[:at] + character + text[at + 1 :])


@given(st.text(max_size=600))
def test_no_text_makes_the_reader_fail_in_another_way(text: str) -> None:
    assert refused_or_unchanged(text)
