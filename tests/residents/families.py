"""A village of families, and the officer who answers for them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
from weijing.residents.finding import searching
from weijing.residents.models import (
    CoverageTouched,
    Household,
    Representative,
    Resident,
    ResidentChange,
)
from weijing.residents.record.homes import Place
from weijing.territory.models import County, Division, Station


@dataclass
class Village:
    """小沙江镇 桃李村 of the small county."""

    county: County
    officer: Officer
    scope: Scope
    at: datetime

    @property
    def acting(self) -> dict[str, Any]:
        """Who acts, and when: the arguments every use case takes."""
        return {"by": self.officer, "scope": self.scope, "at": self.at}

    def group(self, name: str = "1组", village: str = "桃李村", town: str = "小沙江镇") -> Division:
        return division(self.county, town, village, name)

    def family(self, number: str, *names: str, group: str = "1组", **fields: Any) -> list[Resident]:
        """A household of these people; the first is its head."""
        home = make_household(self.group(group), number)
        return [
            make_resident(
                home.division, name, household=home,
                household_role="" if n else "head",
                grams=searching.grams(name, home.address), **fields,
            )
            for n, name in enumerate(names)
        ]  # fmt: skip

    def friend(self, resident: Resident, external_userid: str = "") -> Any:
        return make_contact(self.officer, resident, external_userid)

    def to(self, number: str, *, group: str = "1组", **more: Any) -> Place:
        return Place(self.group(group), number, **more)

    def changes(self, resident: Resident) -> list[ResidentChange]:
        return list(ResidentChange.objects.filter(resident=resident).order_by("at", "pk"))

    def touched(self) -> set[str]:
        return set(CoverageTouched.objects.values_list("division__name", flat=True))


def open_homes(county: County) -> set[str]:
    rows = Household.objects.filter(county=county, ended_on=None)
    return set(rows.values_list("address", flat=True))


@pytest.fixture
def village(county: County, at: datetime) -> Village:
    officer = make_officer(
        county, "yang", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村"),
        name="阳模拟",
    )  # fmt: skip
    return Village(county, officer, scope_of(officer, at=at), at)


@pytest.fixture
def chief(county: County) -> Officer:
    station = Station.objects.get(county=county, name="小沙江派出所")
    return make_officer(county, "chief", Role.STATION_COMMAND, station=station, name="周所长")


def stand_ins(resident: Resident) -> list[Representative]:
    return list(Representative.objects.filter(resident=resident, ended_at=None))
