"""The table of places: chosen and ordered without making a row of each."""

from datetime import date, datetime

import pytest

from tests.builders import division, make_contact, make_household, make_officer, make_resident
from weijing.accounts.models import Role
from weijing.accounts.scope import scope_of
from weijing.residents.figures import place_table
from weijing.residents.figures.place_table import PlaceTable
from weijing.residents.figures.places import subtree
from weijing.territory.models import County, Division

TODAY = date(2026, 11, 24)


@pytest.fixture
def groups(county: County, at: datetime) -> PlaceTable:
    """桃李村: of two households in 1组 one is linked, of three in 2组 none; nobody elsewhere."""
    desk = make_officer(county, "desk", Role.CAMPAIGN_AUTHOR, county_desk=True)
    for group, households in (("1组", 2), ("2组", 3)):
        place = division(county, "小沙江镇", "桃李村", group)
        homes = [make_household(place, f"{group}{number}") for number in range(households)]
        people = [make_resident(place, household=home) for home in homes]
        if group == "1组":
            make_contact(desk, people[0], "wmA")
    tree = subtree(division(county), scope=scope_of(desk, at=at), on=TODAY)
    return place_table.of_level(tree, Division.Level.GROUP)


ROWS = {
    "name": lambda row: row.code,
    "households": lambda row: row.households,
    "linked": lambda row: row.households_linked,
    "refused": lambda row: row.households_refused,
    "away": lambda row: row.households_away,
    "unreachable": lambda row: row.households_unreachable,
    "residents": lambda row: row.residents,
    "missing": lambda row: row.households_missing,
    "rate": lambda row: -1 if row.household_percent is None else row.household_percent,
}


@pytest.mark.parametrize("sort", place_table.SORTS)
@pytest.mark.parametrize("minus", ["", "-"])
def test_every_order_is_that_of_the_rows_themselves(
    groups: PlaceTable, sort: str, minus: str
) -> None:
    rows = sorted(groups[:], key=ROWS[sort], reverse=bool(minus))
    assert groups.ordered(minus + sort)[:] == rows


def test_an_unknown_order_is_that_of_the_map(groups: PlaceTable) -> None:
    assert groups.ordered("-nonsense")[:] == groups[:]


def test_only_what_is_shown_is_made_into_rows(groups: PlaceTable) -> None:
    assert len(groups) == 8
    assert groups[2:4] == groups[:][2:4]
    assert groups[7] == groups[:][7]


def test_places_are_chosen_by_name_and_by_whom_they_miss(groups: PlaceTable) -> None:
    assert {row.name for row in groups.named("1组")[:]} == {"1组"}
    assert len(groups.named("没有这个组")) == 0
    missing = groups.with_missing_households()
    assert [(row.name, row.households_missing) for row in missing[:]] == [("1组", 1), ("2组", 3)]
    assert missing.sum_of("households") == 5
