"""Use cases of the public log."""

from __future__ import annotations

from app.core.clock import Clock
from app.core.database import transaction

from . import keys, queries
from .merkle import EMPTY_ROOT
from .note import Checkpoint, sign_checkpoint
from .sequencer import sequence_batch

BATCH = 2_000


def sequence_leaves(*, clock: Clock, limit: int = BATCH) -> int:
    """Give every waiting leaf its index and sign the grown tree, `limit` leaves to a transaction.

    Returns:
        How many leaves got an index.
    """
    done = 0
    while True:
        with transaction():
            count = sequence_batch(signer=keys.signer(), now=clock.now(), limit=limit)
        done += count
        if count < limit:
            return done


def current_checkpoint() -> str:
    """The newest signed checkpoint; of an empty log, one that says so."""
    checkpoint = queries.latest_checkpoint()
    if checkpoint is not None:
        return checkpoint.note
    signer = keys.signer()
    return sign_checkpoint(Checkpoint(signer.key.name, 0, EMPTY_ROOT), signer)


def verifier_key() -> str:
    """The log's public key in its text form (vkey)."""
    return str(keys.signer().key)
