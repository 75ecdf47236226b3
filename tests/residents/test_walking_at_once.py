"""Two chiefs hand out walking lists at the same moment, of places that lie within each other."""

import threading
from collections.abc import Callable
from datetime import date, datetime

import pytest

from tests.builders import beat_of, division, make_county, make_household, make_officer
from tests.sync.test_ways_at_once import at_once
from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import scope_of
from weijing.residents.adding import walking
from weijing.residents.models import WalkingStop
from weijing.territory.models import County, Division, Station

DUE = date(2026, 12, 1)


@pytest.fixture
def county(transactional_db: None) -> County:
    return make_county()


def handing_out(place: Division, chief: Officer, at: datetime) -> Callable[[], object]:
    def act() -> object:
        return walking.hand_out(
            [place], due_on=DUE, stops_seen=1, by=chief, scope=scope_of(chief, at=at), at=at
        )

    return act


@pytest.mark.parametrize("first", ["village", "township"])
def test_a_village_and_its_group_handed_out_at_once_send_one_officer_to_each_door(
    county: County, at: datetime, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    make_officer(county, "yang", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村"))
    group = division(county, "小沙江镇", "桃李村", "1组")
    make_household(group, "1")
    station = Station.objects.get(county=county, name="小沙江派出所")
    chiefs = [
        make_officer(county, name, Role.STATION_COMMAND, station=station) for name in ("a", "b")
    ]
    around = division(county, "小沙江镇", *(["桃李村"] if first == "village" else []))
    plan = walking.plan

    def slow_plan(*args: object, **more: object) -> object:  # both read before either writes
        planned = plan(*args, **more)  # type: ignore[arg-type]
        threading.Event().wait(0.5)
        return planned

    monkeypatch.setattr(walking, "plan", slow_plan)
    ended = at_once(
        handing_out(around, chiefs[0], at),
        handing_out(group, chiefs[1], at),
    )

    assert WalkingStop.objects.count() == 1
    assert [type(one).__name__ for one in ended if isinstance(one, Exception)] == ["NothingToWalk"]
