"""One callback as it came, sealed: what the inbox and the spool both hold. No Django."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from weijing.core.crypto import Keyring


@dataclass(frozen=True, slots=True)
class Received:
    """`key` is the SHA-256 of the decrypted XML, 64 hex digits; the same event has the same key."""

    key: str
    corpid: str
    received_at: datetime
    xml_sealed: bytes


def sealed(xml: bytes, *, corpid: str, at: datetime, keyring: Keyring) -> Received:
    """Raises `UnicodeDecodeError` for what is not UTF-8: WeCom writes nothing else."""
    key = hashlib.sha256(xml).hexdigest()
    return Received(key, corpid, at, keyring.seal(xml.decode(), place=place_of(key)))


def place_of(key: str) -> str:
    """The place that a stored event is sealed for, see `crypto.Keyring.unseal`."""
    return f"sync_inboxevent.xml_sealed.{key}"
