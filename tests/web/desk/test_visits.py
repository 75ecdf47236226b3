"""A chief sees who knocked at how many doors and what they found; and no more than their own."""

import re
import uuid
from datetime import timedelta

import pytest

from tests.builders import make_household, make_officer, make_resident
from weijing.accounts.models import Role
from weijing.accounts.scope import scope_of
from weijing.core import clock
from weijing.residents.adding import refusals, visiting, walking
from weijing.territory.models import Station


def text_of(answer):
    page = answer.content.decode().split("<main", 1)[-1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


@pytest.fixture
def homes(desk):
    group = desk.place("小沙江镇", "桃李村", "2组")
    found = [make_household(group, f"9{number}") for number in range(6)]
    for home in found:
        make_resident(group, household=home)
    return found


def knock(desk, home, outcome, *, days_ago=0):
    officer, at = desk.officers["桃李村"], clock.now() - timedelta(days=days_ago)
    return visiting.record(
        home, outcome, visited_at=at, seen_at=at, phone_key=uuid.uuid4(), by=officer,
        scope=scope_of(officer, at=at), at=at,
    ).visit  # fmt: skip


def row_of(page, officer):
    cells = re.search(rf"{officer} ((?:[\d,]+ )+)", page)
    return [int(cell) for cell in cells[1].split()] if cells else None


def test_each_officer_s_visits_are_counted_by_what_they_found(desk, homes):
    for home, outcome in zip(
        homes, ("added", "absent", "absent", "refused", "no_phone", "vacant"), strict=True
    ):
        knock(desk, home, outcome)
    knock(desk, homes[0], "away", days_ago=3)
    knock(desk, homes[0], "no_wechat", days_ago=20)
    chief = desk.client(desk.chief)
    today, week, month = (
        text_of(chief.get(f"/desk/walks/visits/?days={days}")) for days in (1, 7, 30)
    )
    assert row_of(today, "阳模拟") == [6, 1, 2, 1, 1, 0, 1]
    assert row_of(week, "阳模拟") == [7, 1, 2, 1, 1, 1, 1]
    assert row_of(month, "阳模拟") == [8, 1, 2, 1, 2, 1, 1]
    assert row_of(text_of(chief.get("/desk/walks/visits/?days=x")), "阳模拟")[0] == 7


def test_a_refusal_that_follows_who_moves_out_is_no_second_visit(desk, homes):
    knock(desk, homes[0], "refused")
    refusals.follow(homes[0], homes[1], at=clock.now())
    page = text_of(desk.client(desk.chief).get("/desk/walks/visits/"))
    assert row_of(page, "阳模拟")[:4] == [1, 0, 0, 1]


def test_another_station_sees_nothing_of_it(desk, homes):
    knock(desk, homes[0], "absent")
    other = make_officer(
        desk.county, "chief2", Role.STATION_COMMAND,
        station=Station.objects.get(county=desk.county, name="金石桥派出所"),
    )  # fmt: skip
    page = text_of(desk.client(other).get("/desk/walks/visits/"))
    assert "还没有人登记走访" in page
    assert "阳模拟" not in page
    assert desk.client(desk.officers["桃李村"]).get("/desk/walks/visits/").status_code == 403


def test_a_list_says_how_many_were_out_and_how_many_refused(desk, homes):
    group = homes[0].division
    at = clock.now() - timedelta(hours=1)
    scope = scope_of(desk.chief, at=at)
    planned = walking.plan([group], scope=scope, at=at)
    (one,) = walking.hand_out(
        [group], due_on=clock.today(), stops_seen=planned.stops, by=desk.chief, scope=scope, at=at
    )
    for home, outcome in zip(homes, ("absent", "absent", "refused"), strict=False):
        knock(desk, home, outcome)
    chief = desk.client(desk.chief)
    assert f"3 / {planned.stops} 2 1 0 " in text_of(chief.get("/desk/walks/"))
    page = text_of(chief.get(f"/desk/walks/{one.pk}/"))
    assert "0 户联系上了， 2 户家中无人， 1 户不愿意" in page
