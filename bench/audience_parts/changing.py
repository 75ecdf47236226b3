"""Changes of tags: how fast an index follows, and what writing them down for it costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from audience_parts.county import FIRST_ID, ID_STEP, tags_by_rank

BULK, SINGLE = 100_000, 5_000
PIECE = 10_000
WRITES, ROUNDS = 400, 5

Line = tuple[str, str, str]


def catching_up(county: Any) -> list[Line]:
    """Changes by others, then the first count after them."""
    from weijing.residents import audience_changes

    tag = _rare_tag(county)
    residents = _without(tag, BULK)  # fewer in a small county
    lines = []
    for what, size in (("in pieces of 10,000", PIECE), ("one by one", 1)):
        some = residents[: BULK if size > 1 else SINGLE]
        count = len(some)
        before = _carriers(tag)
        for start in range(0, count, 1_000 if size == 1 else size):
            _add(tag, some[start : start + (1_000 if size == 1 else size)])
        for start in range(0, count, size):
            audience_changes.tags(county.pk, {tag.pk: some[start : start + size]})
        began = time.perf_counter()
        after = _carriers(tag)
        seconds = time.perf_counter() - began
        assert after == before + count, (before, count, after)
        lines.append(
            (f"catch up with {count:,} changes {what}, s", f"{seconds:.2f}",
             f"{count / seconds:,.0f} a second")
        )  # fmt: skip
        _take_back(county, tag, some)
        assert _carriers(tag) == before
    return lines


def cost(county: Any) -> list[Line]:
    """A tag put on: the bare row, and the row with its line in the log."""
    from django.db import transaction

    from weijing.residents import audience_changes

    tag = _rare_tag(county)
    residents = _without(tag, 2 * max(WRITES, PIECE))

    def bare(some: list[int]) -> None:
        with transaction.atomic():
            _add(tag, some)

    def logged(some: list[int]) -> None:
        with transaction.atomic():
            _add(tag, some)
            audience_changes.tags(county.pk, {tag.pk: some})

    singles = [[one] for one in residents[:WRITES]]
    bulks = [residents[:PIECE]]
    lines = []
    for name, pieces in (("one tag put on", singles), (f"a tag for {PIECE:,} people", bulks)):
        shown = {}
        for how in (bare, logged):
            rounds = []
            for _ in range(ROUNDS):
                rounds.append(_written(how, pieces))
                _take_back(county, tag, [one for piece in pieces for one in piece])
            took, written = zip(*rounds, strict=True)
            shown[how] = median(took), min(written)  # others write too: vacuum, checkpoints
        (plain_ms, plain_wal), (ms, wal) = shown[bare], shown[logged]
        times = f"{ms / plain_ms:.2f}x, {wal / plain_wal:.2f}x"
        lines.append(
            (f"{name}, ms and bytes of WAL", f"{ms:.2f}, {wal:,.0f}",
             f"{plain_ms:.2f}, {plain_wal:,.0f} bare ({times})")
        )  # fmt: skip
    return lines


def _written(how: Callable[[list[int]], None], pieces: list[list[int]]) -> tuple[float, float]:
    """Median milliseconds and mean bytes of WAL for each piece.

    The first round after a checkpoint writes whole pages, and the rest of the server writes too;
    the least of the rounds is ours.
    """
    from django.db import connection

    took = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn()")
        [(start,)] = cursor.fetchall()
        for piece in pieces:
            began = time.perf_counter()
            how(piece)
            took.append((time.perf_counter() - began) * 1e3)
        cursor.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), %s)", [start])
        return median(took), float(cursor.fetchone()[0]) / len(pieces)


def _rare_tag(county: Any) -> Any:
    return tags_by_rank(county)[-1]


def _carriers(tag: Any) -> int:
    from weijing.audiences import counting
    from weijing.audiences.expression import HasTag

    held = HasTag((tag.code,), (tag.name,), ((tag.pk, ""),))
    return counting.count(held, county_id=tag.county_id)


def _without(tag: Any, count: int) -> list[int]:
    """Residents who do not carry the tag, spread over the county."""
    from weijing.audiences.index import keeping

    with keeping.current(tag.county_id) as index:
        free = index.living - index.tags[tag.pk]
        step = max(1, len(free) // count)
        return [FIRST_ID + ordinal * ID_STEP for ordinal in list(free)[::step][:count]]


def _add(tag: Any, residents: list[int]) -> None:
    from django.db import connection

    from weijing.core.ids import new_ids

    values = {"county": tag.county_id, "tag": tag.pk, "residents": residents}
    with connection.cursor() as cursor:
        cursor.execute(ADD, {**values, "ids": new_ids(len(residents))})


def _take_back(county: Any, tag: Any, residents: list[int]) -> None:
    from django.db import connection

    from weijing.residents import audience_changes

    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM tags_tagassignment WHERE county_id = %s AND tag_id = %s "
            "AND resident_id = ANY(%s::bigint[])",
            [county.pk, tag.pk, residents],
        )
        audience_changes.tags(county.pk, {tag.pk: residents})
    _carriers(tag)  # the index of this process follows before anything is measured again


ADD = """
INSERT INTO tags_tagassignment (county_id, id, resident_id, tag_id, source, basis, confirmed_at,
    expires_on)
SELECT %(county)s, pair.id, pair.resident, %(tag)s, 'visit', '', now(), current_date + 365
FROM unnest(%(ids)s::bigint[], %(residents)s::bigint[]) AS pair (id, resident)
"""
