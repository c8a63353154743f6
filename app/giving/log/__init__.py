"""The transparency log: an append-only Merkle tree that anyone can read and check."""
