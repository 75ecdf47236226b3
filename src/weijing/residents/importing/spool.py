"""Checked rows waiting for the transaction: on disk, so that memory stays flat, and unreadable.

The file has no name from the start and its key is only in memory: after a crash nothing is left.
"""

import os
import secrets
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
KEY_BYTES = 32


def new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def lock(data: bytes, key: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, None)


def unlock(data: bytes, key: bytes) -> bytes:
    return AESGCM(key).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], None)


class Spool:
    """Locked pieces, kept in order and read back by number."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115  (closed by `close`)
        self._ends = [0]

    def add(self, locked: bytes) -> int:
        """Keep a piece; its number."""
        self._file.seek(self._ends[-1])
        self._file.write(locked)
        self._ends.append(self._ends[-1] + len(locked))
        return len(self._ends) - 2

    def get(self, number: int) -> bytes:
        start, end = self._ends[number], self._ends[number + 1]
        self._file.seek(start)
        return self._file.read(end - start)

    def close(self) -> None:
        self._file.close()
