"""The same through the worker, as it runs: jobs, threads and connections of their own."""

import time

import pytest
from django.db import connection

from tests.sync.corp import Corp, assert_equal
from tests.sync.postbox import Postbox
from tests.wecom_simulator.running import Simulator
from wecom_api import WeCom
from weijing.accounts.models import Officer
from weijing.core import clock, jobs
from weijing.core.working import work
from weijing.residents.models import Contact
from weijing.sync.models import BehaviourDay, ContactRefresh, Greeting, InboxEvent, OfficerReading
from weijing.territory.models import County

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def queue_is_empty(transactional_db: None) -> None:
    """Jobs of tests before this one are of counties that are gone."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")


@pytest.fixture
def running(
    county: County, corp: Corp, wecom: WeCom, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> Corp:
    # Threads of a worker that has ended keep nothing open that would hold up the next test.
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    simulator.admin("clock", real=True, set=time.time())
    corp.found(officers=2, contacts=30)
    return corp


def do(name: str, **ids: int | str) -> None:
    jobs.enqueue(name, **ids)
    work(concurrency=2, queues=None, wait=False)


def tick(name: str) -> None:
    """What the clock would do."""
    do(name, timestamp=0)


def test_a_county_is_read_by_jobs(running: Corp, county: County) -> None:
    do("sync.read_departments", county_id=county.pk)
    do("sync.read_contacts", county_id=county.pk)

    assert Officer.objects.filter(serves_residents=True).count() == 2
    assert_equal(county.pk, running)


def test_a_scanned_code_is_greeted_and_mirrored_by_jobs(
    running: Corp, county: County, postbox: Postbox, simulator: Simulator
) -> None:
    do("sync.read_departments", county_id=county.pk)
    running.act("scan", userid="p1", resident={"name": "守夜人的灯"})
    simulator.admin("callbacks/drain")
    postbox.deliver(at=clock.now())

    tick("sync.take_inbox")
    tick("sync.refresh")

    assert InboxEvent.objects.get().outcome == InboxEvent.Outcome.APPLIED
    assert not ContactRefresh.objects.exists()
    # The worker may have come past the minute at which it reads some officers anyway.
    assert Contact.objects.filter(identity__nickname="守夜人的灯").count() == 1
    assert Greeting.objects.get().state in (Greeting.State.SENT, Greeting.State.LATE)


def test_the_slices_of_a_day_read_everybody(running: Corp, county: County) -> None:
    do("sync.read_departments", county_id=county.pk)
    for _ in range(3):
        tick("sync.reconcile")

    assert OfficerReading.objects.count() == 2
    assert_equal(county.pk, running)


def test_every_periodic_job_bears_a_county_without_anything(county: County, wecom: WeCom) -> None:
    for name in (
        "sync.take_inbox", "sync.refresh", "sync.reconcile", "sync.read_all_departments",
        "sync.read_all_tags", "sync.pull_behaviour", "sync.tidy",
    ):  # fmt: skip
        tick(name)

    assert failed_jobs() == []


def test_figures_are_pulled_by_jobs(running: Corp, county: County) -> None:
    do("sync.read_departments", county_id=county.pk)

    tick("sync.pull_behaviour")

    assert BehaviourDay.objects.count() >= 2 * 179  # yesterday's may not be there yet


def failed_jobs() -> list[str]:
    """Of these parts; others enqueue theirs for another day."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT task_name FROM procrastinate_jobs WHERE status <> 'succeeded' "
            "AND (task_name LIKE 'sync.%' OR task_name LIKE 'tags.%')"
        )
        return [row[0] for row in cursor.fetchall()]
