"""Reading all contacts of some officers, page by page, several groups of officers at a time.

Threads fetch, parse and prepare; one thread, the caller's, writes, and mostly waits for the
database. What has been written and how far each
group is read commit together, so a reading that was killed goes on after its last commit.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from wecom_api import Rejected, Throttled, Unavailable, WeCom
from wecom_api.customers import CustomerOfMember
from wecom_api.errors import NotAFollower

MAX_OFFICERS = 100  # per call; developer.work.weixin.qq.com/document/path/92994
PAGE = 100
PAGES_AHEAD = 60  # read but not written yet, in all: bounds the memory
PAGES_PER_COMMIT = 20
PATIENCE_SECONDS = 600.0  # how long one page may keep failing
PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 60.0

Row = TypeVar("Row")
Prepare = Callable[[Sequence[CustomerOfMember]], list[Row]]


@dataclass
class Group:
    """Officers that are read with one cursor. `cursor` is where the next page begins."""

    userids: list[str]
    cursor: str = ""
    done: bool = False
    refused: str = ""  # why WeCom gives nothing about the one officer left in it
    restarted: bool = False  # its cursor was refused once


@dataclass
class Portion(Generic[Row]):
    """Some pages of one group, in order, to be written with one commit."""

    group: int
    read_at: datetime  # when the first of them was asked for
    rows: list[Row] = field(default_factory=list)
    contacts: int = 0  # on the pages
    calls: int = 0
    cursor: str = ""
    done: bool = False
    split: list[Group] = field(default_factory=list)  # replaces the group: it was refused
    refused: str = ""


def grouped(userids: Sequence[str], *, threads: int) -> list[Group]:
    """Enough groups to keep the threads busy, none above what one call may name."""
    size = max(1, min(MAX_OFFICERS, -(-len(userids) // max(1, threads))))
    return [Group(list(userids[start : start + size])) for start in range(0, len(userids), size)]


def traverse(
    groups: Sequence[Group],
    wecom: WeCom,
    *,
    threads: int,
    now: Callable[[], datetime],
    prepare: Prepare[Row],
    pages_per_commit: int = PAGES_PER_COMMIT,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Iterator[Portion[Row]]:
    """What is left to read of these groups, in the order in which it arrives.

    `prepare` makes rows of the contacts of a page, in the thread that has read it.

    Leaving the loop ends the threads. WeCom being busy, away or tired of us is waited out.

    Raises `wecom_api.WeComError` when that took longer than `patience_seconds`, or when nobody's
    patience helps (`Misconfigured`).
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number, group in enumerate(groups):
        if not group.done:
            waiting.put(number)
    open_groups = waiting.qsize()
    found: queue.Queue[Portion[Row] | BaseException] = queue.Queue(
        max(1, PAGES_AHEAD // pages_per_commit)
    )
    stop = threading.Event()
    reading = _Reading(wecom, now, prepare, stop, pages_per_commit, patience_seconds)

    def fetch() -> None:
        try:
            while not stop.is_set():
                number = waiting.get_nowait()
                for portion in reading.portions(number, groups[number]):
                    _hand_over(found, portion, stop)
        except queue.Empty:
            pass
        except BaseException as error:  # the caller raises it
            _hand_over(found, error, stop)

    workers = [
        threading.Thread(target=fetch, name=f"contacts-{n}", daemon=True)
        for n in range(min(threads, open_groups))
    ]
    for worker in workers:
        worker.start()
    try:
        while open_groups:
            arrived = found.get()
            if isinstance(arrived, BaseException):
                raise arrived
            open_groups -= arrived.done or bool(arrived.split)
            yield arrived
    finally:
        stop.set()
        for worker in workers:
            worker.join(timeout=60)


def _hand_over(
    found: "queue.Queue[Portion[Row] | BaseException]",
    arrived: Portion[Row] | BaseException,
    stop: threading.Event,
) -> None:
    while not stop.is_set():
        with suppress(queue.Full):
            found.put(arrived, timeout=0.2)
            break


@dataclass
class _Reading(Generic[Row]):
    wecom: WeCom
    now: Callable[[], datetime]
    prepare: Prepare[Row]
    stop: threading.Event
    pages_per_commit: int
    patience_seconds: float

    def portions(self, number: int, group: Group) -> Iterator[Portion[Row]]:
        cursor, done = group.cursor, False
        while not done and not self.stop.is_set():
            portion: Portion[Row] = Portion(number, self.now(), cursor=cursor)
            for _ in range(self.pages_per_commit):
                self._add_page(group, portion)
                done = portion.done or bool(portion.split)
                if done:
                    break
            cursor = portion.cursor
            yield portion

    def _add_page(self, group: Group, portion: Portion[Row]) -> None:
        try:
            contacts, portion.cursor = self._page(group.userids, portion.cursor)
        except NotAFollower:
            contacts, portion.cursor = (), ""  # none of them has anybody
        except Rejected as refusal:
            self._refused(group, portion, refusal)
            return
        portion.rows += self.prepare(contacts)
        portion.contacts += len(contacts)
        portion.calls += 1
        portion.done = not portion.cursor

    def _refused(self, group: Group, portion: Portion[Row], refusal: Rejected) -> None:
        """A cursor that is no longer good, or a member among them whom we may not ask about."""
        userids = group.userids
        if portion.cursor and not group.restarted:
            portion.split = [Group(userids, restarted=True)]
        elif len(userids) == 1:
            portion.done, portion.refused = True, f"errcode {refusal.errcode}"
        else:
            middle = len(userids) // 2
            halves = userids[:middle], userids[middle:]
            portion.split = [Group(half, restarted=group.restarted) for half in halves]

    def _page(self, userids: list[str], cursor: str) -> tuple[tuple[CustomerOfMember, ...], str]:
        pause, waited = PAUSE_SECONDS, 0.0
        while True:
            try:
                page = next(
                    iter(self.wecom.customers.batch_get_by_user(userids, cursor=cursor, limit=PAGE))
                )
                return page.external_contact_list, page.next_cursor
            except Unavailable as error:
                if isinstance(error, Throttled):
                    pause = max(1.0, error.retry_after_seconds)
                if waited >= self.patience_seconds or self.stop.wait(pause):
                    raise
                waited += pause
                pause = min(LONGEST_PAUSE_SECONDS, 2 * pause)
