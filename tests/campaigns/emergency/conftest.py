"""A road through two villages, three officers, people who drive there, and a duty leader."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

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
from tests.campaigns.emergency.phones import Phones
from weijing.accounts.models import Officer, Role
from weijing.campaigns.emergency import approving, duty, reporting, verifying, wording, writing
from weijing.campaigns.emergency.models import EmergencyEvent, EmergencyMessage
from weijing.campaigns.emergency.reporting import Report
from weijing.campaigns.emergency.verifying import Findings
from weijing.core import env
from weijing.residents.models import Resident
from weijing.territory.models import County, RoadSection, Station


@dataclass
class Scene:
    """What the tests speak about."""

    county: County
    at: datetime
    leader: Officer
    second_leader: Officer
    author: Officer
    luo: Officer  # 桃李村
    yang: Officer  # 红星村
    duty: Officer  # the station's duty account, a contact of everybody in 桃李村
    road: RoadSection
    residents: dict[str, Resident] = field(default_factory=dict)

    def person(self, name: str, *path: str, officer: Officer | None, **fields: Any) -> Resident:
        place = division(self.county, *path)
        home = fields.pop("household", None) or make_household(place, f"{len(self.residents) + 1}")
        person = make_resident(place, name, household=home, **fields)
        if officer is not None:
            make_contact(officer, person)
        self.residents[name] = person
        return person

    def report(self, *, by: Officer | None = None, **fields: Any) -> EmergencyEvent:
        said = Report(
            **{
                "kind": "mudslide",
                "place": "K23+400，往县城方向",
                "happened_at": self.at - timedelta(minutes=10),
                "source": "patrol",
                "road": self.road,
                **fields,
            }
        )
        return reporting.report(said, by=by or self.luo, at=self.at)

    def verified(self, **fields: Any) -> EmergencyEvent:
        found = Findings(
            how="on_scene",
            severity="orange",
            valid_until=self.at + timedelta(hours=8),
            detour="走 X055 南麻公路",
            phone="0739-8000110",
        )
        return verifying.verify(self.report(**fields), found, by=self.author, at=self.at)

    def written(self, event: EmergencyEvent | None = None, kind: str = "first") -> EmergencyMessage:
        event = event or self.verified()
        body = wording.template(event, kind, at=self.at)
        return writing.write(event, kind, body, by=self.author, at=self.at)

    def pushed(self, event: EmergencyEvent | None = None, kind: str = "first") -> EmergencyMessage:
        message = self.written(event, kind)
        self.approve(message)
        return message

    def approve(self, message: EmergencyMessage, *, by: Officer | None = None) -> None:
        seen = len(approving.audience_of(message))
        approving.approve(message, by=by or self.leader, at=self.at, people_seen=seen)
        message.refresh_from_db()


@pytest.fixture
def scene(county: County, at: datetime) -> Scene:
    station = Station.objects.get(county=county, name="小沙江派出所")
    author = make_officer(county, "author", Role.CAMPAIGN_AUTHOR, county_desk=True)
    roles = {
        name: make_officer(
            county, name, Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", village)
        )
        for name, village in (("luo", "桃李村"), ("yang", "红星村"))
    }
    scene = Scene(
        county=county,
        at=at,
        leader=make_officer(county, "leader", Role.DUTY_LEADER, county_desk=True),
        second_leader=make_officer(county, "leader2", Role.DUTY_LEADER, county_desk=True),
        author=author,
        duty=make_officer(
            county, "duty", Role.STATION_COMMAND, station=station, serves_residents=True
        ),
        road=duty.keep_road(
            None,
            by=author,
            at=at,
            road="S240",
            name="S240 小沙江段",
            divisions=[division(county, "小沙江镇", n) for n in ("桃李村", "红星村")],
        ),
        **roles,
    )
    duty.set_account(station, scene.duty, by=author, at=at)
    for name in ("罗一", "罗二", "罗三"):
        person = scene.person(name, "小沙江镇", "桃李村", "1组", officer=scene.luo)
        make_contact(scene.duty, person, added_at=at - timedelta(days=300))
    for name in ("阳一", "阳二"):
        scene.person(
            name,
            "小沙江镇",
            "红星村",
            "1组",
            officer=scene.yang,
            phone=f"1540000{len(scene.residents):04}",
        )
    scene.person("无微信", "小沙江镇", "红星村", "2组", officer=None, phone="15400009001")
    scene.person("无电话", "小沙江镇", "红星村", "2组", officer=None)
    far = make_officer(
        county, "far", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "金石桥镇", "桃李村")
    )
    driver = scene.person("远方司机", "金石桥镇", "桃李村", "1组", officer=far)
    give_tag(driver, make_tag(county, "TRF05003", "小沙江常行驾驶人"))
    scene.person("远方邻居", "金石桥镇", "桃李村", "1组", officer=far)
    return scene


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change fields of the environment for one test."""

    def change(**fields: Any) -> None:
        for name, value in fields.items():
            monkeypatch.setattr(env.environment(), name, value)

    return change


@pytest.fixture
def phones(configure: Callable[..., None]) -> Phones:
    configure(sms_base_url="http://127.0.0.1:1/v1", sms_secret="x")
    return Phones()
