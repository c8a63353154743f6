"""Compile the translation catalogues that changed (`.po` to `.mo`)."""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

TRANSLATIONS = Path(__file__).parent.parent / "app" / "translations"


def compile_all() -> None:
    """Write each `.mo` that is missing or older than its `.po`."""
    for source in TRANSLATIONS.glob("*/LC_MESSAGES/*.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as read:
            catalogue = read_po(read, locale=source.parent.parent.name)
        partial = target.with_suffix(".part")
        with partial.open("wb") as write:
            write_mo(write, catalogue)
        partial.replace(target)


if __name__ == "__main__":
    compile_all()
