"""罗样例 with a link of their own in the pocket, and a neighbour with theirs."""

from dataclasses import dataclass, field

import pytest
from django.test import Client

from tests.builders import (
    beat_of,
    division,
    give_tag,
    make_contact,
    make_household,
    make_officer,
    make_resident,
    make_tag,
)
from weijing.accounts.models import Officer, Role
from weijing.core import clock
from weijing.residents import links
from weijing.residents.models import Contact, Resident
from weijing.territory.models import County, Station


@dataclass
class Village:
    county: County
    officer: Officer
    desk: Officer
    resident: Resident
    neighbour: Resident
    contact: Contact
    keys: dict[int, str] = field(default_factory=dict)

    def key(self, person: Resident) -> str:
        if person.pk not in self.keys:
            self.keys[person.pk] = links.issue(person, by=None, at=clock.now())
        return self.keys[person.pk]

    def visit(self, person: Resident, client: Client | None = None) -> Client:
        """A browser that has opened this person's link."""
        client = client or Client()
        client.get(f"/r/open/{self.key(person)}/")
        return client


@pytest.fixture
def village(county: County) -> Village:
    place = division(county, "小沙江镇", "桃李村", "1组")
    officer = make_officer(
        county, "yang", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村"),
        name="阳模拟", password="correct-horse-42",
    )  # fmt: skip
    desk = make_officer(
        county, "desk", Role.STATION_COMMAND, name="胡示范", password="correct-horse-42",
        station=Station.objects.get(county=county, name="小沙江派出所"),
    )  # fmt: skip
    resident = make_resident(
        place, "罗样例", household=make_household(place, "12"), phone="15400000412",
        consents=("contact",),
    )  # fmt: skip
    neighbour = make_resident(
        place, "王示例", household=make_household(place, "13"), phone="15400000413"
    )
    contact = make_contact(officer, resident, remark="桃李1组-罗样例-户主")
    give_tag(resident, make_tag(county, "TRF02001", "普通摩托车"))
    for code, name in (("GRD02001", "独居老人"), ("GRD02002", "行动不便")):
        make_tag(
            county, code, name, group_name="老年人关爱",
            set_by_resident_only=True, needs_separate_consent=True,
        )  # fmt: skip
    return Village(county, officer, desk, resident, neighbour, contact)


@pytest.fixture
def phone(village: Village) -> Client:
    return village.visit(village.resident)
