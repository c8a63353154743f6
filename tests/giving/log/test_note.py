"""Promises of notes: byte for byte those of other implementations, and anything crooked is refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.giving.log.note import (
    Checkpoint,
    NoteError,
    Signer,
    VerifierKey,
    open_checkpoint,
    open_note,
    sign_checkpoint,
)

# Keys and signatures of Go's golang.org/x/mod/sumdb/note tests.
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
# The example of the C2SP signed-note text.
FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
FOO_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
SIGNER = Signer("chophien.example/so-cong-khai", bytes(range(32)))


def test_signing_gives_the_published_note_byte_for_byte() -> None:
    signer = Signer("PeterNeumann", PETER_SEED)
    assert str(signer.key) == PETER
    assert signer.sign(TEXT) == f"{TEXT}\n{PETER_LINE}"


@pytest.mark.parametrize("key", [PETER, ENOCH, FOO])
def test_published_keys_are_read_and_written_back(key: str) -> None:
    assert str(VerifierKey.parse(key)) == key


def test_published_notes_open_with_either_key_or_both() -> None:
    note = f"{TEXT}\n{PETER_LINE}{ENOCH_LINE}"
    peter, enoch = VerifierKey.parse(PETER), VerifierKey.parse(ENOCH)
    for keys in ([peter], [enoch], [peter, enoch]):
        assert open_note(note, keys) == TEXT
    assert open_note(FOO_NOTE, [VerifierKey.parse(FOO)]) == "This is an example message.\n"


def test_every_piece_of_a_key_and_every_changed_letter_is_refused() -> None:
    pieces = {PETER[i:j] for i in range(len(PETER)) for j in range(i, len(PETER) + 1)} - {PETER}
    changed = {PETER[:i] + chr(ord(PETER[i]) + 1) + PETER[i + 1 :] for i in range(len(PETER))}
    longer = "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=="
    other_algorithm = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    for text in pieces | changed | {longer, other_algorithm}:
        with pytest.raises(NoteError):
            VerifierKey.parse(text)


@pytest.mark.parametrize(
    "note",
    [
        TEXT,
        TEXT + "\n",
        f"{TEXT}\n{PETER_LINE[:-1]}",
        f"\x01{TEXT}\n{PETER_LINE}",
        f"\ud800{TEXT}\n{PETER_LINE}",
        f"{TEXT}\r\n\n{PETER_LINE}",
        f"{TEXT}\n— Bad Name {PETER_LINE.split()[2]}\n",
        f"{TEXT}\n{PETER_LINE}Unexpected line.\n",
        f"{TEXT}\n{PETER_LINE}\n",
        f"{TEXT}\n{PETER_LINE * 101}",
        f"{TEXT}\n{PETER_LINE.replace('—', '-')}",
        f"{TEXT}\n— PeterNeumann x08g\n",
        f"{TEXT}\n— Peter+Neumann {PETER_LINE.split()[2]}\n{PETER_LINE}",
        f"{TEXT}\n{PETER_LINE.replace('JnAM=', 'JnAN=')}",
        f"{TEXT * 1000}\n{PETER_LINE}",
    ],
)
def test_a_malformed_note_is_refused(note: str) -> None:
    with pytest.raises(NoteError):
        open_note(note, [VerifierKey.parse(PETER)])


def test_a_note_nobody_known_signed_is_refused() -> None:
    with pytest.raises(NoteError, match="no trusted key"):
        open_note(f"{TEXT}\n{ENOCH_LINE}", [VerifierKey.parse(PETER)])


def test_a_wrong_signature_of_a_known_key_spoils_a_good_one() -> None:
    forged = PETER_LINE.replace("ZJku", "ZJkv")
    with pytest.raises(NoteError, match="wrong"):
        open_note(f"{TEXT}\n{PETER_LINE}{forged}", [VerifierKey.parse(PETER)])


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_comes_back_as_it_was_signed(size: int, root: bytes) -> None:
    checkpoint = Checkpoint(SIGNER.key.name, size, root)
    assert open_checkpoint(sign_checkpoint(checkpoint, SIGNER), SIGNER.key) == checkpoint


@given(st.data())
def test_a_checkpoint_with_any_byte_changed_is_refused(data: st.DataObject) -> None:
    note = bytearray(sign_checkpoint(Checkpoint(SIGNER.key.name, 1234, bytes(32)), SIGNER).encode())
    position = data.draw(st.integers(0, len(note) - 1))
    note[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(NoteError):
        open_checkpoint(note.decode(errors="replace"), SIGNER.key)


def test_the_spec_example_is_a_checkpoint() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    checkpoint = Checkpoint.parse(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text() == text


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"log\n1\n{ROOT}",
        "log\n1\n",
        f"\n1\n{ROOT}\n",
        f"log\n01\n{ROOT}\n",
        f"log\n-1\n{ROOT}\n",
        f"log\n+1\n{ROOT}\n",
        f"log\n1 \n{ROOT}\n",
        f"log\n١\n{ROOT}\n",
        f"log\n9999999999999999999\n{ROOT}\n",
        f"log\n{2**63}\n{ROOT}\n",
        "log\n1\nAAAA\n",
        f"log\n1\n{ROOT[:-2]}B=\n",
        f"log\n1\n{ROOT}\n\n",
    ],
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


def test_extension_lines_are_tolerated() -> None:
    assert Checkpoint.parse(f"log\n7\n{ROOT}\nmore\n").size == 7


def test_another_logs_checkpoint_under_our_key_is_refused() -> None:
    with pytest.raises(NoteError, match="another log"):
        open_checkpoint(sign_checkpoint(Checkpoint("other.example", 1, bytes(32)), SIGNER), SIGNER.key)


def test_bad_names_seeds_and_texts_are_refused_when_signing() -> None:
    for name in ("", "a b", "a+b", "a\u00a0b", "a\nb"):
        with pytest.raises(NoteError):
            Signer(name, bytes(32))
    with pytest.raises(NoteError):
        Signer("log", bytes(31))
    for text in ("no newline", "tab\t\n"):
        with pytest.raises(NoteError):
            SIGNER.sign(text)
