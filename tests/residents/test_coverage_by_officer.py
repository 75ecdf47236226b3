"""Coverage by officer and by day."""

from datetime import UTC, date, datetime, timedelta

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
from weijing.residents.figures import by_officer, coverage, trends
from weijing.residents.figures.places import subtree
from weijing.residents.models import CoverageDay
from weijing.territory.models import Beat, BeatDivision, County, Station

TODAY = date(2026, 11, 24)


@pytest.fixture
def desk(county: County, at: datetime) -> Scope:
    return scope_of(make_officer(county, "desk", Role.CAMPAIGN_AUTHOR, county_desk=True), at=at)


@pytest.fixture
def officer(county: County) -> Officer:
    return make_officer(
        county, "yang", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村")
    )


def by_name(county: County, scope: Scope, at: datetime) -> dict[str, tuple[list[str], int]]:
    tree = subtree(division(county), scope=scope, on=TODAY)
    rows = by_officer.of_officers(tree, county.pk, at=at)
    return {
        row.officer.username if row.officer else "": (row.beats, row.figures.households)
        for row in rows
    }


def test_each_household_counts_for_one_officer_and_none_is_lost(
    county: County, officer: Officer, desk: Scope, at: datetime
) -> None:
    """A beat inside another one takes its places out of it."""
    inner = Beat.objects.create(
        county=county,
        name="桃李村1组",
        station=Station.objects.get(county=county, name="小沙江派出所"),
    )
    first = division(county, "小沙江镇", "桃李村", "1组")
    BeatDivision.objects.create(county=county, beat=inner, division=first)
    make_officer(county, "hu", Role.VILLAGE_AUXILIARY, beat=inner)
    assert first.parent is not None
    for place, number in (
        (first, "1"), (first.parent, "2"), (division(county, "小沙江镇", "桃李村", "2组"), "3"),
        (division(county, "金石桥镇", "桃李村", "1组"), "4"),
    ):  # fmt: skip
        make_resident(place, household=make_household(place, number))
    rows = by_name(county, desk, at)
    assert rows["hu"] == (["桃李村1组"], 1)
    assert rows["yang"] == (["桃李村"], 2)
    assert rows[""][1] == 1  # beats that nobody answers for


def test_an_officer_with_two_beats_is_one_row(
    county: County, officer: Officer, desk: Scope, at: datetime
) -> None:
    Posting.objects.create(
        county=county, officer=officer, kind="primary", starts_at=at,
        beat=beat_of(county, "小沙江镇", "红星村"),
    )  # fmt: skip
    assert by_name(county, desk, at)["yang"] == (["桃李村", "红星村"], 0)


def test_contacts_added_and_complete_remarks(
    county: County, officer: Officer, at: datetime
) -> None:
    group = division(county, "小沙江镇", "桃李村", "1组")
    whole = make_resident(group, household_role="head", phone="15400001234")
    make_contact(officer, whole, remark="桃李1组-罗样例-户主", added_at=at)
    make_contact(officer, make_resident(group), remark="罗样例")  # no role, no phone
    make_contact(officer, make_resident(group), state="removed_by_resident")
    found = by_officer.contacts_of(county.pk, [officer.pk], added_since=at - timedelta(days=30))[
        officer.pk
    ]
    assert found == by_officer.OfficerContacts(live=2, added=1, complete=1)
    assert found.complete_percent == 50.0


def test_a_day_keeps_its_own_denominator_and_an_uncounted_day_is_unknown(
    county: County, officer: Officer, desk: Scope, at: datetime
) -> None:
    group = division(county, "小沙江镇", "桃李村", "1组")
    make_contact(officer, make_resident(group, household=make_household(group, "1")))
    trends.write_day(county.pk, at=at - timedelta(days=2))
    make_household(group, "2")
    now = coverage.of_division(group, scope=desk, on=TODAY)
    assert now is not None
    days = trends.day_by_day(group, scope=desk, now=now, until=TODAY, days=4)
    assert [(day.on.day, day.households, day.household_percent) for day in days] == [
        (21, None, None), (22, 1, 100.0), (23, None, None), (24, 2, 50.0),
    ]  # fmt: skip


def test_the_last_word_of_a_day_stands(county: County, desk: Scope) -> None:
    group = division(county, "小沙江镇", "桃李村", "1组")
    morning = datetime(2026, 11, 23, 1, tzinfo=UTC)
    assert trends.write_day(county.pk, at=morning) == 15
    make_household(group, "1")
    trends.write_day(county.pk, at=morning + timedelta(hours=14))
    counted = CoverageDay.objects.get(division=division(county), on=date(2026, 11, 23))
    assert counted.households == 1
    assert CoverageDay.objects.count() == 15
    trends.write_day(county.pk, at=morning + timedelta(hours=15))  # midnight in the county
    assert CoverageDay.objects.filter(on=date(2026, 11, 24)).count() == 15


def test_a_stations_trend_is_of_its_own_townships(county: County, at: datetime) -> None:
    for town in ("小沙江镇", "金石桥镇"):
        make_household(division(county, town, "桃李村", "1组"), "1")
    trends.write_day(county.pk, at=at - timedelta(days=1))
    station = Station.objects.get(county=county, name="小沙江派出所")
    chief = scope_of(make_officer(county, "c", Role.STATION_COMMAND, station=station), at=at)
    root = division(county)
    now = coverage.of_division(root, scope=chief, on=TODAY)
    assert now is not None
    days = trends.day_by_day(root, scope=chief, now=now, until=TODAY, days=2)
    assert [day.households for day in days] == [1, 1]
