"""The spool on a real disk: torn, damaged, full, shared."""

import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from weijing.sync import spool as spool_module
from weijing.sync import spool_records
from weijing.sync.intake import Intake, Kept, NotKept
from weijing.sync.received import Received
from weijing.sync.spool import Spool

AT = datetime(2026, 11, 24, 2, 0, 0, 123456, tzinfo=UTC)


def event(number: int, size: int = 40) -> Received:
    return Received(f"{number:064x}", "ww01", AT, bytes([number % 256]) * size)


def drained(spool: Spool) -> list[Received]:
    found: list[Received] = []
    spool.drain(found.extend)
    return found


def only_file(spool: Spool) -> Path:
    [path] = spool.directory.glob("*.spool")
    return path


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def test_what_goes_in_comes_out_in_order_and_only_once(spool) -> None:
    events = [event(number) for number in range(1200)]
    for one in events:
        spool.append(one)

    assert drained(spool) == events
    assert drained(spool) == []
    assert list(spool.directory.iterdir()) == []


def test_what_the_store_refuses_stays(spool) -> None:
    spool.append(event(1))

    def refuse(events: list[Received]) -> None:
        raise psycopg.OperationalError

    with pytest.raises(psycopg.OperationalError):
        spool.drain(refuse)
    assert drained(spool) == [event(1)]


def test_every_torn_end_costs_only_the_event_that_nobody_was_promised(spool) -> None:
    for number in (1, 2):
        spool.append(event(number))
    whole = only_file(spool).read_bytes()
    record = len(spool_records.written(event(2)))
    for cut in range(1, record + 1):
        reading = spool_records.read(whole[:-cut])
        assert (reading.events, reading.is_corrupt) == ([event(1)], False), cut


def test_zeros_after_the_last_record_are_a_torn_end(spool) -> None:
    whole = spool_records.MAGIC + spool_records.written(event(1))
    for count in (1, 7, 12, 300):
        reading = spool_records.read(whole + bytes(count))
        assert (reading.events, reading.is_corrupt) == ([event(1)], False)


def test_every_flipped_bit_in_a_file_is_noticed() -> None:
    first, second = spool_records.written(event(1)), spool_records.written(event(2))
    whole = spool_records.MAGIC + first + second
    for position in range(len(whole) * 8):
        damaged = bytearray(whole)
        damaged[position // 8] ^= 1 << position % 8
        assert spool_records.read(bytes(damaged)).is_corrupt, position


def test_a_damaged_file_is_parked_and_gives_what_stands_before_the_damage(spool) -> None:
    for number in (1, 2, 3):
        spool.append(event(number))
    path = only_file(spool)
    content = bytearray(path.read_bytes())
    content[-len(spool_records.written(event(3))) - 5] ^= 1  # in the second
    path.write_bytes(content)

    assert drained(spool) == [event(1)]
    [parked] = spool.directory.glob("*.parked")
    assert parked.read_bytes() == bytes(content)
    assert spool.backlog(now=time.time()).parked == 1
    assert drained(spool) == []


def test_a_file_that_somebody_writes_is_not_taken_from_them(spool, tmp_path) -> None:
    spool.append(event(1))
    other = Spool(spool.directory)

    assert drained(other) == []
    assert drained(spool) == [event(1)]


def test_threads_that_append_while_others_drain_lose_nothing(spool, monkeypatch) -> None:
    monkeypatch.setattr(spool_module, "SEGMENT_BYTES", 2000)  # many files
    other, found, stop = Spool(spool.directory), [], threading.Event()

    def append(thread: int) -> None:
        for number in range(150):
            spool.append(event(thread * 1000 + number))

    def drain(mine: Spool) -> None:
        while not stop.is_set():
            found.extend(drained(mine))

    appending = [threading.Thread(target=append, args=(thread,)) for thread in range(6)]
    draining = [threading.Thread(target=drain, args=(mine,)) for mine in (spool, other)]
    for thread in (*appending, *draining):
        thread.start()
    for thread in appending:
        thread.join()
    stop.set()
    for thread in draining:
        thread.join()
    found.extend(drained(spool))

    assert sorted(one.key for one in found) == sorted(
        event(thread * 1000 + number).key for thread in range(6) for number in range(150)
    )


def test_a_full_disk_is_an_error_and_no_torn_record_is_followed_by_another(
    spool, monkeypatch
) -> None:
    spool.append(event(1))
    real_write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real_write(file, data[: len(data) // 2]))
    with pytest.raises(OSError, match="full"):
        spool.append(event(2))
    monkeypatch.undo()
    spool.append(event(3))

    assert drained(spool) == [event(1), event(3)]
    assert not list(spool.directory.glob("*.parked"))


def test_after_a_failed_fsync_the_file_is_not_trusted_again(spool, monkeypatch) -> None:
    spool.append(event(1))
    first = only_file(spool)

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(OSError, match="Input/output"):
        spool.append(event(2))
    monkeypatch.undo()
    spool.append(event(3))

    assert len(list(spool.directory.glob("*.spool"))) == 2
    assert first.exists()
    assert {one.key for one in drained(spool)} >= {event(1).key, event(3).key}


# Between database and disk.


class Table:
    """A database that can be away, or slow."""

    def __init__(self) -> None:
        self.is_away = False
        self.seconds = 0.0
        self.stored: list[Received] = []

    def store(self, events: list[Received]) -> None:
        self.check()
        time.sleep(self.seconds)
        self.stored.extend(events)

    def check(self) -> None:
        if self.is_away:
            raise psycopg.OperationalError

    def interrupt(self) -> None:
        pass


def test_a_store_that_answers_too_late_costs_no_event(spool) -> None:
    table, second = Table(), Table()
    second.is_away = True
    table.seconds = 3.0
    intake = Intake(table, second, spool)

    assert intake.keep(event(1)) is Kept.SPOOL

    second.is_away = False
    deadline = time.monotonic() + 10
    while not second.stored and time.monotonic() < deadline:
        time.sleep(0.05)
    assert second.stored == [event(1)]


def test_neither_database_nor_disk_is_said_to_the_caller(spool, monkeypatch) -> None:
    table = Table()
    table.is_away = True
    intake = Intake(table, table, spool)
    monkeypatch.setattr(spool_module, "_Segment", _no_disk)

    with pytest.raises(NotKept):
        intake.keep(event(1))

    monkeypatch.undo()
    assert intake.keep(event(1)) is Kept.SPOOL


def _no_disk(directory: Path) -> None:
    raise OSError(28, "No space left on device")
