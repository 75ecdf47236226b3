"""Two processes that check and seal parts while the first one reads and writes.

What they hand back is either slim (what comparing needs) or locked for the spool.
"""

import io
import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import wait
from typing import NamedTuple, ParamSpec, TypeVar

import polars as pl

from weijing.core.crypto import Keyring
from weijing.residents.importing import checking, spool
from weijing.residents.importing.copy_rows import Sealer
from weijing.residents.importing.places import Gazetteer, Place

PROCESSES = 2
AHEAD = 4  # parts under way; bounds memory
_In = TypeVar("_In")
_Out = TypeVar("_Out")
_P = ParamSpec("_P")

# What a row says, in the order of its digest. Rows of another order would all count as changed.
DIGESTED = (
    "household", "name", "id_number", "phone", "place", "address", "role", "sex", "born_on", "kind",
)  # fmt: skip
SLIM = ("row", "name", "household", "place", "id_index", "digest")


@dataclass(frozen=True)
class Summary:
    """A checked part without what is personal and long. Frames are Arrow streams.

    `slim` has the columns SLIM; `homes` one row per household and place of the part: household,
    place, address, kind, is_head. `good` and `bad` are locked.
    """

    slim: bytes
    homes: bytes
    good: bytes
    bad: bytes
    reasons: dict[str, int]  # a row may have several
    bad_rows: int
    places: Sequence[Place]


@dataclass(frozen=True)
class Wanted:
    """Rows of a spooled part, by their position in it."""

    good: bytes
    positions: Sequence[int]


@dataclass(frozen=True)
class Order(Wanted):
    """Rows to seal, and their keys. `prefixes` begin the lines; `source` marks where from."""

    ids: Sequence[int]
    household_ids: Sequence[int]
    division_ids: Sequence[int]
    prefixes: Sequence[str]
    source: bytes


class Row(NamedTuple):
    """One row in the clear, as checked. `born` is an ISO date; what is not said is empty."""

    number: int
    household: str
    name: str
    role: str
    sex: str
    born: str
    phone: str
    place: str
    phone_index: bytes | None


@dataclass(frozen=True)
class _Setting:
    sealer: Sealer
    keyring: Keyring
    gazetteer: Gazetteer
    on: date
    spool_key: bytes


class _Settings(threading.local):
    """Each thread's own, so that two imports at once in one process do not mix."""

    here: _Setting | None = None


_settings = _Settings()


class Inline(Executor):
    """Does the work at once, here: a village's roll is done before two processes have started."""

    def submit(
        self, fn: Callable[_P, _Out], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> Future[_Out]:
        done: Future[_Out] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


@contextmanager
def pool(
    keyring: Keyring, gazetteer: Gazetteer, *, on: date, spool_key: bytes, inline: bool = False
) -> Iterator[Executor]:
    """Where `check_part` and `seal_rows` run: two processes, or `inline` this thread."""
    if inline:
        _set(keyring, gazetteer, on, spool_key)
        try:
            yield Inline()
        finally:
            _settings.here = None
        return
    executor = ProcessPoolExecutor(
        PROCESSES,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=(keyring, gazetteer, on, spool_key),
    )
    try:
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def in_order(
    executor: Executor, work: Callable[[_In], _Out], items: Iterable[_In]
) -> Iterator[_Out]:
    """Results in the order of the items, a few of them under way at a time.

    Raises `BrokenProcessPool` when a process was killed.
    """
    waiting: deque[Future[_Out]] = deque()
    for item in items:
        waiting.append(executor.submit(work, item))
        if len(waiting) > AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _start(keyring: Keyring, gazetteer: Gazetteer, on: date, spool_key: bytes) -> None:
    _set(keyring, gazetteer, on, spool_key)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _set(keyring: Keyring, gazetteer: Gazetteer, on: date, spool_key: bytes) -> None:
    _settings.here = _Setting(Sealer(keyring), keyring, gazetteer, on, spool_key)


def _end_with_parent() -> None:
    """A parent that was killed cannot say so, and our queue would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _here() -> _Setting:
    assert _settings.here is not None, "runs inside `pool`"
    return _settings.here


def check_part(data: bytes) -> Summary:
    """Check a part, fingerprint its rows, lock what is to be kept."""
    setting = _here()
    checked = checking.check(data, setting.gazetteer, on=setting.on)
    good = _fingerprinted(checked.good, setting.keyring)
    head = pl.col("role") == "head"
    homes = (
        good.select("household", "place", "address", "kind", head.alias("is_head"))
        .sort("is_head", descending=True, maintain_order=True)
        .unique(["household", "place"], keep="first", maintain_order=True)
    )
    return Summary(
        slim=_stream(good.select(SLIM)),
        homes=_stream(homes),
        good=spool.lock(_stream(good), setting.spool_key),
        bad=spool.lock(_stream(checked.bad), setting.spool_key) if checked.bad.height else b"",
        reasons=_counted(checked.bad["reason"]),
        bad_rows=checked.bad.height,
        places=checked.places,
    )


def _counted(reasons: pl.Series) -> dict[str, int]:
    return dict(Counter(one for said in reasons.to_list() for one in said.split(checking.AND)))


def _fingerprinted(good: pl.DataFrame, keyring: Keyring) -> pl.DataFrame:
    of_id, of_row = keyring.fingerprinter("id_number"), keyring.fingerprinter("roll_row")
    good = good.with_columns(pl.col("born_on").dt.to_string().fill_null(""))
    indexes = [of_id(one)[:16] if one else None for one in good["id_number"].to_list()]
    said = good.select(pl.concat_str(DIGESTED, separator="\x1f")).to_series().to_list()
    digests = [of_row(one)[:16] for one in said]
    return good.with_columns(
        pl.Series("id_index", indexes, pl.Binary), pl.Series("digest", digests, pl.Binary)
    )


def seal_rows(order: Order) -> bytes:
    """The COPY lines of an order."""
    return _here().sealer.lines(
        _rows(order), order.ids, order.household_ids, order.division_ids, order.prefixes,
        order.source,
    )  # fmt: skip


def open_rows(wanted: Wanted) -> list[Row]:
    """What these rows say, for comparing them cell by cell."""
    of_phone = _here().keyring.fingerprinter("phone")
    cells = _rows(wanted).select(
        "row", "household", "name", "role", "sex", "born_on", "phone", "place"
    )
    return [
        Row._make((*one, of_phone(one[6])[:16] if one[6] else None)) for one in cells.iter_rows()
    ]


def _rows(wanted: Wanted) -> pl.DataFrame:
    rows = pl.read_ipc_stream(io.BytesIO(spool.unlock(wanted.good, _here().spool_key)))
    return rows[list(wanted.positions)]


def _stream(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer)
    return buffer.getvalue()


__all__ = [
    "BrokenProcessPool", "Order", "Row", "Summary", "Wanted", "check_part", "in_order",
    "open_rows", "pool", "seal_rows",
]  # fmt: skip
