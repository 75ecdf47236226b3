"""Callbacks on disk while the database is away. No Django.

Every process appends to a file of its own, which it holds locked; whoever gets the lock of a file
may bring it into the database and remove it. A killed process loses its lock with its life, so its
file is brought in by any other.
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from weijing.core.logs import log
from weijing.sync import spool_records
from weijing.sync.received import Received

SEGMENT_BYTES = 16 * 1024 * 1024
BATCH_EVENTS = 500


class _Segment:
    """The file that this process appends to."""

    def __init__(self, directory: Path) -> None:
        name = f"{time.time_ns():020}-{os.getpid()}"
        new = directory / f"{name}.new"
        self.path = directory / f"{name}.spool"
        self.descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX)  # before anybody else can see it
            os.write(self.descriptor, spool_records.MAGIC)
            os.fsync(self.descriptor)
            new.rename(self.path)
            _sync_directory(directory)
        except BaseException:
            os.close(self.descriptor)
            raise
        self.size = len(spool_records.MAGIC)
        self.written = 0  # events
        self.synced = 0  # of these, as far as the disk has promised
        self.is_torn = False

    @property
    def is_finished(self) -> bool:
        return self.is_torn or self.size >= SEGMENT_BYTES

    def append(self, record: bytes) -> int:
        """The number of events now written. Raises `OSError`."""
        if self.is_torn:
            raise OSError("the disk was full a moment ago")
        if os.write(self.descriptor, record) != len(record):
            self.is_torn = True  # a piece of a record ends the file; nothing may follow it
            raise OSError("the disk is full")
        self.size += len(record)
        self.written += 1
        return self.written


@dataclass(frozen=True)
class Backlog:
    """What waits on disk. `oldest_seconds` is the age of the oldest file, 0.0 without one."""

    files: int
    size_bytes: int
    oldest_seconds: float
    parked: int


class Spool:
    """Threads share one; processes may share the directory."""

    def __init__(self, directory: Path) -> None:
        """Raises `OSError` when nothing can be written there."""
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._writing = threading.Lock()
        self._syncing = threading.Lock()
        self._segment: _Segment | None = None
        self.check()

    def check(self) -> None:
        """Write and sync a small file. Raises `OSError`."""
        path = self.directory / f"check-{os.getpid()}-{threading.get_ident()}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, b"?")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
            path.unlink(missing_ok=True)

    def append(self, event: Received) -> None:
        """Returns once the event is on disk; threads that come together share one fsync.

        Raises `OSError`: then it must be taken for lost.
        """
        record = spool_records.written(event)
        if self._segment and self._segment.is_finished:
            self._finish_segment()
        with self._writing:
            self._segment = self._segment or _Segment(self.directory)
            segment = self._segment
            number = segment.append(record)
        with self._syncing:
            if segment.synced < number:
                self._sync(segment)

    def backlog(self, *, now: float) -> Backlog:
        """`now` in Unix seconds."""
        sizes, oldest = [], now
        for path in self._files():
            with suppress(FileNotFoundError):
                sizes.append(path.stat().st_size)
                oldest = min(oldest, int(path.name.split("-")[0]) / 1e9)
        parked = len(list(self.directory.glob("*.parked")))
        return Backlog(len(sizes), sum(sizes), now - oldest, parked)

    def drain(self, store: Callable[[list[Received]], None]) -> int:
        """Give every event on disk to `store`, oldest file first, and remove what was stored.

        An event may be given twice, after a crash between storing and removing. What `store`
        raises ends the draining; everything not yet stored stays. Returns the number of events.
        """
        self._finish_segment()
        return sum(self._drain_file(path, store) for path in self._files())

    def _files(self) -> list[Path]:
        return sorted(self.directory.glob("*.spool"))

    # A file is closed by who holds both locks, so its number is never another file's meanwhile.
    # `_syncing` is taken first.

    def _sync(self, segment: _Segment) -> None:
        if segment is not self._segment:
            raise OSError("this file of the spool was given up")
        number = segment.written
        try:
            os.fdatasync(segment.descriptor)
        except OSError:
            # The next fsync may succeed although the data is gone: use another file.
            with self._writing:
                self._close(segment)
            raise
        segment.synced = number

    def _finish_segment(self) -> None:
        with self._syncing, self._writing:
            if segment := self._segment:
                try:
                    os.fdatasync(segment.descriptor)
                    segment.synced = segment.written
                finally:
                    self._close(segment)

    def _close(self, segment: _Segment) -> None:
        """What is whole in it is brought in by the next drain."""
        self._segment = None
        os.close(segment.descriptor)

    def _drain_file(self, path: Path, store: Callable[[list[Received]], None]) -> int:
        with _claimed(path) as descriptor:
            if descriptor is None:
                return 0
            with os.fdopen(os.dup(descriptor), "rb") as file:
                reading = spool_records.read(file.read())
            for start in range(0, len(reading.events), BATCH_EVENTS):
                store(reading.events[start : start + BATCH_EVENTS])
            if reading.is_corrupt:
                path.rename(path.with_suffix(".parked"))
                log.error("spool.parked", count=len(reading.events))
            else:
                path.unlink()
            _sync_directory(self.directory)
            return len(reading.events)


@contextmanager
def _claimed(path: Path) -> Iterator[int | None]:
    """An open file that nobody else writes or drains; None when somebody does, or it is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield None
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Removed by another between our open and our lock?
        yield descriptor if os.fstat(descriptor).st_nlink else None
    except BlockingIOError:
        yield None
    finally:
        os.close(descriptor)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
