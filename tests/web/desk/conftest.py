"""A small county at its desks: people of every kind, and somebody for each role."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

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
from weijing.campaigns import approving, drafting
from weijing.campaigns.models import Campaign
from weijing.campaigns.reach import reach_of
from weijing.core import clock
from weijing.residents.finding import searching
from weijing.residents.models import Contact, Resident
from weijing.tags.models import Tag
from weijing.territory.models import County, Division, Station

BACKEND = "weijing.accounts.signing_in.PasswordBackend"
PASSWORD = "correct-horse-42"


@dataclass
class Desk:
    """What the tests speak about."""

    county: County
    author: Officer
    approver: Officer
    chief: Officer  # of 小沙江派出所
    admin: Officer
    officers: dict[str, Officer]  # by village
    residents: dict[str, Resident]  # by name
    truck: Tag

    def client(self, officer: Officer) -> Client:
        client = Client()
        client.force_login(officer, backend=BACKEND)
        return client

    def place(self, *path: str) -> Division:
        return division(self.county, *path)

    def person(self, name: str, *path: str, linked: bool = True, **fields: Any) -> Resident:
        """Somebody on the roll with a household of their own; told and willing when linked."""
        group = self.place(*path)
        home = make_household(group, f"{len(self.residents) + 1}")
        agreed = ("contact", "publicity") if linked else ()
        grams = searching.grams(name, home.address)
        person = make_resident(
            group,
            name,
            household=home,
            grams=grams,
            consents=fields.pop("consents", agreed),
            **fields,
        )
        if linked:
            make_contact(self.officers[path[1]], person)
        self.residents[name] = person
        return person

    def stranger(self, nickname: str, officer: Officer, *, days_ago: int = 1) -> Contact:
        person = make_resident(
            None, nickname, county=self.county, lifecycle=Resident.Lifecycle.PROVISIONAL
        )
        return make_contact(officer, person, added_at=clock.now() - timedelta(days=days_ago))

    def draft(self, **fields: Any) -> Campaign:
        given = {
            "title": "强降雨山区行车提醒",
            "body": "乡亲您好，今晚有强降雨，请不要夜间行车。——隆回县公安局",
            "audience": {"all": [{"division": [self.county.code]}]},
            **fields,
        }
        return drafting.draft(by=self.author, at=clock.now(), **given)

    def submitted(self, **fields: Any) -> Campaign:
        campaign = self.draft(**fields)
        count = reach_of(campaign, at=clock.now()).reachable
        drafting.submit(campaign, by=self.author, at=clock.now(), count_seen=count)
        campaign.refresh_from_db()
        return campaign

    def released(self, **fields: Any) -> Campaign:
        campaign = self.submitted(**fields)
        # The tests run at any hour.
        approving.release(campaign, by=self.approver, at=clock.now(), at_any_hour=True)
        campaign.refresh_from_db()
        return campaign


@pytest.fixture
def desk(county: County) -> Desk:
    return build(county)


def build(county: County) -> Desk:
    station = Station.objects.get(county=county, name="小沙江派出所")
    villages = [("小沙江镇", "桃李村"), ("小沙江镇", "红星村"), ("金石桥镇", "桃李村")]
    officers = {}
    for number, path in enumerate(villages):
        officer = make_officer(
            county,
            f"officer{number}",
            Role.VILLAGE_AUXILIARY,
            beat=beat_of(county, *path),
            name=["阳模拟", "陈演示", "刘测试"][number],
        )
        officers.setdefault(path[1] if path[0] == "小沙江镇" else path[0], officer)
    desk = Desk(
        county=county,
        author=make_officer(
            county, "author", Role.CAMPAIGN_AUTHOR, county_desk=True, name="王示范",
            password=PASSWORD,
        ),
        approver=make_officer(
            county, "approver", Role.CAMPAIGN_APPROVER, county_desk=True, name="李审核",
            password=PASSWORD,
        ),
        chief=make_officer(
            county, "chief", Role.STATION_COMMAND, station=station, name="周所长"
        ),
        admin=make_officer(county, "admin", Role.SYSTEM_ADMIN, county_desk=True, name="欧管理"),
        officers=officers,
        residents={},
        truck=make_tag(county, "TRF01001", "重型货车"),
    )  # fmt: skip
    for name, path in [
        ("罗样例", ("小沙江镇", "桃李村", "1组")),
        ("刘小明", ("小沙江镇", "桃李村", "2组")),
        ("陈示例", ("小沙江镇", "红星村", "1组")),
    ]:
        desk.person(name, *path, phone=f"1380000{len(desk.residents):04}")
    desk.person("欧未联", "小沙江镇", "桃李村", "1组", linked=False)
    far = desk.person("肖远方", "金石桥镇", "桃李村", "1组", linked=False,
                      consents=("contact", "publicity"))  # fmt: skip
    make_contact(officers["金石桥镇"], far)
    give_tag(desk.residents["罗样例"], desk.truck)
    return desk
