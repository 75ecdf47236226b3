"""Coverage: counted from the roll and live contacts, level by level, within the scope."""

from datetime import date, datetime

import pytest

from tests.builders import (
    beat_of,
    division,
    make_contact,
    make_household,
    make_officer,
    make_resident,
)
from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope, scope_of
from weijing.residents.figures import coverage
from weijing.territory.models import County, Division

TODAY = date(2026, 11, 24)


@pytest.fixture
def officer(county: County) -> Officer:
    return make_officer(
        county, "yang", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村")
    )


@pytest.fixture
def everything(county: County, at: datetime) -> Scope:
    desk = make_officer(county, "desk", Role.CAMPAIGN_AUTHOR, county_desk=True)
    return scope_of(desk, at=at)


@pytest.fixture
def village(county: County, officer: Officer) -> Division:
    """1组: two households, one linked through an adult, one only through a child. 2组: one more."""
    first = division(county, "小沙江镇", "桃李村", "1组")
    second = division(county, "小沙江镇", "桃李村", "2组")
    linked = make_household(first, "1")
    make_contact(officer, make_resident(first, household=linked), "wmA")
    make_resident(first, household=linked)
    only_child = make_household(first, "2")
    child = make_resident(first, household=only_child, born_on=date(2012, 1, 1))
    make_contact(officer, child, "wmB")
    nobody = make_household(second, "3")
    make_contact(
        officer, make_resident(second, household=nobody), "wmC", state="removed_by_resident"
    )
    make_resident(second, household=nobody, lifecycle="moved")
    assert first.parent is not None
    return first.parent


def figures(row: coverage.Coverage) -> tuple[int, int, int, int]:
    return row.households, row.households_linked, row.residents, row.linked


def test_each_level_adds_up_the_one_below(
    county: County, village: Division, everything: Scope
) -> None:
    root = division(county)
    towns = coverage.of_children(root, scope=everything, on=TODAY)
    assert [(row.name, figures(row)) for row in towns] == [
        ("小沙江镇", (3, 1, 4, 2)),
        ("金石桥镇", (0, 0, 0, 0)),
    ]
    groups = coverage.of_children(village, scope=everything, on=TODAY)
    assert [figures(row) for row in groups] == [(2, 1, 3, 2), (1, 0, 1, 0)]
    total = coverage.of_division(root, scope=everything, on=TODAY)
    assert total is not None
    assert figures(total) == (3, 1, 4, 2)


def test_a_household_counts_through_an_adult_only(
    county: County, village: Division, everything: Scope
) -> None:
    group = division(county, "小沙江镇", "桃李村", "1组")
    rows = coverage.of_households(group, scope=everything, on=TODAY)
    assert [(row.name, row.households_linked, row.linked) for row in rows] == [
        ("2号", 0, 1),
        ("1号", 1, 1),
    ]
    grown_up = coverage.of_households(group, scope=everything, on=date(2030, 1, 1))
    assert all(row.households_linked for row in grown_up)


def test_no_group_with_unreached_households_is_missing_from_the_gap_list(
    county: County, village: Division, everything: Scope
) -> None:
    rows = coverage.gap_list(division(county), scope=everything, on=TODAY)
    assert [(row.name, row.households_missing) for row in rows] == [("1组", 1), ("2组", 1)]


def test_nobody_living_there_is_unknown_and_not_a_hundred_percent(
    county: County, village: Division, everything: Scope
) -> None:
    empty = division(county, "金石桥镇")
    row = coverage.of_division(empty, scope=everything, on=TODAY)
    assert row is not None
    assert row.household_percent is None
    assert row.resident_percent is None


def test_a_hundred_percent_is_said_only_when_nobody_is_missing() -> None:
    row = coverage.Coverage(1, "", "", 10_000, 9_999, 3, 3)
    assert (row.household_percent, row.resident_percent) == (99.9, 100.0)


def test_officers_see_only_the_part_they_answer_for(
    county: County, village: Division, officer: Officer, at: datetime
) -> None:
    other = division(county, "小沙江镇", "红星村", "1组")
    make_resident(other, household=make_household(other, "9"))
    scope = scope_of(officer, at=at)
    towns = coverage.of_children(division(county), scope=scope, on=TODAY)
    assert [(row.name, figures(row)) for row in towns] == [("小沙江镇", (3, 1, 4, 2))]
    assert coverage.of_households(other, scope=scope, on=TODAY) == []
    assert coverage.of_division(other, scope=scope, on=TODAY) is None


def test_who_runs_the_machine_sees_no_figures(
    county: County, village: Division, at: datetime
) -> None:
    admin = make_officer(county, "root", Role.SYSTEM_ADMIN, county_desk=True)
    scope = scope_of(admin, at=at)
    assert coverage.of_children(division(county), scope=scope, on=TODAY) == []


def test_two_contacts_of_one_person_count_once(
    county: County, officer: Officer, village: Division, everything: Scope
) -> None:
    other = make_officer(
        county, "li", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "红星村")
    )
    person = make_resident(division(county, "小沙江镇", "桃李村", "2组"))
    for n, one in enumerate((officer, other)):
        make_contact(one, person, f"wm{n}")
    total = coverage.of_division(division(county), scope=everything, on=TODAY)
    assert total is not None
    assert total.linked == 3
