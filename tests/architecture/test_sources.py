"""What the design says of the source, read from the source."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.database import Model

ROOT = Path(__file__).parent.parent.parent
APP = ROOT / "app"
MODULES = sorted(APP.rglob("*.py"))
MIGRATIONS = sorted((ROOT / "migrations" / "versions").glob("*.py"))
MAX_LINES = 400
WITHOUT_FLASK = ("services.py", "operations.py", "queries.py")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports, with the names taken from it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is_for_and_stays_readable(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), "no docstring"
    assert len(text.splitlines()) <= MAX_LINES


def test_only_the_transaction_commits() -> None:
    commits = {
        name_of(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
        if not node.args and not node.keywords
    }
    assert commits == {"app/core/database.py"}


def test_services_operations_and_queries_know_no_flask() -> None:
    guilty = {
        f"{name_of(path)}: {module}"
        for path in MODULES
        if path.name in WITHOUT_FLASK
        for module in imports(path)
        if re.match(r"(flask|werkzeug|flask_(?!babel)\w+)(\.|$)", module)
    }
    assert guilty == set()


def test_only_services_open_transactions() -> None:
    """`core` keeps its own tables (idempotency keys) and has no services. A large room has `…_services` as well."""
    opening = {
        name_of(path)
        for path in MODULES
        if "app/core/" not in name_of(path) and re.search(r"with transaction\(", path.read_text())
    }
    assert {path for path in opening if not path.endswith(("/services.py", "_services.py"))} == set()


def tables_in(path: Path) -> set[str]:
    """Names a file imports that are tables of another floor."""
    mine = path.relative_to(ROOT).parts[1]
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        source = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
        if re.fullmatch(r"app(\.\w+)+\.models", source) and source.split(".")[1] != mine:
            module = importlib.import_module(source)
            names |= {alias.name for alias in getattr(node, "names", ()) if is_table(getattr(module, alias.name))}
    return names


def is_table(thing: object) -> bool:
    return isinstance(thing, type) and issubclass(thing, Model)


def test_nobody_asks_or_makes_rows_of_another_floor() -> None:
    """A row of another floor may be an argument (a handler gets the paid request); its table is that floor's own."""
    guilty = set()
    for path in MODULES:
        foreign = tables_in(path)
        for node in ast.walk(ast.parse(path.read_text())) if foreign else ():
            used = node.value if isinstance(node, ast.Attribute) else node.func if isinstance(node, ast.Call) else None
            handed = node.args if isinstance(node, ast.Call) else []
            for name in [used, *handed]:
                if isinstance(name, ast.Name) and name.id in foreign:
                    guilty.add(name_of(path))
    assert guilty == set()


def test_the_application_never_imports_the_other_side_or_the_tests() -> None:
    guilty = {
        f"{name_of(path)}: {module}"
        for path in MODULES
        for module in imports(path)
        if re.match(r"(sandbox|tests|local|benchmarks|tools)(\.|$)", module)
    }
    assert guilty == set()


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.name)
def test_every_migration_sets_a_lock_time_out_first(path: Path) -> None:
    (upgrade,) = [
        node
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name == "upgrade"
    ]
    without_docstring = upgrade.body[1:] if ast.get_docstring(upgrade) else upgrade.body
    assert "SET LOCAL lock_timeout" in ast.unparse(without_docstring[0])


def test_migrations_are_one_chain_in_the_order_of_their_numbers() -> None:
    heads = []
    for path in MIGRATIONS:
        found = dict(re.findall(r'^(revision|down_revision) = (?:"(\w+)"|None)$', path.read_text(), re.M))
        assert path.name.startswith(f"{found['revision']}_")
        heads.append((found["down_revision"], found["revision"]))
    numbers = [revision for _down, revision in heads]
    assert heads == list(zip(["", *numbers[:-1]], numbers, strict=True))
