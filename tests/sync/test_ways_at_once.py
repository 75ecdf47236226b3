"""Two people want one code at the same moment; two workers take up one row."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.db import connection

from tests.builders import beat_of, division, make_county, make_household, make_officer
from tests.sync.corp import Corp
from tests.wecom_simulator.running import Simulator
from wecom_api import WeCom
from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import scope_of
from weijing.core import env
from weijing.residents.models import ContactWay, PrintOrder, WelcomeText
from weijing.residents.printing import ordering
from weijing.residents.ways import claiming, telling, wanting, welcoming
from weijing.territory.models import County

ADD = "externalcontact/add_contact_way"
Now = Callable[[], datetime]


@pytest.fixture
def county(transactional_db: None) -> County:
    return make_county()


@pytest.fixture
def officer(county: County, corp: Corp, wecom: WeCom) -> Iterator[Officer]:
    corp.found(officers=1)
    yield make_officer(
        county, "p1", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村")
    )


def at_once(*acts: Callable[[], object]) -> list[object]:
    """All of them together, each on a connection of its own. What they gave or raised."""
    ready, results = threading.Barrier(len(acts)), list[object]([None] * len(acts))

    def run(number: int) -> None:
        ready.wait()
        try:
            results[number] = acts[number]()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_a_code_wanted_by_four_at_once_is_wanted_once(
    county: County, officer: Officer, now: Now
) -> None:
    beat = beat_of(county, "小沙江镇", "桃李村")
    home = make_household(division(county, "小沙江镇", "桃李村", "1组"))
    scope, at = scope_of(officer, at=now()), now()
    for want in (
        lambda: wanting.for_officer(officer, by=officer, at=at).pk,
        lambda: wanting.for_beat(beat, by=officer, at=at).pk,
        lambda: wanting.for_household(home, officer, scope=scope, at=at).pk,
    ):
        assert len(set(at_once(*[want] * 4))) == 1
    assert ContactWay.objects.count() == 3


def test_a_row_taken_up_by_four_workers_is_asked_for_once(
    county: County, officer: Officer, now: Now, wecom: WeCom, simulator: Simulator
) -> None:
    way = wanting.for_officer(officer, by=officer, at=now())
    simulator.admin("faults", api=ADD, kind="slow", delay_seconds=0.5, times=4)
    at = now()

    told = at_once(*[lambda: telling.tell(county.pk, way.pk, wecom=wecom, at=at)] * 4)

    assert sorted(map(str, told)) == ["False", "False", "False", "True"]
    assert simulator.admin("calls", "GET")["calls"][ADD].get("0") == 1


def test_two_workers_with_slow_answers_make_one_code_for_each_row(
    county: County, officer: Officer, now: Now, wecom: WeCom, simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The lease of a row begins with its turn, not with that of the first of the batch."""
    monkeypatch.setattr(claiming, "LEASE", timedelta(seconds=2))
    monkeypatch.setattr(env.environment(), "wecom_list_lag_seconds", 0)
    wanting.for_officer(officer, by=officer, at=now())
    wanting.for_beat(beat_of(county, "小沙江镇", "桃李村"), by=officer, at=now())
    home = make_household(division(county, "小沙江镇", "桃李村", "1组"))
    wanting.for_household(home, officer, scope=scope_of(officer, at=now()), at=now())
    simulator.admin("faults", api=ADD, kind="slow", delay_seconds=1.5, times=9)
    began, start = time.monotonic(), now()

    def ticking() -> datetime:
        return start + timedelta(seconds=time.monotonic() - began)

    def work() -> None:
        for _ in range(6):
            telling.tell_due(county.pk, wecom=wecom, now=ticking)
            threading.Event().wait(0.7)

    assert at_once(work, work) == [None, None]
    assert simulator.admin("calls", "GET")["calls"][ADD].get("0") == 3
    there = set(wecom.contact_ways.list(start_time=1))
    assert there == set(ContactWay.objects.values_list("config_id", flat=True))


def test_a_code_that_comes_after_its_lease_ended_is_deleted_if_another_was_made(
    county: County, officer: Officer, now: Now, wecom: WeCom, simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(env.environment(), "wecom_list_lag_seconds", 0)
    way = wanting.for_officer(officer, by=officer, at=now())
    simulator.admin("faults", api=ADD, kind="slow", delay_seconds=2.0, times=1)
    early = now()

    def a_worker_after_the_lease() -> bool:
        threading.Event().wait(0.7)
        return telling.tell(
            county.pk, way.pk, wecom=wecom, at=early + claiming.LEASE + timedelta(seconds=1)
        )

    told = at_once(
        lambda: telling.tell(county.pk, way.pk, wecom=wecom, at=early), a_worker_after_the_lease
    )

    assert told == [False, True]
    way.refresh_from_db()
    assert list(wecom.contact_ways.list(start_time=1)) == [way.config_id]


def test_a_wish_that_comes_while_wecom_is_told_is_not_forgotten(
    county: County, officer: Officer, now: Now, wecom: WeCom, simulator: Simulator
) -> None:
    way = wanting.for_officer(officer, by=officer, at=now())
    simulator.admin("faults", api=ADD, kind="slow", delay_seconds=1.0, times=1)
    at = now()

    def end_it_meanwhile() -> None:
        threading.Event().wait(0.4)
        wanting.end(way, by=officer, at=at)

    at_once(lambda: telling.tell(county.pk, way.pk, wecom=wecom, at=at), end_it_meanwhile)
    telling.tell_due(county.pk, wecom=wecom, now=lambda: at)

    way.refresh_from_db()
    assert way.ended_at is not None
    assert list(wecom.contact_ways.list(start_time=1)) == []


def test_of_two_who_save_words_of_welcome_at_once_one_is_told(
    county: County, now: Now, officer: Officer
) -> None:
    beat = beat_of(county, "小沙江镇", "桃李村")
    chief = make_officer(county, "chief", Role.STATION_COMMAND, station=beat.station)
    scope, at = scope_of(chief, at=now()), now()

    saved = at_once(
        *[
            lambda: welcoming.write(
                county, beat, "村里的话。", seen="", by=chief, scope=scope, at=at
            )
        ]
        * 2
    )

    kinds = sorted(type(one).__name__ for one in saved)
    assert kinds == ["ChangedMeanwhile", "WelcomeText"]
    assert WelcomeText.objects.count() == 1


def test_two_taps_on_print_make_one_order(county: County, now: Now, officer: Officer) -> None:
    station = beat_of(county, "小沙江镇", "桃李村").station
    chief = make_officer(county, "chief", Role.STATION_COMMAND, station=station)
    scope, at = scope_of(chief, at=now()), now()
    order = lambda: ordering.order(station, "posters", by=chief, scope=scope, at=at).pk  # noqa: E731
    assert len(set(at_once(order, order, order))) == 1
    assert PrintOrder.objects.count() == 1
