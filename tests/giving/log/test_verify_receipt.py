"""Promises of the one-file verifier, run as a donor runs it: a true receipt is proven, a touched one never is."""

from __future__ import annotations

import ast
import base64
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.giving.log.leaves import Value, commit, encode
from app.giving.log.merkle import NodeId, append, inclusion_proof, leaf_hash, root
from app.giving.log.note import Checkpoint, Signer, sign_checkpoint

TOOL = Path(__file__).parents[3] / "tools" / "verify_receipt.py"
SIGNER = Signer("chophien.example/so-cong-khai", bytes(range(32)))
KEY = str(SIGNER.key)
SALT = bytes(range(32))
DONOR = "Nguyễn Thị Lan"


def leaf_of(number: int) -> bytes:
    body: dict[str, Value] = {
        "code": f"UHABCDEFG{'ABCDEFGHJKLMN'[number]}",
        "household": "AS23456789",
        "amount_vnd": 500_000 + number,
        "at": "2026-03-01T17:04:05Z",
        "rail": "vietqr",
        "donor": commit(SALT, DONOR),
    }
    return encode("gift_received", body)


LEAVES = [leaf_of(number) for number in range(13)]
NODES: dict[NodeId, bytes] = append(0, [leaf_hash(leaf) for leaf in LEAVES], lambda wanted: {})


def receipt_of(index: int, *, size: int = len(LEAVES), signer: Signer = SIGNER) -> dict[str, Any]:
    proof = inclusion_proof(index, size, lambda wanted: {node: NODES[node] for node in wanted})
    top = root(size, lambda wanted: {node: NODES[node] for node in wanted})
    return {
        "number": json.loads(LEAVES[index])["code"],
        "leaf": base64.b64encode(LEAVES[index]).decode(),
        "index": index,
        "tree_size": size,
        "proof": [digest.hex() for digest in proof],
        "checkpoint": sign_checkpoint(Checkpoint(signer.key.name, size, top), signer),
    }


def gift_of(index: int) -> dict[str, Any]:
    receipt = receipt_of(index)
    return {
        "code": receipt["number"],
        "status": "received",
        "amount_vnd": 500_000 + index,
        "household_code": "AS23456789",
        "receipt": receipt,
    }


def run(answer: object, *options: str, key: str = KEY) -> subprocess.CompletedProcess[str]:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return subprocess.run(
        [sys.executable, "-I", str(TOOL), "-", "--key", key, *options],
        input=text, capture_output=True, encoding="utf-8", timeout=30, check=False,
    )  # fmt: skip


def test_a_true_receipt_is_proven_in_both_languages() -> None:
    done = run(receipt_of(5))
    assert (done.returncode, done.stderr) == (0, "")
    assert "HỢP LỆ" in done.stdout
    assert "500.005 đồng" in done.stdout
    assert "00:04:05 ngày 02/03/2026" in done.stdout
    assert "PROVEN" in done.stdout
    assert "500,005 VND" in done.stdout
    assert "2026-03-01 17:04:05 UTC" in done.stdout
    assert done.stdout.count("AS23456789") == 2


def test_files_do_as_well_as_the_command_line(tmp_path: Path) -> None:
    receipt, key = tmp_path / "receipt.json", tmp_path / "log.vkey"
    receipt.write_text(json.dumps(gift_of(3)), encoding="utf-8-sig")
    key.write_text(KEY + "\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", str(TOOL), str(receipt), "--key", str(key)], capture_output=True, timeout=30, check=False
    )
    assert done.returncode == 0


def test_the_donor_can_show_the_gift_was_theirs() -> None:
    done = run(gift_of(0), "--donor", DONOR, "--salt", SALT.hex())
    assert done.returncode == 0
    assert "Người ủng hộ: Nguyễn Thị Lan (khớp)" in done.stdout
    assert run(gift_of(0), "--donor", "Trần Văn Nam", "--salt", SALT.hex()).returncode == 1
    assert run(gift_of(0), "--donor", DONOR, "--salt", "00" * 32).returncode == 1
    assert run(gift_of(0), "--donor", DONOR, "--salt", "xyz").returncode == 1


def test_wrong_usage_is_neither_proven_nor_disproven() -> None:
    assert run(gift_of(0), "--donor", DONOR).returncode == 2


def test_a_touched_receipt_is_refused_on_the_command_line() -> None:
    receipt = receipt_of(5)
    receipt["leaf"] = base64.b64encode(LEAVES[5].replace(b"500005", b"900005")).decode()
    done = run(receipt)
    assert done.returncode == 1
    assert "KHÔNG HỢP LỆ" in done.stdout
    assert "NOT PROVEN" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "1", '{"receipt": []}', '{"receipt": null}', "[" * 99_999])
def test_what_is_no_receipt_is_refused_without_a_traceback(text: str) -> None:
    done = run(text)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    "key",
    ["", "a+b", KEY[:-4], KEY.replace("chophien", "chophiem"), "nofile", str(Signer(SIGNER.key.name, bytes(32)).key)],
)
def test_another_key_proves_nothing(key: str) -> None:
    done = run(receipt_of(5), key=key)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_receipt", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def is_proven(tool: ModuleType, answer: dict[str, Any]) -> bool:
    try:
        tool.check_receipt(answer, tool.read_key(KEY))
    except tool.ReceiptError:
        return False
    return True


def test_every_receipt_of_every_size_is_proven(tool: ModuleType) -> None:
    for size in range(1, len(LEAVES) + 1):
        for index in range(size):
            assert is_proven(tool, receipt_of(index, size=size))


Change = Callable[[dict[str, Any]], object]
CHANGES: dict[str, Change] = {
    "another number": lambda gift: (gift.update(code="UHXXXXXXXX"), gift["receipt"].update(number="UHXXXXXXXX")),
    "another amount": lambda gift: gift.update(amount_vnd=1_000_000),
    "another household": lambda gift: gift.update(household_code="ASXXXXXXXX"),
    "another index": lambda gift: gift["receipt"].update(index=4),
    "index below zero": lambda gift: gift["receipt"].update(index=-1),
    "index beyond the tree": lambda gift: gift["receipt"].update(index=13),
    "index true": lambda gift: gift["receipt"].update(index=True),
    "another size": lambda gift: gift["receipt"].update(tree_size=12),
    "a leaf of another gift": lambda gift: gift["receipt"].update(leaf=receipt_of(6)["leaf"]),
    "a whole receipt of another gift": lambda gift: gift.update(receipt={**receipt_of(6), "number": gift["code"]}),
    "a checkpoint of another size": lambda gift: gift["receipt"].update(checkpoint=receipt_of(5, size=9)["checkpoint"]),
    "a checkpoint signed by another": lambda gift: gift["receipt"].update(
        checkpoint=receipt_of(5, signer=Signer(SIGNER.key.name, bytes(32)))["checkpoint"]
    ),
    "a checkpoint of another log": lambda gift: gift["receipt"].update(
        checkpoint=receipt_of(5, signer=Signer("other.example", bytes(range(32))))["checkpoint"]
    ),
    "an unsigned checkpoint": lambda gift: gift["receipt"].update(
        checkpoint=gift["receipt"]["checkpoint"].rsplit("\n\n", 1)[0] + "\n\n"
    ),
    "no proof": lambda gift: gift["receipt"].update(proof=[]),
    "proof too long": lambda gift: gift["receipt"]["proof"].append("00" * 32),
    "proof far too long": lambda gift: gift["receipt"].update(proof=["00" * 32] * 10_000),
    "proof of numbers": lambda gift: gift["receipt"].update(proof=[1, 2, 3, 4]),
    "proof of short hashes": lambda gift: gift["receipt"].update(proof=["00"] * 4),
    "leaf not base64": lambda gift: gift["receipt"].update(leaf="!"),
    "number not text": lambda gift: (gift.update(code=[]), gift["receipt"].update(number={})),
    "a field gone": lambda gift: gift["receipt"].pop("checkpoint"),
    "surrogate in the checkpoint": lambda gift: gift["receipt"].update(
        checkpoint="\ud800" + gift["receipt"]["checkpoint"]
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_answer_is_not_proven(tool: ModuleType, name: str) -> None:
    gift = deepcopy(gift_of(5))
    assert is_proven(tool, gift)
    CHANGES[name](gift)
    assert not is_proven(tool, gift)


@given(data=st.data())
def test_any_byte_changed_in_leaf_proof_or_checkpoint_is_noticed(tool: ModuleType, data: st.DataObject) -> None:
    receipt = receipt_of(data.draw(st.integers(0, len(LEAVES) - 1)))
    part = data.draw(st.sampled_from(["leaf", "proof", "checkpoint"]))
    text = "".join(receipt["proof"]) if part == "proof" else receipt[part]
    position = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("0123456789abcdefABCxyz+/= \n").filter(lambda new: new != text[position]))
    if part == "proof" and letter.lower() == text[position]:
        return  # the same hash, written differently
    changed = text[:position] + letter + text[position + 1 :]
    receipt[part] = [changed[i : i + 64] for i in range(0, len(changed), 64)] if part == "proof" else changed
    assert not is_proven(tool, receipt)


def test_a_signed_leaf_that_would_trick_the_terminal_is_refused(tool: ModuleType) -> None:
    for leaf in (
        LEAVES[0].replace(b"AS23456789", rb"\u001b[2J456789"),
        LEAVES[0].replace(b'"v":1', b'"v":2'),
        LEAVES[0].replace(b"gift_received", b"gift_promised"),
        LEAVES[0].replace(b"500000", b"-500000"),
        LEAVES[0].replace(b"2026-03-01T17:04:05Z", b"yesterday"),
        b'{"v":1}',
        b"[]",
    ):
        with pytest.raises(tool.ReceiptError):
            tool.read_leaf(leaf)


def test_the_verifier_needs_nothing_but_the_standard_library_and_cryptography() -> None:
    tree = ast.parse(TOOL.read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)} | {
        name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    }
    roots = {name.split(".")[0] for name in imported if name}
    assert roots - set(sys.stdlib_module_names) == {"cryptography"}


def test_a_true_path_under_a_root_of_another_size_is_refused(tool: ModuleType) -> None:
    two = [NODES[0, 1]]
    tool.check_inclusion(LEAVES[0], 0, 2, two, NODES[1, 0])
    for size, proof, top in ((4, two, NODES[1, 0]), (2, [NODES[0, 1], NODES[1, 1]], NODES[2, 0])):
        with pytest.raises(tool.ReceiptError):
            tool.check_inclusion(LEAVES[0], 0, size, proof, top)
