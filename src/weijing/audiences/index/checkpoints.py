"""The index as it was, kept in the database: a new process starts in a third of a second.

Half of the work is the log behind it. Rows that the checkpoint of an hour ago showed already are
of no use to anybody and go.
"""

import json
import struct
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from pyroaring import BitMap

from weijing.audiences.index import catching_up, rows
from weijing.audiences.index.holding import Index
from weijing.core.ids import new_id

LAYOUT = "1"  # raised whenever what is packed, or its order, is another
KEEP_LOG = timedelta(minutes=45)  # longer than any index goes unused (`keeping.MAX_IDLE`)
WORTH_IT = 500  # rows of the log: a new process reads them in a tenth of a second
ARRAYS = ("ids", "places", "homes", "births")
SETS = ("sexes", "consents", "contact_states", "tags")


def restore(county_id: int) -> Index | None:
    """The last checkpoint; None when there is none, or it is of another database or layout."""
    with catching_up.open_cursor() as cursor:
        cursor.execute(_READ, {"county": county_id, "layout": LAYOUT})
        found = cursor.fetchone()
        if found is None:
            return None
        snapshot, day, packed = found
        index = _unpacked(county_id, snapshot, day, packed)
        index.derive(rows.divisions(cursor, county_id))
        return index


def write_if_worth_it(county_id: int, index: Index) -> int:
    """`write`, unless the last checkpoint is of today and little has been logged since it."""
    with catching_up.open_cursor() as cursor:
        cursor.execute(_LOGGED, {"county": county_id, "layout": LAYOUT})
        [(is_recent, logged)] = cursor.fetchall()
    return 0 if is_recent and logged < WORTH_IT else write(county_id, index)


def write(county_id: int, index: Index) -> int:
    """Keep this index for others, and shorten the log. Returns its size in bytes."""
    packed = b"".join(_packed(index))
    with transaction.atomic(), catching_up.open_cursor() as cursor:
        cursor.execute(
            "SELECT snapshot, now() - made_at >= %(keep)s, system = "
            "(SELECT system_identifier::text FROM pg_control_system()) "
            "FROM audiences_audiencecheckpoint WHERE county_id = %(county)s FOR UPDATE",
            {"county": county_id, "keep": KEEP_LOG},
        )
        before = cursor.fetchone()
        cursor.execute(
            _WRITE,
            {
                "id": new_id(),
                "county": county_id,
                "snapshot": index.snapshot,
                "day": index.day,
                "layout": LAYOUT,
                "index": packed,
            },
        )
        if before is not None and before[1] and before[2]:
            cursor.execute(_SHORTEN, {"county": county_id, "snapshot": before[0]})
        cursor.execute(_DROP_STRANGE, {"county": county_id})
    return len(packed)


_READ = """
SELECT snapshot, day, index FROM audiences_audiencecheckpoint
WHERE county_id = %(county)s AND layout = %(layout)s
    AND system = (SELECT system_identifier::text FROM pg_control_system())
    AND NOT pg_is_in_recovery()
"""

_LOGGED = """
SELECT EXISTS (SELECT 1 FROM audiences_audiencecheckpoint
        WHERE county_id = %(county)s AND layout = %(layout)s AND made_at > now() - interval '1 day'
        AND system = (SELECT system_identifier::text FROM pg_control_system())),
    (SELECT count(*) FROM residents_audiencechange WHERE county_id = %(county)s)
"""

_WRITE = """
INSERT INTO audiences_audiencecheckpoint
    (id, county_id, snapshot, system, layout, day, made_at, index)
SELECT %(id)s, %(county)s, %(snapshot)s, system_identifier::text, %(layout)s, %(day)s, now(),
    %(index)s
FROM pg_control_system()
ON CONFLICT (county_id) DO UPDATE SET
    snapshot = excluded.snapshot, system = excluded.system, layout = excluded.layout,
    day = excluded.day, made_at = excluded.made_at, index = excluded.index
"""

_SHORTEN = """
DELETE FROM residents_audiencechange
WHERE county_id = %(county)s AND pg_visible_in_snapshot(xid, %(snapshot)s::pg_snapshot)
"""

# Numbers this database has not come to yet: of another one, restored or copied here.
_DROP_STRANGE = """
DELETE FROM residents_audiencechange
WHERE county_id = %(county)s AND xid >= pg_snapshot_xmax(pg_current_snapshot())
"""


def _packed(index: Index) -> Iterator[bytes]:
    """A header in JSON, then the arrays and bitmaps one after another."""
    header: dict[str, Any] = {}
    blobs: list[bytes] = []
    for name in ARRAYS:
        array = getattr(index, name)
        header[name] = [str(array.dtype), array.nbytes]
        blobs.append(array.tobytes())
    for name in SETS:
        sets = {key: held.serialize() for key, held in getattr(index, name).items()}
        header[name] = [[key, len(blob)] for key, blob in sets.items()]
        blobs += sets.values()
    living = index.living.serialize()
    header["living"] = len(living)
    head = json.dumps(header).encode()
    yield struct.pack(">I", len(head))
    yield head
    yield from blobs
    yield living


def _unpacked(county_id: int, snapshot: str, day: date, packed: bytes) -> Index:
    view = memoryview(packed)
    start = 4 + struct.unpack_from(">I", view)[0]
    header = json.loads(bytes(view[4:start]))

    def take(size: int) -> memoryview:
        nonlocal start
        start += size
        return view[start - size : start]

    arrays: dict[str, Any] = {
        name: np.frombuffer(take(size), dtype).copy()
        for name, (dtype, size) in ((name, header[name]) for name in ARRAYS)
    }
    sets: dict[str, Any] = {
        name: {key: BitMap.deserialize(bytes(take(size))) for key, size in header[name]}
        for name in SETS
    }
    living = BitMap.deserialize(bytes(take(header["living"])))
    return Index(county_id=county_id, day=day, snapshot=snapshot, living=living, **arrays, **sets)
