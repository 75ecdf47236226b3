"""kill -9 of a worker in the middle of a bulk change; the next one finds what is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from django.db import connection

from tests.builders import division, make_county, make_officer, make_resident, make_tag
from tests.web.web_process import OUTSIDE, START_SECONDS, database_url
from weijing.accounts.models import Role
from weijing.accounts.scope import scope_of
from weijing.audit.models import AuditEntry
from weijing.core import clock
from weijing.residents.bulk import ordering
from weijing.residents.models import BulkWork, OrdinalCounter, Resident
from weijing.residents.queries import visible_to
from weijing.tags.models import TagAssignment
from weijing.territory.models import Station

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE, PIECE, KILLS = 6_000, 20, 2
# The worker's heart is heard dead after twenty seconds, its jobs are given on every ten.
PATIENCE_SECONDS = 180


@pytest.fixture
def worker() -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "weijing", "worker", "--concurrency", "2"],
                env={**os.environ, "DATABASE_URL": database_url(), **OUTSIDE},
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )
        )  # fmt: skip
        return started[-1]

    yield start
    for process in started:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def order() -> BulkWork:
    county = make_county()
    station = Station.objects.get(county=county, name="小沙江派出所")
    chief = make_officer(county, "chief", Role.STATION_COMMAND, station=station)
    home = division(county, "小沙江镇", "桃李村", "1组")
    first = make_resident(home)
    Resident.objects.bulk_create(
        Resident(county=county, ordinal=first.ordinal + n, division=home, name="罗样例")
        for n in range(1, PEOPLE)
    )
    OrdinalCounter.objects.filter(county=county).update(next_ordinal=PEOPLE + 1)
    tag = make_tag(county, "TRF01001", "重型货车")
    scope, at = scope_of(chief, at=clock.now()), clock.now()
    return ordering.order(
        "tags.add", visible_to(scope), parameters={"tag": tag.pk, "source": "visit", "basis": ""},
        seen=PEOPLE, by=chief, scope=scope, at=at,
    )  # fmt: skip


def more_than(done: int) -> Callable[[BulkWork], bool]:
    return lambda work: work.done > done


def wait_until(work: BulkWork, reached: Callable[[BulkWork], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not reached(work):
        assert time.monotonic() < deadline, (work.state, work.done, work.total)
        time.sleep(0.02)
        work.refresh_from_db()


def test_nobody_is_left_out_or_changed_twice_when_workers_are_killed(
    worker: Callable[[], subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordering, "PIECE", PIECE)
    work = order()
    for _ in range(KILLS):
        process = worker()
        wait_until(work, more_than(work.done), seconds=START_SECONDS + PATIENCE_SECONDS)
        kill(process)
        work.refresh_from_db()
        assert 0 < work.done < PEOPLE
        # What the page says is what the rows hold, also now.
        assert TagAssignment.objects.count() == work.changed == work.done
    worker()
    wait_until(work, lambda w: w.state == "done", seconds=START_SECONDS + PATIENCE_SECONDS)
    assert (work.done, work.changed, TagAssignment.objects.count()) == (PEOPLE, PEOPLE, PEOPLE)
    pieces = AuditEntry.objects.filter(action="tag.assigned_in_bulk")
    assert pieces.count() == PEOPLE // PIECE
    connection.close()
