"""A county of four officers with their people, and a campaign in each of its stages."""

from collections.abc import Callable
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
from tests.campaigns.fake_wecom import FakeWeCom
from weijing.accounts.models import Officer, Role
from weijing.campaigns import approving, drafting
from weijing.campaigns.models import Campaign, Share
from weijing.core import env
from weijing.residents.models import Resident
from weijing.territory.models import County

EVERYONE = {"all": [{"division": ["430524"]}]}
BODY = "台风将至，请尽量不要出门，注意防范山洪。\n隆回县公安局"


@pytest.fixture
def author(county: County) -> Officer:
    return make_officer(county, "author", Role.CAMPAIGN_AUTHOR, county_desk=True)


@pytest.fixture
def approver(county: County) -> Officer:
    return make_officer(county, "approver", Role.CAMPAIGN_APPROVER, county_desk=True)


@pytest.fixture
def officer(county: County) -> Officer:
    """Answers for 桃李村."""
    return make_officer(
        county, "luo", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村")
    )


@pytest.fixture
def second_officer(county: County) -> Officer:
    """Answers for 红星村."""
    return make_officer(
        county, "yang", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "红星村")
    )


@pytest.fixture
def people(county: County, officer: Officer) -> list[Resident]:
    """Three reachable residents of the first officer, two of them in one household."""
    place = division(county, "小沙江镇", "桃李村", "1组")
    home = make_household(place, "1")
    residents = [
        make_resident(place, "罗一", household=home, consents=("contact", "publicity")),
        make_resident(place, "罗二", household=home, consents=("contact", "publicity")),
        make_resident(place, "罗三", household=make_household(place, "2"),
                      consents=("contact", "publicity")),
    ]  # fmt: skip
    for resident in residents:
        make_contact(officer, resident)
    return residents


@pytest.fixture
def draft(author: Officer, people: list[Resident], at: datetime) -> Campaign:
    return drafting.draft(
        by=author, at=at, title="台风蓝色预警", body=BODY, audience=EVERYONE, topic="disaster"
    )


@pytest.fixture
def submitted(draft: Campaign, author: Officer, at: datetime) -> Campaign:
    drafting.submit(draft, by=author, at=at, count_seen=3)
    draft.refresh_from_db()
    return draft


@pytest.fixture
def released(submitted: Campaign, approver: Officer, at: datetime) -> Campaign:
    approving.release(submitted, by=approver, at=at, at_any_hour=True)
    submitted.refresh_from_db()
    return submitted


@pytest.fixture
def share(released: Campaign) -> Share:
    return Share.objects.select_related("campaign", "officer").get(campaign=released)


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change fields of the environment for one test."""

    def change(**fields: Any) -> None:
        for name, value in fields.items():
            monkeypatch.setattr(env.environment(), name, value)

    return change


@pytest.fixture
def wecom(at: datetime) -> FakeWeCom:
    return FakeWeCom(at)
