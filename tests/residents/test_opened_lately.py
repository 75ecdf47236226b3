"""Whom an officer opened lately, found without reading all they ever saw."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.builders import beat_of, division, make_officer, make_resident
from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import scope_of
from weijing.audit import trail
from weijing.residents.finding import favourites
from weijing.residents.models import Resident
from weijing.territory.models import County

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
HOME = ("小沙江镇", "桃李村", "1组")


@pytest.fixture
def officer(county: County) -> Officer:
    return make_officer(county, "o", Role.VILLAGE_AUXILIARY, beat=beat_of(county, *HOME[:2]))


@pytest.fixture
def people(county: County) -> list[Resident]:
    return [make_resident(division(county, *HOME), f"罗样{n}") for n in range(3)]


def view(officer: Officer, people: list[Resident], purpose: str, at: datetime) -> None:
    ids = [person.pk for person in people]
    trail.viewed(officer, Resident._meta.label_lower, ids, purpose=purpose, at=at)


def lately(officer: Officer) -> list[Resident]:
    return favourites.opened_lately(scope_of(officer, at=AT), limit=6, at=AT)


def test_the_last_opened_come_first_and_once_and_lists_open_nobody(
    officer: Officer, people: list[Resident]
) -> None:
    for hours, (person, purpose) in enumerate(
        [(0, "desk.visit"), (1, "officer.record"), (0, "officer.record"), (2, "contacts.list")]
    ):
        view(officer, [people[person]], purpose, AT - timedelta(hours=9 - hours))
    assert lately(officer) == [people[0], people[1]]


def test_what_was_opened_longer_than_a_month_ago_is_not_lately(
    officer: Officer, people: list[Resident]
) -> None:
    view(officer, people[:1], "officer.record", AT - timedelta(days=31))
    view(officer, people[1:2], "officer.record", AT - timedelta(days=29))
    assert lately(officer) == [people[1]]


def test_only_so_many_entries_are_looked_at_however_many_lists_were_shown(
    officer: Officer, people: list[Resident], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(favourites, "LOOKED_THROUGH", 6)
    view(officer, people[:1], "officer.record", AT - timedelta(hours=3))
    view(officer, people, "contacts.list", AT - timedelta(hours=2))
    assert lately(officer) == [people[0]]
    view(officer, people, "contacts.list", AT - timedelta(hours=1))
    assert lately(officer) == []


def test_what_another_opened_is_not_one_s_own(
    county: County, officer: Officer, people: list[Resident]
) -> None:
    other = make_officer(county, "p", Role.STATION_COMMAND)
    view(other, people[:1], "officer.record", AT)
    assert lately(officer) == []
