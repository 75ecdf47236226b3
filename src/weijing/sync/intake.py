"""Keep an event before anybody is told that we have it: in the inbox, else on disk. No Django.

One thread commits for all who wait: under load a commit carries many events, without load nobody
waits for company. When the database does not answer in time, the waiting request itself writes its
event to disk, so no failure of the database has to be recognised for what it is.
"""

import queue
import threading
import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import psycopg

from weijing.core.logs import log
from weijing.sync.received import Received
from weijing.sync.spool import Spool

PATIENCE_SECONDS = 1.5  # then the spool takes over
STUCK_SECONDS = 5.0  # then the connection is cut
LOOK_SECONDS = 1.0  # how often we look whether the database is back
BATCH_EVENTS = 200


class NotKept(Exception):
    """Neither the database nor the disk took it. WeCom must send it again."""


class Kept(Enum):
    INBOX = "inbox"
    SPOOL = "spool"


class Store(Protocol):
    """See `inbox_store.Inbox`."""

    def store(self, events: list[Received]) -> None: ...

    def check(self) -> None: ...

    def interrupt(self) -> None: ...


@dataclass(eq=False)
class _Waiting:
    event: Received
    done: threading.Event = field(default_factory=threading.Event)
    is_stored: bool = False
    is_abandoned: bool = False


class Intake:
    """Threads share one. `inbox` and `second_inbox` are two connections to the same table."""

    def __init__(self, inbox: Store, second_inbox: Store, spool: Spool) -> None:
        self._inbox = inbox
        self._second_inbox = second_inbox
        self._spool = spool
        self._queue: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        self._busy_since: float | None = None
        self.database_is_away = False
        for work in (self._commit_for_all, self._bring_in):
            threading.Thread(target=work, name=work.__name__, daemon=True).start()

    def keep(self, event: Received) -> Kept:
        """Returns once the event outlives a crash of ours and of the database.

        Raises `NotKept`.
        """
        if not self.database_is_away:
            waiting = _Waiting(event)
            self._queue.put(waiting)
            if waiting.done.wait(PATIENCE_SECONDS):
                if waiting.is_stored:
                    return Kept.INBOX
            else:
                # It may be stored all the same, and again from the spool: that counts as a repeat.
                waiting.is_abandoned = True
                self._note_away("TimeoutError")
        try:
            self._spool.append(event)
        except OSError as error:
            log.error("ingest.not_kept", error_type=type(error).__name__)
            raise NotKept from error
        return Kept.SPOOL

    def _commit_for_all(self) -> None:
        while True:
            waiting = [one for one in self._those_who_wait() if not one.is_abandoned]
            if not waiting:
                continue
            self._busy_since = time.monotonic()
            try:
                self._inbox.store([one.event for one in waiting])
            except Exception as error:  # whatever it is, the spool is there for it
                self._note_away(type(error).__name__)
            else:
                for one in waiting:
                    one.is_stored = True
            finally:
                self._busy_since = None
                for one in waiting:
                    one.done.set()

    def _those_who_wait(self) -> list[_Waiting]:
        waiting = [self._queue.get()]
        while len(waiting) < BATCH_EVENTS:
            try:
                waiting.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return waiting

    def _bring_in(self) -> None:
        """Watch for the database's return, then bring in what is on disk, also of others."""
        while True:
            try:
                self._look()
            except (psycopg.Error, OSError) as error:
                self._note_away(type(error).__name__)
            except Exception as error:  # this thread must outlive every surprise
                log.error("ingest.bring_in_failed", error_type=type(error).__name__)
            time.sleep(LOOK_SECONDS)

    def _look(self) -> None:
        busy_since = self._busy_since
        busy_seconds = time.monotonic() - busy_since if busy_since else 0.0
        if busy_seconds > STUCK_SECONDS:
            self._inbox.interrupt()
        if self.database_is_away and busy_seconds < LOOK_SECONDS:
            self._second_inbox.check()
            self.database_is_away = False
            log.info("ingest.database_back")
        if not self.database_is_away:
            count = self._spool.drain(self._second_inbox.store)
            if count:
                log.info("ingest.spool_brought_in", count=count)

    def _note_away(self, error_type: str) -> None:
        if not self.database_is_away:
            log.warning("ingest.database_away", error_type=error_type)
        self.database_is_away = True
