"""Stored callbacks, turned into wishes: what must be read again, who is to be greeted.

A callback is a hint. Nothing in it but the time is believed, and taking one twice or in another
order changes nothing; only the greeting must not happen twice and is guarded by its own row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction

from wecom_api.callbacks import BadXml, Event, parse_event
from weijing.core import jobs
from weijing.core.crypto import CannotOpen
from weijing.core.env import environment, keyring
from weijing.core.logs import log
from weijing.sync import greeting, hints
from weijing.sync.models import InboxEvent
from weijing.sync.received import place_of
from weijing.sync.wishes import wish
from weijing.territory.models import County

BATCH = 200
MAX_ATTEMPTS = 5
MAX_NAME_CHARS = 64  # of a userid or external_userid
RAW_FOR = timedelta(days=7)

CONTACT_CHANGES = {
    "add_external_contact",
    "add_half_external_contact",
    "edit_external_contact",
    "del_external_contact",
    "del_follow_user",
    "transfer_fail",
    "msg_audit_approved",
}


class Unusable(Exception):
    """An event of a kind we know that lacks what its kind must have."""


@dataclass
class Taken:
    """What became of a batch."""

    applied: int = 0
    ignored: int = 0
    parked: int = 0
    failed: int = 0  # tried again with the next batch

    @property
    def total(self) -> int:
        return self.applied + self.ignored + self.parked + self.failed


@dataclass
class _Asked:
    """What a batch of events asks for, by county."""

    wishes: dict[int, dict[str, hints.Hints]] = field(default_factory=dict)
    greetings: list[tuple[int, Event]] = field(default_factory=list)
    jobs: set[tuple[str, int]] = field(default_factory=set)


def take_waiting(*, at: datetime, limit: int = BATCH) -> Taken:
    """Take up to `limit` waiting events, all in one transaction; the bad ones one by one.

    Several processes may do this at the same time.
    """
    try:
        with transaction.atomic():
            return _take(_waiting(limit), at=at)
    except DatabaseError as error:
        log.warning("sync.batch_failed", error_type=type(error).__name__)
    taken = Taken()
    for key in list(_waiting(limit, locked=False)):
        _take_alone(key.pk, taken, at=at)
    return taken


def forget_raw(*, at: datetime) -> int:
    """Drop the contents of events dealt with a week ago; their keys stay. Returns how many."""
    done = (InboxEvent.Outcome.APPLIED, InboxEvent.Outcome.IGNORED)
    old = InboxEvent.objects.filter(outcome__in=done, last_received_at__lt=at - RAW_FOR)
    return old.exclude(xml_sealed=b"").update(xml_sealed=b"")


def _waiting(limit: int, *, locked: bool = True) -> Sequence[InboxEvent]:
    rows = InboxEvent.objects.filter(outcome="").order_by("received_at")
    if locked:
        rows = rows.select_for_update(skip_locked=True)
    return list(rows[:limit])


def _take_alone(key: str, taken: Taken, *, at: datetime) -> None:
    try:
        with transaction.atomic():
            row = InboxEvent.objects.select_for_update(skip_locked=True).filter(pk=key, outcome="")
            one = _take(list(row), at=at)
    except DatabaseError as error:
        with transaction.atomic():
            failing = InboxEvent.objects.select_for_update().get(pk=key)
            _note_failure(failing, error, taken, at=at)
            _save([failing])
        return
    taken.applied += one.applied
    taken.ignored += one.ignored
    taken.parked += one.parked
    taken.failed += one.failed


def _take(rows: Sequence[InboxEvent], *, at: datetime) -> Taken:
    taken, asked, counties = Taken(), _Asked(), _Counties()
    for row in rows:
        try:
            note = _understand(row, asked, counties)
        except (CannotOpen, BadXml, Unusable) as error:
            _note_failure(row, error, taken, at=at)
            continue
        row.outcome = InboxEvent.Outcome.IGNORED if note else InboxEvent.Outcome.APPLIED
        row.note, row.applied_at = note, at
        taken.ignored += bool(note)
        taken.applied += not note
    for county_id, wishes in asked.wishes.items():
        wish(county_id, wishes, at=at)
    for county_id, event in asked.greetings:
        greeting.prepare(county_id, event, at=at)
    for name, county_id in sorted(asked.jobs):
        jobs.enqueue(name, once=f"{name} {county_id}", county_id=county_id)
    _save(rows)
    return taken


def _note_failure(row: InboxEvent, error: Exception, taken: Taken, *, at: datetime) -> None:
    row.attempts += 1
    row.note = type(error).__name__
    if row.attempts < MAX_ATTEMPTS:
        taken.failed += 1
        return
    row.outcome, row.applied_at = InboxEvent.Outcome.PARKED, at
    taken.parked += 1
    log.error("sync.event_parked", error_type=row.note, attempt=row.attempts)


def _save(rows: Iterable[InboxEvent]) -> None:
    InboxEvent.objects.bulk_update(rows, ["outcome", "attempts", "applied_at", "note"])


def _understand(row: InboxEvent, asked: _Asked, counties: "_Counties") -> str:
    """Add what the event asks for. Returns why it is ignored, or "".

    Raises `CannotOpen`, `BadXml`, `Unusable`.
    """
    if not row.xml_sealed:
        return "contents were dropped"
    event = parse_event(keyring().unseal(bytes(row.xml_sealed), place=place_of(row.key)))
    county_id = counties.of(row.corpid)
    if county_id is None:
        return "no county has this corp"
    if event.event == "change_external_contact":
        return _contact_changed(county_id, event, asked)
    if event.event == "change_external_tag":
        asked.jobs.add(("tags.sync_catalogue", county_id))
        return ""
    if event.event == "change_contact":
        asked.jobs.add(("sync.read_departments", county_id))
        return ""
    return f"event {event.event}"[:120]


def _contact_changed(county_id: int, event: Event, asked: _Asked) -> str:
    if event.change_type not in CONTACT_CHANGES:
        return f"change {event.change_type}"[:120]
    name = event.external_user_id
    if not 0 < len(name) <= MAX_NAME_CHARS or len(event.user_id) > MAX_NAME_CHARS:
        raise Unusable
    wishes = asked.wishes.setdefault(county_id, {})
    wishes[name] = hints.merged(wishes.get(name, {}), hints.hint_of(event))
    if event.welcome_code:
        asked.greetings.append((county_id, event))
    return ""


class _Counties:
    """Counties by corp, for one batch."""

    def __init__(self) -> None:
        self._known: dict[str, int | None] = {}

    def of(self, corpid: str) -> int | None:
        if corpid not in self._known:
            self._known[corpid] = _county_of(corpid)
        return self._known[corpid]


def _county_of(corpid: str) -> int | None:
    rows = County.objects.values_list("pk", flat=True)
    found = rows.filter(wecom_corpid=corpid).first()
    if found is None and corpid == environment().wecom_corpid:
        found = rows.filter(code=environment().county).first()
    return found
