"""Amounts in Vietnamese words, against hand-written readings and a second way to make them."""

import random
import re

import pytest

from app.core.words import LIMIT_VND, vnd_in_words

READINGS = [
    (0, "không"),
    (1, "một"),
    (4, "bốn"),
    (5, "năm"),
    (10, "mười"),
    (11, "mười một"),
    (14, "mười bốn"),
    (15, "mười lăm"),
    (20, "hai mươi"),
    (21, "hai mươi mốt"),
    (24, "hai mươi bốn"),
    (25, "hai mươi lăm"),
    (50, "năm mươi"),
    (55, "năm mươi lăm"),
    (91, "chín mươi mốt"),
    (100, "một trăm"),
    (101, "một trăm linh một"),
    (105, "một trăm linh năm"),
    (110, "một trăm mười"),
    (111, "một trăm mười một"),
    (115, "một trăm mười lăm"),
    (121, "một trăm hai mươi mốt"),
    (555, "năm trăm năm mươi lăm"),
    (1_000, "một nghìn"),
    (1_005, "một nghìn không trăm linh năm"),
    (1_010, "một nghìn không trăm mười"),
    (1_015, "một nghìn không trăm mười lăm"),
    (1_100, "một nghìn một trăm"),
    (2_024, "hai nghìn không trăm hai mươi bốn"),
    (2_257, "hai nghìn hai trăm năm mươi bảy"),
    (15_000, "mười lăm nghìn"),
    (21_000, "hai mươi mốt nghìn"),
    (50_000, "năm mươi nghìn"),
    (105_000, "một trăm linh năm nghìn"),
    (185_000, "một trăm tám mươi lăm nghìn"),
    (1_000_000, "một triệu"),
    (1_000_001, "một triệu không trăm linh một"),
    (1_005_000, "một triệu không trăm linh năm nghìn"),
    (1_250_000, "một triệu hai trăm năm mươi nghìn"),
    (3_500_000, "ba triệu năm trăm nghìn"),
    (10**9, "một tỷ"),
    (10**9 + 5, "một tỷ không trăm linh năm"),
    (10**9 + 21 * 10**6, "một tỷ không trăm hai mươi mốt triệu"),
    (10**12, "một nghìn tỷ"),
    (1_005_000_000_007, "một nghìn không trăm linh năm tỷ không trăm linh bảy"),
    (2_500_000_000_000, "hai nghìn năm trăm tỷ"),
    (10**15, "một triệu tỷ"),
]


@pytest.mark.parametrize(("amount_vnd", "reading"), READINGS)
def test_an_amount_is_read_as_people_say_it(amount_vnd: int, reading: str) -> None:
    assert vnd_in_words(amount_vnd) == f"{reading} đồng"
    assert by_rewriting(amount_vnd) == f"{reading} đồng"


def by_rewriting(amount: int) -> str:
    """Another way: spell every digit with its place, schoolbook fashion, then rewrite the text into speech."""
    text = str(amount).rjust(18, "0")
    names = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"]
    places = ["triệu tỷ", "nghìn tỷ", "tỷ", "triệu", "nghìn", ""]
    spelled = ""
    for index, place in enumerate(places):
        a, b, c = (names[int(digit)] for digit in text[3 * index : 3 * index + 3])
        spelled += f"|{a} trăm {b} mươi {c} {place}"
    for pattern, speech in (
        (r"\|không trăm không mươi không (triệu tỷ|nghìn tỷ|triệu|nghìn|$)", ""),
        (r"\|không trăm không mươi không tỷ", "|tỷ" if amount >= 10**12 else ""),
        (r"(triệu|nghìn) tỷ(?=.*tỷ)", r"\1"),
        (r"^[| ]*(không trăm )?(không mươi )?", ""),
        (r"không mươi không ", ""),
        (r"không mươi", "linh"),
        (r"một mươi", "mười"),
        (r"(?<=mươi) một\b", " mốt"),
        (r"(?<=mươi|mười) năm\b", " lăm"),
        (r"(mươi|mười) không\b", r"\1"),
        (r"[| ]+", " "),
    ):
        spelled = re.sub(pattern, speech, spelled)
    return f"{spelled.strip() or 'không'} đồng"


def test_every_amount_up_to_twenty_thousand_reads_alike_both_ways() -> None:
    for amount_vnd in range(20_001):
        assert vnd_in_words(amount_vnd) == by_rewriting(amount_vnd)


def test_amounts_of_every_length_read_alike_both_ways() -> None:
    dice = random.Random(19)
    for _ in range(5_000):
        amount_vnd = dice.randrange(10 ** dice.randint(1, 13))
        assert vnd_in_words(amount_vnd) == by_rewriting(amount_vnd)


def test_amounts_full_of_zeros_read_alike_both_ways() -> None:
    dice = random.Random(92)
    for _ in range(5_000):
        amount_vnd = int("".join(dice.choice("000015") for _ in range(dice.randint(1, 17))))
        assert vnd_in_words(amount_vnd) == by_rewriting(amount_vnd)


def test_different_amounts_sound_different() -> None:
    dice = random.Random(2)
    amounts = set(range(20_000)) | {int(dice.randint(1, 999) * 1000 ** dice.randint(0, 5)) for _ in range(5_000)}
    assert len({vnd_in_words(amount_vnd) for amount_vnd in amounts}) == len(amounts)


def test_what_is_owed_is_said_so() -> None:
    assert vnd_in_words(-1_005) == "âm một nghìn không trăm linh năm đồng"


@pytest.mark.parametrize("amount_vnd", [LIMIT_VND, -LIMIT_VND])
def test_amounts_beyond_speech_are_refused(amount_vnd: int) -> None:
    with pytest.raises(ValueError, match="below"):
        vnd_in_words(amount_vnd)
