"""Signed notes and checkpoints: the log's word about its size and root hash.

Sources: C2SP ``signed-note`` v1 (Ed25519 only, signature type 0x01) and ``tlog-checkpoint`` v1.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .merkle import HASH_BYTES

ED25519 = b"\x01"
SEED_BYTES = 32
PUBLIC_KEY_BYTES = 32
MAX_NOTE_CHARS = 64 * 1024
MAX_SIGNATURES = 100
MAX_TREE_SIZE = 2**63 - 1

_SIGNATURE_LINE = re.compile(r"— ([^ ]+) ([A-Za-z0-9+/]+={0,2})\Z")
_SIZE = re.compile(r"(0|[1-9][0-9]{0,18})\Z")


class NoteError(ValueError):
    """A note, checkpoint or key is malformed, or nobody we trust signed it."""


@dataclass(frozen=True)
class VerifierKey:
    """A public key with the name it signs under; written as ``name+key id (hex)+base64(0x01 || key)``."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public_key) != PUBLIC_KEY_BYTES:
            raise NoteError("an Ed25519 public key has 32 bytes")

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart; no security hangs on them."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public_key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(ED25519 + self.public_key).decode()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a verifier key.

        Raises:
            NoteError: it is malformed, not Ed25519, or its key id does not belong to it.
        """
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise NoteError("a verifier key has three parts joined by plus signs")
        name, key_id, material = parts
        raw = decode_base64(material)
        if raw[:1] != ED25519:
            raise NoteError("only Ed25519 keys are known here")
        key = cls(name, raw[1:])
        if key.key_id.hex() != key_id:
            raise NoteError("the key id does not belong to this key")
        return key

    def verify(self, signature: bytes, text: str) -> bool:
        """Whether this key signed this text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer:
    """The log's private key under its name."""

    def __init__(self, name: str, seed: bytes) -> None:
        """``seed`` is the 32-byte Ed25519 secret of RFC 8032.

        Raises:
            NoteError: the name or the seed's length is wrong.
        """
        if len(seed) != SEED_BYTES:
            raise NoteError("an Ed25519 seed has 32 bytes")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.key = VerifierKey(name, self._private.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """Turn a text into a signed note.

        Raises:
            NoteError: the text does not end in a newline or holds a control character.
        """
        check_text(text)
        signature = base64.b64encode(self.key.key_id + self._private.sign(text.encode())).decode()
        return f"{text}\n— {self.key.name} {signature}\n"


@dataclass(frozen=True)
class Checkpoint:
    """What a log commits to: who it is, how many leaves it has, and the hash of them all."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note text that gets signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a note text; extension lines are allowed by the format and ignored.

        Raises:
            NoteError: it is not a checkpoint.
        """
        check_text(text)
        lines = text[:-1].split("\n")
        if len(lines) < 3 or not all(lines):
            raise NoteError("a checkpoint has at least three lines and none is empty")
        origin, size, root = lines[:3]
        if not _SIZE.match(size) or int(size) > MAX_TREE_SIZE:
            raise NoteError("the tree size is not a plain decimal number")
        digest = decode_base64(root)
        if len(digest) != HASH_BYTES:
            raise NoteError("the root hash has the wrong length")
        return cls(origin, int(size), digest)


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> str:
    """The checkpoint as a signed note."""
    return signer.sign(checkpoint.text())


def open_note(note: str, keys: Sequence[VerifierKey]) -> str:
    """The text of a note signed by at least one of the keys.

    Signatures of unknown keys are ignored, as the format demands.

    Raises:
        NoteError: malformed, not signed by any of the keys, or a known key's signature is wrong.
    """
    if len(note) > MAX_NOTE_CHARS:
        raise NoteError("the note is too long")
    check_text(note)
    split = note.rfind("\n\n")
    if split < 0:
        raise NoteError("the note has no signatures")
    text, lines = note[: split + 1], note[split + 2 : -1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError("the note has too many signatures")
    by_id = {(key.name, key.key_id): key for key in keys}
    verified = False
    for line in lines:
        name, key_id, signature = _parse_signature(line)
        key = by_id.get((name, key_id))
        if key is None:
            continue
        if not key.verify(signature, text):
            raise NoteError(f"the signature of {name} is wrong")
        verified = True
    if not verified:
        raise NoteError("no trusted key signed the note")
    return text


def open_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """The checkpoint in a note signed by the log itself.

    Raises:
        NoteError: the note or the checkpoint is malformed, unsigned, or names another log.
    """
    checkpoint = Checkpoint.parse(open_note(note, [key]))
    if checkpoint.origin != key.name:
        raise NoteError("the checkpoint is another log's")
    return checkpoint


def check_name(name: str) -> None:
    """Refuse a key name the format does not allow.

    Raises:
        NoteError: empty, or holds a space, plus sign or control character.
    """
    if not name or not _is_encodable(name) or any(char.isspace() or char == "+" or char < " " for char in name):
        raise NoteError("a key name may not be empty or hold spaces, plus signs or control characters")


def check_text(text: str) -> None:
    """Refuse a text the note format does not allow.

    Raises:
        NoteError: no newline at its end, a control character, or not encodable as UTF-8.
    """
    if not text.endswith("\n"):
        raise NoteError("a note ends with a newline")
    if not _is_encodable(text) or any(char < " " and char != "\n" for char in text):
        raise NoteError("a note is UTF-8 without control characters")


def decode_base64(text: str) -> bytes:
    """Decode standard base64, in its one canonical spelling only.

    Raises:
        NoteError: anything else.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("not base64") from error
    if base64.b64encode(raw).decode() != text:
        raise NoteError("not the canonical base64 spelling")
    return raw


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parse_signature(line: str) -> tuple[str, bytes, bytes]:
    match = _SIGNATURE_LINE.match(line)
    if match is None:
        raise NoteError("a signature line is malformed")
    name, encoded = match.groups()
    check_name(name)
    raw = decode_base64(encoded)
    if len(raw) < 5:
        raise NoteError("a signature is too short")
    return name, raw[:4], raw[4:]
