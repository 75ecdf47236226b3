"""The keyed mark on each entry, and the digest that a seal puts over many.

HMAC-SM3 with the deployment's key: who can write to the database alone can forge neither.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from weijing.core.env import keyring

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def mark(entry: Any) -> bytes:
    """32 bytes over everything an entry says."""
    # As it will be read back: JSON has no tuples and no numbers as keys.
    details = json.loads(json.dumps(entry.details))
    return mark_of(
        entry.county_id, entry.pk, entry.at, entry.actor_id, entry.action, entry.object_type,
        entry.object_id, entry.purpose, details,
    )  # fmt: skip


def mark_of(*said: Any) -> bytes:
    """The same of an entry's columns, in the order of the model, `details` last."""
    return keyring().fingerprint(_as_text(*said), purpose="audit.entry")


def _as_text(
    county_id: int, id: int, at: datetime, actor_id: int | None, action: str, object_type: str,
    object_id: int | None, purpose: str, details: Any,
) -> str:  # fmt: skip
    moment = (at - EPOCH) // MICROSECOND
    return _sorted(
        [county_id, id, moment, actor_id, action, object_type, object_id, purpose, details]
    )


def _sorted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(previous: bytes, number: int, marks: Iterable[tuple[int, bytes]]) -> bytes:
    """Of a seal: over the one before it, its own number, and id and mark of its entries by id."""
    lines = [previous.hex(), str(number), *(f"{id}:{one.hex()}" for id, one in marks)]
    return keyring().fingerprint("\n".join(lines), purpose="audit.seal")
