"""A WeCom in memory with its own time, for thousands of fault schedules.

Only what the send protocol touches. That it behaves like the real simulator is shown by
`test_against_simulator.py`, which runs the same stories over HTTP.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from wecom_api import Misconfigured, Throttled, Unanswered, Unavailable
from wecom_api.app_messages import Recipients
from wecom_api.errors import Cancelled, NobodyToSendTo, StillDispatching, TooLate, UnknownMessage
from wecom_api.group_messages import (
    AddedMessage,
    GroupMessage,
    MemberTask,
    SendResult,
)
from wecom_api.media import UploadedMedia


class Crash(BaseException):
    """kill -9: nothing after it runs in this worker."""


@dataclass
class Task:
    msgid: str
    sender: str
    external_userids: list[str]
    text: str
    created_at: datetime
    attachments: tuple[Any, ...] = ()
    confirmed_at: datetime | None = None
    cancelled: bool = False
    reminders: int = 0


@dataclass
class Faults:
    """Probabilities per call."""

    not_arrived: float = 0.0
    busy: float = 0.0  # -1, and nothing happened
    busy_but_done: float = 0.0  # -1, and it happened
    throttled: float = 0.0
    reply_lost: float = 0.0
    crash_before: float = 0.0
    crash_after: float = 0.0
    pause: float = 0.0  # the worker stands still and others go on
    list_fails: float = 0.0
    longest_pause_seconds: float = 900.0
    longest_list_lag_seconds: float = 0.0
    dispatch_seconds: float = 0.0


@dataclass
class FakeWeCom:
    now: datetime
    faults: Faults = field(default_factory=Faults)
    random: Random = field(default_factory=lambda: Random(0))
    tasks: list[Task] = field(default_factory=list)
    cards: list[str] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None  # what others do during a pause
    before_add: Callable[[], None] = lambda: None
    boundary: Callable[[], None] = lambda: None  # before and behind each call; may crash
    answer_with: list[BaseException | None] = field(default_factory=list)
    list_lag: dict[str, float] = field(default_factory=dict)
    list_calls: int = 0
    add_calls: int = 0
    uploads: list[tuple[str, str, bytes]] = field(default_factory=list)  # type, name, content
    media_answers: list[BaseException] = field(default_factory=list)

    @property
    def group_messages(self) -> "FakeWeCom":
        return self

    @property
    def app_messages(self) -> "FakeWeCom":
        return self

    @property
    def media(self) -> "FakeWeCom":
        return self

    def upload(self, type: str, *, filename: str, content: bytes, **_: Any) -> UploadedMedia:
        if self.media_answers:
            raise self.media_answers.pop(0)
        self.uploads.append((type, filename, content))
        return UploadedMedia(f"media{len(self.uploads)}", type, int(self.now.timestamp()))

    def monotonic(self) -> float:
        return self.now.timestamp()

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def add_msg_template(
        self,
        *,
        sender: str,
        external_userids: Sequence[str],
        text: str,
        not_after: float,
        attachments: Sequence[Any] = (),
        **_: Any,
    ) -> AddedMessage:
        self.add_calls += 1
        self.boundary()
        self.before_add()
        self._maybe_pause()
        if self._happens(self.faults.crash_before):
            raise Crash
        if self.monotonic() > not_after:
            raise TooLate
        if self._happens(self.faults.not_arrived):
            raise Unanswered(errmsg="no answer")
        if self._happens(self.faults.throttled):
            raise Throttled(errcode=45009)
        if self._happens(self.faults.busy):
            raise Unanswered(errcode=-1)
        planned = self.answer_with.pop(0) if self.answer_with else None
        if planned is not None and not isinstance(planned, ReplyLost):
            raise planned
        self.advance(self.random.uniform(0, 10) if self.faults.pause else 0)
        if not external_userids:
            raise NobodyToSendTo(errcode=41048)
        task = Task(f"msg{len(self.tasks)}", sender, [*external_userids], text, self.now)
        task.attachments = tuple(attachments)
        self.tasks.append(task)
        self.list_lag[task.msgid] = self.random.uniform(0, self.faults.longest_list_lag_seconds)
        if isinstance(planned, ReplyLost) or self._happens(self.faults.reply_lost):
            raise Unanswered(errmsg="cut")
        if self._happens(self.faults.busy_but_done):
            raise Unanswered(errcode=-1)
        if self._happens(self.faults.crash_after):
            raise Crash
        self._maybe_pause()
        self.boundary()
        return AddedMessage(task.msgid)

    def list_v2(
        self, *, start_time: int, end_time: int, filter_type: int, **_: Any
    ) -> tuple[GroupMessage, ...]:
        self.list_calls += 1
        self.boundary()
        assert filter_type == 0
        if self._happens(self.faults.list_fails):
            raise StillDispatching(errcode=41063)
        return tuple(
            GroupMessage(msgid=t.msgid, create_time=int(t.created_at.timestamp()), text=t.text)
            for t in self.tasks
            if start_time <= t.created_at.timestamp() <= end_time
            and (self.now - t.created_at).total_seconds() >= self.list_lag.get(t.msgid, 0)
        )

    def task(self, msgid: str) -> tuple[MemberTask, ...]:
        self.boundary()
        found = self._find(msgid)
        if found.confirmed_at:
            sent = int(found.confirmed_at.timestamp())
            return (MemberTask(found.sender.lower(), 2, sent),)
        if found.cancelled:
            raise Cancelled(errcode=41093)
        return (MemberTask(found.sender.lower()),)

    def send_result(self, msgid: str, userid: str) -> tuple[SendResult, ...]:
        self.boundary()
        found = self._find(msgid)
        sent = int(found.confirmed_at.timestamp()) if found.confirmed_at else None
        return tuple(
            SendResult(userid, 1 if sent else 0, external_userid, send_time=sent)
            for external_userid in found.external_userids
        )

    def cancel(self, msgid: str) -> None:
        self.boundary()
        found = self._find(msgid)
        if found.cancelled:
            raise Cancelled(errcode=41093)
        found.cancelled = True

    def remind(self, msgid: str) -> None:
        self._find(msgid).reminders += 1

    def text(self, to: Recipients, content: str, **_: Any) -> None:
        self.cards.append(to.touser[0])

    def confirm(self, msgid: str) -> None:
        """The officer taps send; impossible once cancelled."""
        found = self._find(msgid)
        if not found.cancelled and found.confirmed_at is None:
            found.confirmed_at = self.now

    def _find(self, msgid: str) -> Task:
        found = next((t for t in self.tasks if t.msgid == msgid), None)
        if found is None:
            raise UnknownMessage(errcode=41046)
        if (self.now - found.created_at).total_seconds() < self.faults.dispatch_seconds:
            raise StillDispatching(errcode=41063)
        return found

    def _maybe_pause(self) -> None:
        if self._happens(self.faults.pause):
            self.advance(self.random.uniform(0, self.faults.longest_pause_seconds))
            self.meanwhile()

    def _happens(self, probability: float) -> bool:
        return probability > 0 and self.random.random() < probability


class ReplyLost(Exception):
    """In `answer_with`: the task is made and the answer does not come."""


UNAVAILABLE = Unavailable(errmsg="not sent")
MISCONFIGURED = Misconfigured(errcode=48002)
