"""The memo of a transfer: what we ask for, and what we can still recognise after a bank has had its way with it.

Banks fold, re-case, prefix, truncate and re-space memos. So our code stands first in the memo, never last, and is
looked for in a form that has lost case, accents and separators; its check character tells it from chance.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

MAX_MEMO: Final = 25
"""Characters in field 62.08 (purpose of transaction)."""

_STROKED_D: Final = str.maketrans("đĐðÐɖƉ", "dDdDdD")
"""đ/Đ do not decompose; eth and African d are how old fonts and keyboards mistype them."""

_BLANKS: Final = re.compile(r"\s+")
_NOT_MEMO: Final = re.compile(r"[^A-Z0-9 ]+")
_NOT_CODE: Final = re.compile(r"[^A-Z0-9]+")
_CODE_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_CODE: Final = re.compile(rf"(?=(CP[{_CODE_ALPHABET}]{{8}}))")
_SAFE_CODE: Final = re.compile(r"[A-Z0-9]+")
_TAIL: Final = "CHO PHIEN"
"""Stands after the code when the payer has nothing to say."""


def fold_purpose(text: str) -> str:
    """`text` as a bank will carry it: upper case, no accents, only `[A-Z0-9 ]`, single spaces, at most 25 characters.

    Other characters are dropped; any run of white space becomes one space.
    """
    return _fold_to(text, MAX_MEMO)


def memo_for(code: str, text: str) -> str:
    """A memo of at most 25 characters with `code` whole and first, and at least one word after it.

    Raises:
        ValueError: `code` is not upper-case ASCII letters and digits, or leaves no room for a word behind it.
    """
    room = MAX_MEMO - len(code) - 1
    if not _SAFE_CODE.fullmatch(code) or room < 1:
        raise ValueError("a memo code is 1 to 23 characters of A-Z and 0-9")
    return f"{code} {_fold_to(text, room) or _TAIL[:room].rstrip()}"


def find_codes(memo: str, is_valid: Callable[[str], bool]) -> list[str]:
    """Every distinct payment code in `memo`, in order of first appearance, in time linear in its length.

    A candidate is `CP` and eight characters of the code alphabet, read after case, accents and everything that is not a
    letter or digit are gone; candidates may overlap, since a bank glues memos to their neighbours. `is_valid` decides
    by the check character.
    """
    squeezed = _NOT_CODE.sub("", _plain_upper(memo))
    candidates = dict.fromkeys(match[1] for match in _CODE.finditer(squeezed))
    return [code for code in candidates if is_valid(code)]


def _fold_to(text: str, limit: int) -> str:
    kept = _NOT_MEMO.sub("", _BLANKS.sub(" ", _plain_upper(text)))
    return _BLANKS.sub(" ", kept).strip()[:limit].rstrip()


def _plain_upper(text: str) -> str:
    """Decompose and raise case; accents remain as marks for the callers' filters to drop.

    Characters are decomposed one by one: over a whole string Python's normalisation sorts runs of marks in quadratic
    time, and their order does not matter here.
    """
    if not text.isascii():
        text = "".join(unicodedata.normalize("NFKD", character) for character in text.translate(_STROKED_D))
    return text.upper()
