"""Every contact of every officer, read from WeCom: all at once, or a slice of officers at a time.

The first full reading of a county goes on where it was stopped, at any moment and by any signal.
Afterwards the rolling reconciliation reads some officers every few minutes, so that whatever the
callbacks missed is repaired within `PERIOD`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import OuterRef, Subquery

from wecom_api import WeCom, WeComError
from wecom_api.customers import CustomerOfMember
from weijing.accounts.models import Officer
from weijing.core import clock, table_statistics
from weijing.core.collecting import rarely_collecting
from weijing.core.ids import new_id
from weijing.residents.mirror import fresh_rows
from weijing.residents.mirror.contacts import Seen, live
from weijing.residents.models import Contact, Resident, WechatIdentity
from weijing.sync import keeping, runs
from weijing.sync.models import OfficerReading, SyncRun
from weijing.sync.serving import officer_ids, serving_officers
from weijing.sync.traversing import (
    PAGES_PER_COMMIT,
    PATIENCE_SECONDS,
    Group,
    Portion,
    grouped,
    traverse,
)
from weijing.sync.wishes import wish_all

THREADS = 8
PERIOD = timedelta(hours=24)
SLICE_PATIENCE_SECONDS = 60.0  # the next slice comes in minutes; a worker has other things to do
# Half as many again as the period needs, so that a bad hour is caught up.
HEADROOM = 1.5
ENOUGH_TO_PLAN = 1_000  # contacts


@dataclass
class Numbers:
    """How far a reading is. `officers_done` of `officers` are read to the end."""

    officers: int = 0
    officers_done: int = 0
    contacts: int = 0
    changed: int = 0
    calls: int = 0
    unknown_officers: int = 0  # rows of members who are no officers here


Progress = Callable[[Numbers], None]


def read_all(
    county_id: int,
    wecom: WeCom,
    *,
    now: Callable[[], datetime] = clock.now,
    progress: Progress | None = None,
    threads: int = THREADS,
    pages_per_commit: int = PAGES_PER_COMMIT,
) -> Numbers:
    """The whole county; goes on with the last reading where that one stopped.

    Raises `wecom_api.WeComError`, with everything so far kept.
    """
    run = runs.unfinished(county_id, SyncRun.Kind.CONTACTS)
    if run is None or not run.progress:
        run = run or runs.begin(county_id, SyncRun.Kind.CONTACTS, at=now())
        userids = [officer.wecom_userid for officer in serving_officers(county_id)]
        plan = _Plan(now(), grouped(userids, threads=threads), Numbers(officers=len(userids)))
        runs.save_progress(run, plan.as_json())
    else:
        plan = _Plan.of_json(run.progress)
    reading = _Reading(county_id, wecom, now, progress, threads, pages_per_commit, run)
    try:
        reading.read(plan)
    except WeComError as error:
        runs.note_failure(run, error)
        raise
    runs.finish(run, at=now())
    return plan.numbers


def read_officers(
    county_id: int,
    userids: Sequence[str],
    wecom: WeCom,
    *,
    now: Callable[[], datetime] = clock.now,
    threads: int = THREADS,
) -> Numbers:
    """Some officers, from beginning to end; stopped half-way, they are simply read again.

    Raises `wecom_api.WeComError`.
    """
    plan = _Plan(now(), grouped(userids, threads=threads), Numbers(officers=len(userids)))
    reading = _Reading(county_id, wecom, now, None, threads, PAGES_PER_COMMIT, None)
    reading.patience_seconds = SLICE_PATIENCE_SECONDS
    reading.read(plan)
    return plan.numbers


def officers_due(
    county_id: int, *, at: datetime, every: timedelta, period: timedelta = PERIOD
) -> list[str]:
    """Whom the reconciliation reads next, when it is called `every` so often.

    Who was read least recently comes first; nobody twice within three quarters of the period.
    """
    last = OfficerReading.objects.filter(county_id=county_id, officer=OuterRef("pk"))
    officers = serving_officers(county_id).annotate(last_read_at=Subquery(last.values("read_at")))
    rows = sorted(
        officers.values_list("last_read_at", "wecom_userid"),
        key=lambda row: (row[0] is not None, row[0], row[1]),
    )
    slice_size = math.ceil(HEADROOM * len(rows) * (every / period))
    due = [userid for read_at, userid in rows if read_at is None or read_at <= at - 0.75 * period]
    return due[:slice_size]


@dataclass
class _Plan:
    started_at: datetime
    groups: list[Group]
    numbers: Numbers

    def as_json(self) -> dict[str, Any]:
        return {
            "started_at": self.started_at.isoformat(),
            # Not `asdict`, which copies each of a thousand userids, for every portion.
            "groups": [vars(group) for group in self.groups],
            "numbers": vars(self.numbers),
        }

    @staticmethod
    def of_json(data: dict[str, Any]) -> "_Plan":
        return _Plan(
            datetime.fromisoformat(data["started_at"]),
            [Group(**group) for group in data["groups"]],
            Numbers(**data["numbers"]),
        )


@dataclass
class _Reading:
    county_id: int
    wecom: WeCom
    now: Callable[[], datetime]
    progress: Progress | None
    threads: int
    pages_per_commit: int
    run: SyncRun | None
    patience_seconds: float = PATIENCE_SECONDS
    is_planner_told: bool = False
    meets_strangers: bool = True
    officers: dict[str, int] = field(default_factory=dict)  # ids, by userid in lower case

    @rarely_collecting()
    def read(self, plan: _Plan) -> None:
        self.officers = officer_ids(self.county_id)
        while not all(group.done for group in plan.groups):
            for portion in traverse(
                plan.groups,
                self.wecom,
                threads=self.threads,
                now=self.now,
                prepare=self._prepare,
                pages_per_commit=self.pages_per_commit,
                patience_seconds=self.patience_seconds,
            ):
                self._keep(plan, portion)
                self._tell_planner(plan.numbers)
                if self.progress:
                    self.progress(plan.numbers)

    def _tell_planner(self, numbers: Numbers) -> None:
        if self.run is not None and not self.is_planner_told and numbers.changed > ENOUGH_TO_PLAN:
            table_statistics.renew(of=(Officer, Resident, WechatIdentity, Contact))
            self.is_planner_told = True

    def _prepare(self, contacts: Sequence[CustomerOfMember]) -> list[Seen]:
        """In a reading thread: all that can be done before we know whom we know."""
        seen = [
            Seen(officer_id, external, follow)
            for external, follow in contacts
            if (officer_id := self.officers.get(follow.userid.lower()))
        ]
        if self.meets_strangers:
            fresh_rows.prepared(self.county_id, seen)
        return seen

    @transaction.atomic
    def _keep(self, plan: _Plan, portion: Portion[Seen]) -> None:
        if self.run is not None:
            self._wait_for_no_disk()
        recorded = keeping.keep(self.county_id, portion.rows, read_at=portion.read_at)
        self.meets_strangers = 2 * len(recorded.new) > len(portion.rows)
        numbers, group = plan.numbers, plan.groups[portion.group]
        numbers.contacts += len(portion.rows)
        numbers.unknown_officers += portion.contacts - len(portion.rows)
        numbers.changed += len(recorded.touched)
        numbers.calls += portion.calls
        group.cursor, group.refused = portion.cursor, portion.refused
        if portion.split:
            group.done, group.userids = True, []
            plan.groups += portion.split
        elif portion.done:
            group.done = True
            numbers.officers_done += len(group.userids)
            if not portion.refused:
                self._look_for_the_missing(plan, group)
        if self.run is not None:
            runs.save_progress(self.run, plan.as_json())

    def _wait_for_no_disk(self) -> None:
        """Rows and progress commit together: losing the last moments repeats a few pages, no more.

        The reading is called finished with a commit that does wait, and so keeps all before it.
        """
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")

    def _look_for_the_missing(self, plan: _Plan, group: Group) -> None:
        """Pairs of ours that the complete reading of these officers did not show.

        A page may have slipped while relations came and went, so each is asked for by name before
        it is ended (`refreshing`).
        """
        known = (self.officers.get(userid.lower()) for userid in group.userids)
        ids = [officer_id for officer_id in known if officer_id]
        missing = live(self.county_id).filter(officer_id__in=ids, seen_at__lt=plan.started_at)
        names = missing.values_list("identity__external_userid", flat=True)
        wish_all(self.county_id, set(names), at=self.now())
        OfficerReading.objects.bulk_create(
            [
                OfficerReading(
                    id=new_id(), county_id=self.county_id, officer_id=id, read_at=plan.started_at
                )
                for id in ids
            ],
            update_conflicts=True,
            unique_fields=["county", "officer"],
            update_fields=["read_at"],
        )
