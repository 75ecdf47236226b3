"""Sealing columns and searching them without opening them. No Django: ingest uses it too.

A sealed value is `version(1) key-id(1) nonce(12) ciphertext tag(16)`. The associated data names
the header, table, column and row, so that a value copied to another row does not open.
Measured: SM4-GCM 8.9 µs a value, AES-256-GCM 1.4 µs, HMAC-SM3 1.4 µs.
"""

import json
import os
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SM4, AES = 1, 2
NONCE_BYTES = 12
TAG_BYTES = 16


class CannotOpen(Exception):
    """The value was altered, moved to another row, or sealed with a key we do not have."""


@dataclass(frozen=True)
class Keyring:
    """The keys of one deployment; `current` seals, all open."""

    current: int
    keys: dict[int, bytes]
    index_key: bytes
    django_secret: str
    algorithm: int = SM4

    def seal(self, text: str, *, place: str) -> bytes:
        """Encrypt `text` for one place, named `table.column.row-id`."""
        nonce = os.urandom(NONCE_BYTES)
        header = bytes((self.algorithm, self.current))
        key, data, bound = self.keys[self.current], text.encode(), header + place.encode()
        if self.algorithm == AES:
            body = AESGCM(key).encrypt(nonce, data, bound)
        else:
            encryptor = Cipher(_sm4(key), modes.GCM(nonce)).encryptor()
            encryptor.authenticate_additional_data(bound)
            body = encryptor.update(data) + encryptor.finalize() + encryptor.tag
        return header + nonce + body

    def unseal(self, sealed: bytes, *, place: str) -> str:
        """The text sealed for `place`.

        Raises `CannotOpen`.
        """
        sealed = bytes(sealed)
        try:
            algorithm, key = sealed[0], self.keys[sealed[1]]
            bound = sealed[:2] + place.encode()
            nonce, body = sealed[2 : 2 + NONCE_BYTES], sealed[2 + NONCE_BYTES :]
            if algorithm == AES:
                return AESGCM(key).decrypt(nonce, body, bound).decode()
            tag = body[-TAG_BYTES:]
            decryptor = Cipher(_sm4(key), modes.GCM(nonce, tag)).decryptor()
            decryptor.authenticate_additional_data(bound)
            return (decryptor.update(body[:-TAG_BYTES]) + decryptor.finalize()).decode()
        except (InvalidTag, KeyError, IndexError, ValueError) as error:
            raise CannotOpen(place) from error

    def blind_index(self, value: str, *, purpose: str) -> uuid.UUID:
        """A keyed 16-byte fingerprint: equal values are found, nothing is read back."""
        return uuid.UUID(bytes=self.fingerprint(value, purpose=purpose)[:16])

    def fingerprint(self, value: str, *, purpose: str) -> bytes:
        """The whole HMAC-SM3, 32 bytes."""
        return self.fingerprinter(purpose)(value)

    def fingerprinter(self, purpose: str) -> Callable[[str], bytes]:
        """`fingerprint` of many values for one purpose: the key is taken in only once."""
        keyed = _keyed(self.index_key, purpose)

        def fingerprint(value: str) -> bytes:
            mac = keyed.copy()
            mac.update(value.encode())
            return mac.finalize()

        return fingerprint


@cache
def _keyed(key: bytes, purpose: str) -> hmac.HMAC:
    """Only ever copied: taking in the key costs more than the value."""
    keyed = hmac.HMAC(key, hashes.SM3())
    keyed.update(purpose.encode() + b"\0")
    return keyed


@cache
def _sm4(key: bytes) -> algorithms.SM4:
    return algorithms.SM4(key[:16])


def create_secrets(path: Path) -> None:
    """Write fresh keys to `path`, readable by the owner alone. Never overwrites."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = {
        "django_secret": secrets.token_urlsafe(50),
        "current": 1,
        "keys": {"1": secrets.token_hex(32)},
        "index_key": secrets.token_hex(32),
        "algorithm": "SM4",
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(fresh, file, indent=1)


def load_keyring(path: Path) -> Keyring:
    """The keyring kept in the secrets file.

    Raises `OSError`, `ValueError` (not a secrets file).
    """
    try:
        stored = json.loads(path.read_text())
        return Keyring(
            current=int(stored["current"]),
            keys={int(name): bytes.fromhex(key) for name, key in stored["keys"].items()},
            index_key=bytes.fromhex(stored["index_key"]),
            django_secret=stored["django_secret"],
            algorithm={"SM4": SM4, "AES": AES}[stored["algorithm"]],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: not a secrets file ({error})") from error
