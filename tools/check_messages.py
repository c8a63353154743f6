"""Translations are complete: every Vietnamese text in code and templates has its English one. `--update` collects."""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
CATALOGUE = ROOT / "app" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "_n": (1, 2)}


def collect() -> Catalog:
    """Every text the application shows, with where it stands."""
    catalogue = Catalog(locale="en", charset="utf-8", fuzzy=False)
    found = extract_from_dir(ROOT / "app", METHODS, {}, keywords=KEYWORDS, comment_tags=("i18n:",))
    for filename, _line, message, comments, context in found:
        catalogue.add(message, locations=[(f"app/{filename}", 0)], auto_comments=comments, context=context)
    return catalogue


def main() -> int:
    """Check, or with `--update` rewrite the catalogue; the exit code."""
    wanted = collect()
    have = read_po(CATALOGUE.open("rb"), locale="en") if CATALOGUE.exists() else Catalog(locale="en")
    if "--update" in sys.argv[1:]:
        have.update(wanted, no_fuzzy_matching=True)
        have.obsolete.clear()
        CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
        with CATALOGUE.open("wb") as target:
            write_po(target, have, width=120, sort_output=True, omit_header=False, include_lineno=False)
        return 0
    problems = []
    for message in wanted:
        if not message.id:
            continue
        known = have.get(message.id, message.context)
        texts = [] if known is None else [known.string] if isinstance(known.string, str) else list(known.string or ())
        if not texts or not all(texts) or (known is not None and known.fuzzy):
            problems.append(f"no English for: {message.id!r} ({message.locations[0][0]})")
        elif known is not None:
            problems += [f"{error} in {message.id!r}" for error in known.check()]
    print("\n".join(problems[:50]))
    print(f"{len(wanted)} texts, {len(problems)} without a good English one")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
