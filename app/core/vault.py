"""Files that only the program may read, sealed on disk under the data key of whom they belong to.

Destroying the key makes every copy unreadable, wherever a backup may hold one. A file is written whole (temporary name,
on disk, then renamed), so that a crash leaves the old one or the new one. Names are ids of ours; nothing of a person
and nothing from outside ever stands in one.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from uuid import UUID

from flask import current_app

from app.core.crypto import DataKey, seal_bytes, unseal_bytes


class Vault:
    """The store under one directory."""

    def __init__(self, directory: str | Path) -> None:
        self._root = Path(directory).absolute()

    def put(self, key: DataKey, id: UUID, content: bytes, *, part: int | None = None) -> None:
        """Seal a file and keep it, in place of an older one of this name.

        Args:
            part: where a piece begins, in bytes; None for the whole.

        Raises:
            KeyDestroyed: what it belongs to was erased.
        """
        self._write(self._place(id, part), seal_bytes(key, self._name(id, part), content))

    def get(self, key: DataKey, id: UUID, *, part: int | None = None) -> bytes:
        """A file in the open.

        Raises:
            KeyDestroyed: what it belongs to was erased.
            FileNotFoundError: no such file.
            ValueError: it was altered, renamed, or sealed under another key.
        """
        return unseal_bytes(key, self._name(id, part), self._place(id, part).read_bytes())

    def drop(self, id: UUID, *, part: int | None = None) -> None:
        """Take a file away; gone already is fine."""
        self._place(id, part).unlink(missing_ok=True)

    def drop_parts(self, id: UUID) -> None:
        """Take all pieces of a file away."""
        whole = self._place(id, None)
        for place in whole.parent.glob(f"{id.hex}.*.part"):
            place.unlink(missing_ok=True)

    def _name(self, id: UUID, part: int | None) -> str:
        return f"vault/{id.hex}" if part is None else f"vault/{id.hex}/{part}"

    def _place(self, id: UUID, part: int | None) -> Path:
        name = f"{id.hex}.sealed" if part is None else f"{id.hex}.{part}.part"
        return self._root / id.hex[-2:] / name

    def _write(self, place: Path, content: bytes) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(place)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def vault() -> Vault:
    """The vault of the running application: beside the public pictures, whose addresses never lead here."""
    return Vault(Path(current_app.config["CHOPHIEN"].media_dir) / "sealed")
