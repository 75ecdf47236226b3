"""Two records become one while a campaign goes out: nobody is left out, nobody is asked twice."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connections, transaction

from tests.builders import beat_of, make_officer
from tests.campaigns.fake_wecom import FakeWeCom
from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import scope_of
from weijing.campaigns import approving, asking
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.residents import consent
from weijing.residents.merges import following, undoing, uniting
from weijing.residents.models import MergeRecord, Resident
from weijing.territory.models import County


@pytest.fixture
def unite(county: County, at: datetime) -> Callable[[Resident, Resident], MergeRecord]:
    station = beat_of(county, "小沙江镇", "桃李村").station
    chief = make_officer(county, "chief", Role.STATION_COMMAND, station=station)

    def unite(kept: Resident, gone: Resident) -> MergeRecord:
        return uniting.unite(kept, gone, by=chief, scope=scope_of(chief, at=at), at=at)

    return unite


def ask(share: Share, wecom: FakeWeCom) -> None:
    asking.ask(share, wecom=wecom, at=wecom.now, monotonic=wecom.monotonic)  # type: ignore[arg-type]


def accounts(*people: Resident) -> list[str]:
    return sorted(f"wm{person.pk}" for person in people)


def test_merged_between_release_and_asking_every_account_gets_it_once(
    share: Share, wecom: FakeWeCom, people: list[Resident],
    unite: Callable[[Resident, Resident], MergeRecord],
) -> None:  # fmt: skip
    unite(people[0], people[1])
    ask(share, wecom)
    [task] = wecom.tasks
    assert sorted(task.external_userids) == accounts(*people)
    assert Delivery.objects.filter(resident=people[0]).count() == 2


def test_who_took_consent_back_on_one_record_gets_nothing_on_either(
    share: Share, wecom: FakeWeCom, people: list[Resident], at: datetime,
    unite: Callable[[Resident, Resident], MergeRecord],
) -> None:  # fmt: skip
    consent.withdraw(people[1], ["publicity"], by=None, at=at)
    unite(people[0], people[1])
    ask(share, wecom)
    [task] = wecom.tasks
    assert task.external_userids == accounts(people[2])


@pytest.mark.django_db(transaction=True)
def test_merged_while_the_release_is_being_written(
    submitted: Campaign, approver: Officer, wecom: FakeWeCom, people: list[Resident], at: datetime,
    unite: Callable[[Resident, Resident], MergeRecord],
) -> None:  # fmt: skip
    with transaction.atomic():
        approving.release(submitted, by=approver, at=at)
        in_another_process(lambda: unite(people[0], people[1]))
    assert Delivery.objects.filter(resident=people[1]).exists(), "the release did not know yet"

    ask(Share.objects.get(), wecom)
    [task] = wecom.tasks
    assert sorted(task.external_userids) == accounts(*people), "and nobody is taken for unwilling"
    assert not Delivery.objects.filter(resident=people[1]).exists()

    record = MergeRecord.objects.select_related("by").get()
    assert record.by is not None
    scope = scope_of(record.by, at=at)
    undoing.undo(record, by=record.by, scope=scope, at=at + timedelta(hours=1))
    assert Delivery.objects.get(resident=people[1]).external_userid == f"wm{people[1].pk}"


@pytest.mark.django_db(transaction=True)
def test_what_nobody_asks_for_follows_within_minutes(
    submitted: Campaign, approver: Officer, people: list[Resident], at: datetime,
    unite: Callable[[Resident, Resident], MergeRecord],
) -> None:  # fmt: skip
    with transaction.atomic():
        approving.release(submitted, by=approver, at=at)
        in_another_process(lambda: unite(people[0], people[1]))
    later = at + timedelta(minutes=2)
    assert following.follow_recent(submitted.county_id, at=later) == 1
    assert following.follow_recent(submitted.county_id, at=later) == 0
    assert Delivery.objects.filter(resident=people[0]).count() == 2


def in_another_process(work: Callable[[], object]) -> None:
    failed = []

    def run() -> None:
        try:
            work()
        except Exception as error:
            failed.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    assert not thread.is_alive() and failed == []
