"""Memos: what we ask payers to carry, and finding our code in what comes back."""

import re
import string
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import codes
from app.payments.vietqr.memo import MAX_MEMO, find_codes, fold_purpose, memo_for

BODY = codes.ALPHABET


def code_from(seven: str) -> str:
    return "CP" + seven + codes.check_character("CP" + seven)


CODE = code_from("7K3M9QX")
OTHER = code_from("2222ABC")
payment_codes = st.text(BODY, min_size=7, max_size=7).map(code_from)
noise = st.text(st.sampled_from("CP29AZ01OI .-_/:cpđĐ\u0301\u00a0"), max_size=30)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ủng hộ lũ lụt!", "UNG HO LU LUT"),
        ("Đặng Đình đĩnh đạc", "DANG DINH DINH DAC"),
        ("ƯỚC MƠ, ƯỠN, QUỸ", "UOC MO UON QUY"),
        ("thanh\ttoán\n đơn  hàng", "THANH TOAN DON HANG"),
        ("chè\u00a0Tân\u3000Cương", "CHE TAN CUONG"),
        ("Ðặc sản", "DAC SAN"),
        ("\uff21\uff22\uff23\uff11\uff12", "ABC12"),
        ("a - b", "A B"),
        ("=CMD()|'x'", "CMDX"),
        ("茶 🍵", ""),
        ("", ""),
        ("x" * 40, "X" * 25),
        ("a" * 24 + " b", "A" * 24),
    ],
)
def test_a_purpose_is_folded_to_what_banks_carry(text: str, folded: str) -> None:
    assert fold_purpose(text) == folded


@given(st.text())
def test_folding_keeps_to_the_alphabet_and_length_and_is_stable(text: str) -> None:
    folded = fold_purpose(text)
    assert re.fullmatch(r"(?:[A-Z0-9]+(?: [A-Z0-9]+)*)?", folded)
    assert len(folded) <= MAX_MEMO
    assert fold_purpose(folded) == folded


@given(st.text(st.sampled_from("ăâđêôơưÀẢÃÁẠĂẰẲẴẮẶÂẦẨẪẤẬĐÊỀỂỄẾỆÔỒỔỖỐỘƠỜỞỠỚỢƯỪỬỮỨỰỲỶỸÝỴ ")))
def test_every_unicode_form_of_a_text_folds_alike(text: str) -> None:
    forms = {fold_purpose(unicodedata.normalize(form, text)) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    assert len(forms) == 1


@pytest.mark.parametrize(
    ("text", "memo"),
    [
        ("Sạp 12", f"{CODE} SAP 12"),
        ("", f"{CODE} CHO PHIEN"),
        ("🍵", f"{CODE} CHO PHIEN"),
        ("Ủng hộ gia đình cô Lan", f"{CODE} UNG HO GIA DIN"),
    ],
)
def test_the_code_stands_whole_and_first_with_words_behind_it(text: str, memo: str) -> None:
    assert memo_for(CODE, text) == memo


@given(st.text(string.ascii_uppercase + string.digits, min_size=1, max_size=23), st.text())
def test_a_memo_never_ends_in_the_code_nor_exceeds_its_length(code: str, text: str) -> None:
    memo = memo_for(code, text)
    head, _, tail = memo.partition(" ")
    assert head == code
    assert tail
    assert len(memo) <= MAX_MEMO
    assert fold_purpose(memo) == memo


@pytest.mark.parametrize("code", ["", "cp7k3m9qx2", "CP 7K3M9QX", "CPĐ", "A" * 24])
def test_a_code_that_a_memo_cannot_carry_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="memo code"):
        memo_for(code, "Sạp 12")


@pytest.mark.parametrize(
    "memo",
    [
        CODE,
        f"MBVCB.123.456. {CODE} THANH TOAN",
        f"MBVCB.123.456.{CODE}THANH TOAN",
        CODE.lower(),
        f"thanh toán {CODE.lower()} chè Tân Cương",
        " ".join(CODE),
        "-".join(CODE),
        f"{CODE[:2]}.{CODE[2:6]}-{CODE[6:]}/x",
        f"{CODE[:5]}\n{CODE[5:]}",
        f"CP{CODE}",
        f"CPCP{CODE}CP",
        f"đ{CODE}Đ",
        f"{CODE} {CODE} again",
        f"{OTHER[:-1]} {CODE}",
        unicodedata.normalize("NFD", f"Ủng hộ{CODE}ủng hộ"),
        "".join(chr(ord(character) + 0xFEE0) for character in CODE),
    ],
)
def test_a_code_is_found_in_what_banks_make_of_a_memo(memo: str) -> None:
    assert find_codes(memo, codes.is_valid) == [CODE]


def test_several_codes_come_once_each_in_order() -> None:
    assert find_codes(f"{OTHER}{CODE} va {OTHER.lower()}", codes.is_valid) == [OTHER, CODE]


@pytest.mark.parametrize("memo", ["", "CP", CODE[:-1], f"{CODE[:-2]}{CODE[-1]}{CODE[-2]}", "CHUYEN TIEN CP 12345"])
def test_a_broken_code_is_not_found(memo: str) -> None:
    assert find_codes(memo, codes.is_valid) == []


@pytest.mark.parametrize("at", range(10))
def test_a_wrong_character_hides_the_code(at: int) -> None:
    for wrong in set(BODY) - {CODE[at]}:
        assert find_codes(f"x {CODE[:at]}{wrong}{CODE[at + 1 :]} y", codes.is_valid) == []


@given(payment_codes, noise, noise, st.lists(st.sampled_from(["", " ", ".", "-", "\u00a0"]), min_size=10, max_size=10))
def test_no_whole_code_is_ever_missed(code: str, before: str, after: str, gaps: list[str]) -> None:
    spread = "".join(character + gap for character, gap in zip(code, gaps, strict=True))
    assert code in find_codes(before + spread + after, codes.is_valid)


@given(payment_codes, st.text(), st.integers(0, 9))
def test_our_own_memo_survives_the_loss_of_everything_behind_the_code(code: str, text: str, lost: int) -> None:
    memo = memo_for(code, text)
    assert find_codes(memo[: max(len(code), len(memo) - lost)].lower(), codes.is_valid)[0] == code


@given(noise)
def test_candidates_are_exactly_what_looking_at_every_place_gives(memo: str) -> None:
    plain = unicodedata.normalize("NFKD", memo.replace("đ", "d").replace("Đ", "D")).upper()
    squeezed = "".join(character for character in plain if character in string.ascii_uppercase + string.digits)
    windows = [squeezed[at : at + 10] for at in range(len(squeezed) - 9)]
    expected = [w for w in windows if w.startswith("CP") and set(w) <= set(BODY)]
    assert find_codes(memo, lambda _: True) == list(dict.fromkeys(expected))


@pytest.mark.parametrize("unit", ["CP", "C", CODE, "a" + "\u0301" * 50 + "\u0327" * 50, "\u0301\u0327"])
def test_long_hostile_memos_take_linear_time(unit: str) -> None:
    """A quadratic search would need minutes for a million characters; the limit leaves room for a busy machine."""
    memo = ("a" + unit * (1_000_000 // len(unit)))[:1_000_000]
    started = time.process_time()
    find_codes(memo, codes.is_valid)
    fold_purpose(memo)
    assert time.process_time() - started < 10
