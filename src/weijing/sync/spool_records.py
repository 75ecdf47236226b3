"""How received callbacks lie in a file of the spool. No Django.

A file is `MAGIC`, then records: length of the payload (4 bytes), its CRC-32 (4), CRC-32 of these
two (4), payload. A payload is the time in microseconds since 1970 (8), the key (32), the length of
the corpid (1), the corpid, the sealed XML. Numbers are big-endian.
"""

import struct
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from weijing.sync.received import Received

MAGIC = b"WJSPOOL1"
SIZES = struct.Struct(">II")
HEAD_BYTES = SIZES.size + 4
FIXED = struct.Struct(">q32sB")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Corrupt(Exception):
    """Not what we wrote: a person must look."""


@dataclass(frozen=True)
class Reading:
    """The events of a file that are whole, and whether something other than a torn end follows."""

    events: list[Received]
    is_corrupt: bool


def written(event: Received) -> bytes:
    corpid = event.corpid.encode()
    microseconds = (event.received_at - EPOCH) // MICROSECOND
    payload = (
        FIXED.pack(microseconds, bytes.fromhex(event.key), len(corpid)) + corpid + event.xml_sealed
    )
    sizes = SIZES.pack(len(payload), zlib.crc32(payload))
    return sizes + zlib.crc32(sizes).to_bytes(4, "big") + payload


def read(content: bytes) -> Reading:
    """Everything up to the end, or to what cannot be read.

    A crash during a write leaves less than was to be written, or zeros: nobody was told that this
    event is safe, so it is no loss. Anything else may be an event that was promised.
    """
    if not content.startswith(MAGIC):
        return Reading([], is_corrupt=True)  # it was synced before the file got its name
    events: list[Received] = []
    at = len(MAGIC)
    while at < len(content):
        try:
            event, at = _one(content, at)
        except Corrupt:
            return Reading(events, is_corrupt=True)
        if event is None:
            break
        events.append(event)
    return Reading(events, is_corrupt=False)


def _one(content: bytes, at: int) -> tuple[Received | None, int]:
    """The record at `at` and where the next begins; None where the file was torn off."""
    start = at + HEAD_BYTES
    if start > len(content):
        return None, at
    sizes = content[at : at + SIZES.size]
    if not any(sizes) and not any(content[at:]):
        return None, at
    if zlib.crc32(sizes).to_bytes(4, "big") != content[at + SIZES.size : start]:
        # Without this sum a damaged length would look like a torn end and hide all that follows.
        raise Corrupt
    length, checksum = SIZES.unpack(sizes)
    end = start + length
    if end > len(content):
        return None, at
    payload = content[start:end]
    if zlib.crc32(payload) != checksum:
        raise Corrupt
    return _event(payload), end


def _event(payload: bytes) -> Received:
    microseconds, key, length = FIXED.unpack_from(payload)
    sealed_from = FIXED.size + length
    try:
        corpid = payload[FIXED.size : sealed_from].decode()
    except UnicodeDecodeError as error:
        raise Corrupt from error
    received_at = EPOCH + microseconds * MICROSECOND
    return Received(key.hex(), corpid, received_at, payload[sealed_from:])
