"""The log's signing key, set once per process."""

from __future__ import annotations

from .note import Signer

_signer: Signer | None = None


def configure(*, origin: str, seed: bytes) -> None:
    """Set the log's name and its 32-byte Ed25519 seed (`LOG_ORIGIN`, `LOG_SIGNING_KEY`); called by create_app().

    Raises:
        NoteError: the name or the seed's length is wrong.
    """
    global _signer
    _signer = Signer(origin, seed)


def signer() -> Signer:
    """Who signs checkpoints in this process."""
    if _signer is None:
        raise RuntimeError("giving.log.keys.configure() was not called")
    return _signer
