"""Whether the index that processes start from equals the rows: for `weijing doctor`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from django.db import connection, transaction
from pyroaring import BitMap

from weijing.audiences.index import catching_up, checkpoints
from weijing.audiences.index.catching_up import Pending
from weijing.audiences.index.holding import Index


def differences(county_id: int) -> list[str]:
    """Names of the sets in which the checkpoint, brought up to date, differs from the rows.

    Empty when it equals them, and when processes read the rows anyway: there is no checkpoint yet,
    or too much has changed since. A difference means that some change was not written to the log.
    """
    with _one_moment():
        kept = checkpoints.restore(county_id)
        if kept is None:
            return []
        _, is_current = catching_up.catch_up(kept, Pending())
        if not is_current:
            return []
        true = catching_up.load(county_id, day=kept.day)
    return [name for name, mine, theirs in _sets(kept, true) if mine != theirs] + [
        name for name in ("places", "homes", "births") if not _same(kept, true, name)
    ]


@contextmanager
def _one_moment() -> Iterator[None]:
    """Everything is read from one snapshot; inside a transaction, from that one's."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def _sets(kept: Index, true: Index) -> Iterator[tuple[str, BitMap, BitMap]]:
    yield "living", kept.living, true.living
    for name in checkpoints.SETS:
        mine: dict[Any, BitMap] = getattr(kept, name)
        theirs: dict[Any, BitMap] = getattr(true, name)
        for key in mine.keys() | theirs.keys():
            yield f"{name}.{key}", mine.get(key, BitMap()), theirs.get(key, BitMap())


def _same(kept: Index, true: Index, name: str) -> bool:
    """Of people who are there."""
    there = np.flatnonzero(true.ids)
    if not np.array_equal(np.flatnonzero(kept.ids), there):
        return False
    return np.array_equal(getattr(kept, name)[there], getattr(true, name)[there])
