"""罗样例 of 桃李村 with an officer, a station desk and a neighbour."""

from dataclasses import dataclass
from datetime import datetime

import pytest

from tests.builders import (
    beat_of,
    division,
    make_contact,
    make_household,
    make_officer,
    make_resident,
    make_tag,
)
from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope, scope_of
from weijing.residents.models import Resident
from weijing.tags.models import Tag
from weijing.territory.models import County, Station


@dataclass
class People:
    county: County
    resident: Resident
    neighbour: Resident
    officer: Officer
    desk: Officer
    far_desk: Officer
    lonely: Tag  # 独居老人, sensitive, set by the person alone
    motorbike: Tag
    violence: Tag  # 家庭安全
    at: datetime

    def scope(self, officer: Officer) -> Scope:
        return scope_of(officer, at=self.at)


@pytest.fixture
def people(county: County, at: datetime) -> People:
    place = division(county, "小沙江镇", "桃李村", "1组")
    home = make_household(place, "12")
    resident = make_resident(
        place, "罗样例", household=home, phone="15400000412", consents=("contact",)
    )
    neighbour = make_resident(place, "王示例", household=make_household(place, "13"))
    officer = make_officer(
        county, "yang", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村"),
        name="阳模拟",
    )  # fmt: skip
    make_contact(officer, resident, remark="桃李1组-罗样例-户主", description="晚上打电话")
    desk, far_desk = (
        make_officer(
            county, name, Role.STATION_COMMAND,
            station=Station.objects.get(county=county, name=f"{town}派出所"),
        )
        for name, town in (("desk", "小沙江"), ("far", "金石桥"))
    )  # fmt: skip
    return People(
        county, resident, neighbour, officer, desk, far_desk,
        lonely=make_tag(
            county, "GRD02001", "独居老人", group_name="老年人关爱",
            set_by_resident_only=True, needs_separate_consent=True,
        ),
        motorbike=make_tag(county, "TRF02001", "普通摩托车", group_name="车辆"),
        violence=make_tag(
            county, "GRD04001", "家庭安全守护", group_name="妇女与家庭安全",
            set_by_resident_only=True, needs_separate_consent=True,
        ),
        at=at,
    )  # fmt: skip
