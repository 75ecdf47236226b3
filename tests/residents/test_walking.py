"""Walking lists: who is asked to knock where, who is left in peace, and how far it is."""

import uuid
from datetime import date, datetime, timedelta

import pytest

from tests.builders import (
    beat_of,
    division,
    make_contact,
    make_household,
    make_officer,
    make_resident,
)
from weijing.accounts.models import Officer, Posting, Role
from weijing.accounts.scope import Scope, scope_of
from weijing.audit.models import AuditEntry
from weijing.residents.adding import doors, walked, walking
from weijing.residents.models import DoorVisit, Household, WalkingList
from weijing.territory.models import BeatDivision, County, Division, Station, StationTownship

DUE = date(2026, 12, 1)
TODAY = date(2026, 11, 24)


@pytest.fixture
def chief(county: County) -> Officer:
    station = Station.objects.get(county=county, name="小沙江派出所")
    return make_officer(county, "chief", Role.STATION_COMMAND, station=station)


@pytest.fixture
def scope(chief: Officer, at: datetime) -> Scope:
    return scope_of(chief, at=at)


@pytest.fixture
def officer(county: County) -> Officer:
    return make_officer(
        county, "yang", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村")
    )


@pytest.fixture
def group(county: County) -> Division:
    return division(county, "小沙江镇", "桃李村", "1组")


def home(place: Division, number: str) -> Household:
    household = make_household(place, number)
    make_resident(place, household=household)
    return household


def knock(household: Household, officer: Officer, outcome: str, at: datetime) -> None:
    DoorVisit.objects.create(
        county_id=household.county_id, household=household, officer=officer, outcome=outcome,
        at=at, recorded_at=at, phone_key=uuid.uuid4(),
    )  # fmt: skip


def hand_out(places: list[Division], chief: Officer, scope: Scope, at: datetime) -> WalkingList:
    planned = walking.plan(places, scope=scope, at=at)
    (only,) = walking.hand_out(
        places, due_on=DUE, stops_seen=planned.stops, by=chief, scope=scope, at=at
    )
    return only


def test_doors_come_in_the_order_one_walks(
    county: County, chief: Officer, officer: Officer, scope: Scope, at: datetime
) -> None:
    second = division(county, "小沙江镇", "桃李村", "2组")
    first = division(county, "小沙江镇", "桃李村", "1组")
    for place, number in ((second, "1"), (first, "10"), (first, "2"), (first, "2附1")):
        home(place, number)
    assert first.parent is not None
    one = hand_out([first.parent], chief, scope, at)
    assert one.officer == officer
    assert one.division == first.parent
    stops = walked.stops_of(one, on=TODAY)
    assert [stop.address for stop in stops] == ["2号", "2附1号", "10号", "1号"]
    assert [stop.number for stop in stops] == [1, 2, 3, 4]
    assert AuditEntry.objects.filter(action="walking_list.ordered", actor=chief).count() == 1


def test_linked_refused_and_ended_households_are_left_out_and_said(
    chief: Officer, officer: Officer, group: Division, scope: Scope, at: datetime
) -> None:
    make_contact(officer, make_resident(group, household=make_household(group, "1")))
    refused, long_ago, ended = home(group, "2"), home(group, "3"), home(group, "4")
    knock(refused, officer, "refused", at - timedelta(days=179))
    knock(long_ago, officer, "refused", at - timedelta(days=181))
    Household.objects.filter(pk=ended.pk).update(ended_on=TODAY)
    planned = walking.plan([group], scope=scope, at=at)
    assert [door.id for door in planned.doors[officer.pk]] == [long_ago.pk]
    assert (planned.stops, planned.refused) == (1, 1)


def test_nobody_is_sent_to_a_door_that_is_on_an_open_list(
    chief: Officer, officer: Officer, group: Division, scope: Scope, at: datetime
) -> None:
    home(group, "1")
    one = hand_out([group], chief, scope, at)
    planned = walking.plan([group], scope=scope, at=at)
    assert (planned.stops, planned.on_a_list) == (0, 1)
    with pytest.raises(walking.NothingToWalk):
        walking.hand_out([group], due_on=DUE, stops_seen=0, by=chief, scope=scope, at=at)
    assert walking.close(one, by=chief, at=at)
    assert not walking.close(one, by=chief, at=at)
    assert walking.plan([group], scope=scope, at=at).stops == 1


def test_each_officer_gets_the_doors_of_their_own_beat(
    county: County, chief: Officer, officer: Officer, group: Division, scope: Scope, at: datetime
) -> None:
    neighbour = make_officer(
        county, "hu", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "红星村")
    )
    home(group, "1")
    home(division(county, "小沙江镇", "红星村", "1组"), "1")
    home(division(county, "金石桥镇", "桃李村", "1组"), "1")  # another station's
    planned = walking.plan([division(county, "小沙江镇")], scope=scope, at=at)
    assert {pk: len(doors) for pk, doors in planned.doors.items()} == {
        officer.pk: 1, neighbour.pk: 1,
    }  # fmt: skip
    far = division(county, "金石桥镇")
    assert walking.plan([far], scope=scope, at=at).stops == 0


def test_a_place_without_officer_is_said(
    chief: Officer, group: Division, scope: Scope, at: datetime
) -> None:
    home(group, "1")
    planned = walking.plan([group], scope=scope, at=at)
    assert (planned.stops, planned.without_officer) == (0, 1)


def test_what_the_chief_agreed_to_is_what_is_handed_out(
    chief: Officer, officer: Officer, group: Division, scope: Scope, at: datetime
) -> None:
    home(group, "1")
    with pytest.raises(walking.CountHasChanged, match="刚才是 2 户，现在是 1 户"):
        walking.hand_out([group], due_on=DUE, stops_seen=2, by=chief, scope=scope, at=at)
    with pytest.raises(walking.DayIsOver):
        walking.hand_out(
            [group], due_on=date(2026, 11, 23), stops_seen=1, by=chief, scope=scope, at=at
        )
    assert not WalkingList.objects.exists()


def test_nobody_gets_more_doors_than_can_be_walked(
    chief: Officer, officer: Officer, group: Division, scope: Scope, at: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(walking, "MOST_STOPS", 2)
    for number in "123":
        home(group, number)
    with pytest.raises(walking.TooManyDoors, match="3 户"):
        walking.hand_out([group], due_on=DUE, stops_seen=3, by=chief, scope=scope, at=at)


def test_a_stop_is_done_by_a_visit_since_then_by_a_contact_or_when_nobody_lives_there(
    chief: Officer, officer: Officer, group: Division, scope: Scope, at: datetime
) -> None:
    homes = [home(group, number) for number in "12345"]
    knock(homes[0], officer, "absent", at - timedelta(days=1))  # before the list
    one = hand_out([group], chief, scope, at)
    later = at + timedelta(hours=2)
    knock(homes[1], officer, "absent", later)
    make_contact(officer, make_resident(group, household=homes[2]))
    Household.objects.filter(pk=homes[3].pk).update(ended_on=TODAY)
    (walk,) = walked.walks([one], on=TODAY)
    assert walk.progress == walked.Progress(stops=5, done=3, linked=1, absent=1)
    assert walk.left == 2
    assert [stop.is_done for stop in walked.stops_of(one, on=TODAY)] == [
        False, True, True, True, False,
    ]  # fmt: skip
    assert walked.close_walked(one.county_id, at=later, on=TODAY) == 0
    for each in (homes[0], homes[4]):
        knock(each, officer, "no_phone", later)
    assert walked.close_walked(one.county_id, at=later, on=TODAY) == 1
    one.refresh_from_db()
    assert one.closed_at == later
    assert list(walked.lists_of(officer)) == []


def test_lists_are_closed_some_at_a_time(
    county: County, chief: Officer, officer: Officer, scope: Scope, at: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    make_officer(county, "hu", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "红星村"))
    places = (("桃李村", "1组"), ("桃李村", "2组"), ("红星村", "1组"))
    groups = [division(county, "小沙江镇", *place) for place in places]
    homes = [home(group, "1") for group in groups]
    lists = [hand_out([group], chief, scope, at) for group in groups]
    later = at + timedelta(hours=2)
    for one in (homes[0], homes[2]):
        knock(one, officer, "absent", later)
    sizes: list[int] = []
    walks = walked.walks
    monkeypatch.setattr(walked, "LISTS_AT_ONCE", 2)

    def noted(some: list[WalkingList], on: date) -> list[walked.Walk]:
        sizes.append(len(some))
        return walks(some, on=on)

    monkeypatch.setattr(walked, "walks", noted)

    assert walked.close_walked(county.pk, at=later, on=TODAY) == 2
    assert sizes == [2, 1]
    assert list(walked.lists_of(officer)) == [lists[1]]


def test_a_station_sees_its_own_lists(
    county: County, chief: Officer, officer: Officer, group: Division, scope: Scope, at: datetime
) -> None:
    home(group, "1")
    one = hand_out([group], chief, scope, at)
    assert list(walked.lists_in(scope)) == [one]
    other = Station.objects.get(county=county, name="金石桥派出所")
    elsewhere = make_officer(county, "chief2", Role.STATION_COMMAND, station=other)
    assert list(walked.lists_in(scope_of(elsewhere, at=at))) == []
    desk = make_officer(county, "desk", Role.CAMPAIGN_AUTHOR, county_desk=True)
    assert list(walked.lists_in(scope_of(desk, at=at))) == [one]


def test_doors_of_a_grid_that_is_another_officer_s_now_are_neither_shown_nor_held_back(
    chief: Officer, officer: Officer, group: Division, scope: Scope, at: datetime
) -> None:
    home(group, "1")
    one = hand_out([group], chief, scope, at)
    assert len(doors.of_list(one, scope=scope_of(officer, at=at), at=at)) == 1
    later = at + timedelta(days=1)
    Posting.objects.filter(officer=officer).update(ends_at=later)
    assert doors.of_list(one, scope=scope_of(officer, at=later), at=later) == []
    assert walked.close_walked(one.county_id, at=later, on=TODAY) == 1
    assert walking.plan([group], scope=scope, at=later).on_a_list == 0


def test_one_officer_in_two_townships_gets_two_lists_that_the_station_sees(
    county: County, chief: Officer, officer: Officer, at: datetime
) -> None:
    second = division(county, "金石桥镇")
    village = Division.objects.filter(county=county, parent=second)[0]
    StationTownship.objects.filter(township=second).update(station=chief.station)
    BeatDivision.objects.filter(division=village).update(beat=officer.postings.get().beat)
    groups = Division.objects.filter(county=county, parent=village)
    places = [division(county, "小沙江镇", "桃李村", "1组"), groups[0]]
    for place in places:
        home(place, "1")
    scope = scope_of(chief, at=at)
    lists = walking.hand_out(places, due_on=DUE, stops_seen=2, by=chief, scope=scope, at=at)
    assert len(lists) == 2
    assert set(walked.lists_in(scope)) == set(lists)
