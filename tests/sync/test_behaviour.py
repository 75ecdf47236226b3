from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from tests.sync.corp import Corp
from tests.wecom_simulator.running import Simulator
from wecom_api import Unavailable, WeCom
from weijing.core.clock import local_day
from weijing.sync import behaviour
from weijing.sync.address_book import read_address_book
from weijing.sync.models import BehaviourDay
from weijing.territory.models import County

Now = Callable[[], datetime]
API = "externalcontact/get_user_behavior_data"


@pytest.fixture
def yesterday(county: County, corp: Corp, wecom: WeCom, simulator: Simulator, now: Now) -> date:
    """A day on which p1 chatted, and p2 did nothing. It is ten in the morning after."""
    corp.found(officers=2)
    read_address_book(county.pk, wecom)
    friend = corp.friend("p1")
    for _ in range(3):
        corp.act("chat", userid="p1", external_userid=friend, text="您好", **{"from": "member"})
    day = local_day(now())
    simulator.advance(86_400)
    return day


def test_the_first_pull_reaches_back_180_days_in_spans_of_thirty(
    county: County, yesterday: date, wecom: WeCom, simulator: Simulator, now: Now
) -> None:
    pulled = behaviour.pull(county.pk, wecom, at=now())

    assert (pulled.officers, pulled.days, pulled.calls) == (2, 360, 12)
    assert pulled.not_there_yet == 0
    row = BehaviourDay.objects.get(officer__wecom_userid="p1", day=yesterday)
    truth = simulator.truth("behaviour?userid=p1&at=" + str(simulator.now() - 86_400))
    assert row.message_cnt == truth["message"] == 3
    assert row.chat_cnt == truth["chat"]


def test_what_is_there_is_not_asked_for_again(
    county: County, yesterday: date, wecom: WeCom, now: Now
) -> None:
    behaviour.pull(county.pk, wecom, at=now())

    assert behaviour.pull(county.pk, wecom, at=now()).calls == 0


def test_figures_that_come_late_in_the_morning_are_asked_for_until_they_come(
    county: County, yesterday: date, wecom: WeCom, simulator: Simulator, now: Now
) -> None:
    simulator.admin("settings", behaviour_hour=23)
    assert behaviour.pull(county.pk, wecom, at=now()).not_there_yet == 2
    assert behaviour.pull(county.pk, wecom, at=now()).not_there_yet == 2

    simulator.admin("settings", behaviour_hour=9)
    pulled = behaviour.pull(county.pk, wecom, at=now())

    assert (pulled.not_there_yet, pulled.days) == (0, 2)
    assert BehaviourDay.objects.filter(day=yesterday).count() == 2


def test_stopped_half_way_the_rest_is_fetched_next_time(
    county: County, yesterday: date, wecom: WeCom, simulator: Simulator, now: Now,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(behaviour, "CHUNK", 1)
    # Six answers for the first officer, one more for the token that ran out overnight.
    simulator.admin("faults", api=API, kind="http_500", skip=7, times=10)
    with pytest.raises(Unavailable):
        behaviour.pull(county.pk, wecom, at=now())
    assert BehaviourDay.objects.count() == 180

    simulator.admin("faults", "DELETE")
    pulled = behaviour.pull(county.pk, wecom, at=now())

    assert (pulled.officers, pulled.calls) == (1, 6)
    assert BehaviourDay.objects.count() == 360


def test_an_officer_out_of_scope_does_not_stop_the_others(
    county: County, yesterday: date, corp: Corp, wecom: WeCom, now: Now
) -> None:
    corp.member("p1", department=[])

    pulled = behaviour.pull(county.pk, wecom, at=now())

    assert pulled.refused == 1
    assert BehaviourDay.objects.filter(officer__wecom_userid="p2").count() == 180


def test_days_are_read_again_on_demand_and_corrected(
    county: County, yesterday: date, wecom: WeCom, now: Now
) -> None:
    behaviour.pull(county.pk, wecom, at=now())
    BehaviourDay.objects.filter(day=yesterday).update(message_cnt=99)

    behaviour.pull(county.pk, wecom, at=now(), since=yesterday - timedelta(days=1))

    counts = BehaviourDay.objects.filter(day=yesterday).order_by("officer__wecom_userid")
    assert list(counts.values_list("message_cnt", flat=True)) == [3, 0]
