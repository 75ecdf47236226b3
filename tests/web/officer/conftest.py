"""An officer of 桃李村 with a grid and contacts of every kind, and the officer next door."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

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
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.core import clock
from weijing.residents.finding import searching
from weijing.residents.models import Contact, Resident
from weijing.territory.models import County

BACKEND = "weijing.accounts.signing_in.PasswordBackend"


@dataclass
class Beat:
    """What the tests speak about."""

    county: County
    officer: Officer
    neighbour: Officer
    client: Client
    strangers: list[Contact] = field(default_factory=list)

    def place(self, group: str = "1组", village: str = "桃李村") -> Any:
        return division(self.county, "小沙江镇", village, group)

    def stranger(self, nickname: str, *, days_ago: int = 0, officer: Any = None) -> Contact:
        person = make_resident(
            None, nickname, county=self.county, lifecycle=Resident.Lifecycle.PROVISIONAL
        )
        added_at = clock.now() - timedelta(days=days_ago)
        contact = make_contact(officer or self.officer, person, added_at=added_at)
        self.strangers.append(contact)
        return contact

    def friend(self, name: str, number: str, group: str = "1组", **fields: Any) -> Resident:
        home = make_household(self.place(group), number)
        grams = searching.grams(name, home.address)
        person = make_resident(self.place(group), name, household=home, grams=grams, **fields)
        make_contact(self.officer, person)
        return person

    def form(self, **changes: Any) -> dict[str, Any]:
        """The label form filled in rightly."""
        group = self.place()
        filled = {
            "action": "save",
            "name": "罗样例",
            "phone": "13800000412",
            "village": group.parent.code,
            "group": group.code,
            "house": "12",
            "role": "head",
            "told": "on",
        }
        return {name: value for name, value in {**filled, **changes}.items() if value is not None}

    def share(self, people: list[Resident], *, state: str = "asked", **fields: Any) -> Share:
        now = clock.now()
        desk = make_officer(self.county, f"author{now.timestamp()}", Role.CAMPAIGN_AUTHOR)
        approver = make_officer(
            self.county, f"approver{now.timestamp()}", Role.CAMPAIGN_APPROVER, name="李示例"
        )
        campaign = Campaign.objects.create(
            county=self.county,
            number="QF-1124-01",
            title="强降雨山区行车提醒",
            body="乡亲您好，今天 18 时至明早 8 时我县北部山区有强降雨，请尽量不要夜间行车。",
            state="released",
            drafted_by=desk,
            drafted_at=now,
            edited_at=now,
            released_by=approver,
            released_at=now,
            confirm_by=now + timedelta(hours=6),
        )
        was_asked = state in ("asked", "confirmed", "finished")
        share = Share.objects.create(
            county=self.county,
            campaign=campaign,
            officer=fields.pop("officer", self.officer),
            code="7K2QM",
            state=state,
            people=len(people),
            msgid="msg-1" if was_asked else None,
            asked_at=now if was_asked else None,
            **fields,
        )
        for person in people:
            Delivery.objects.create(
                county=self.county, share=share, resident=person, external_userid=f"wm{person.pk}"
            )
        return share


@pytest.fixture
def beat(county: County, client: Client) -> Beat:
    officer = make_officer(
        county,
        "yang",
        Role.VILLAGE_AUXILIARY,
        beat=beat_of(county, "小沙江镇", "桃李村"),
        name="阳模拟",
        password="correct-horse-42",
    )
    neighbour = make_officer(
        county, "hu", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "红星村")
    )
    make_tag(county, "TRF01001", "重型货车")
    make_tag(county, "TRF02001", "普通摩托车")
    make_tag(
        county, "GRD05001", "易受骗提醒", needs_separate_consent=True, group_name="涉诈易受侵害群体"
    )
    make_tag(county, "GRD02001", "独居老人", set_by_resident_only=True, needs_separate_consent=True)
    client.force_login(officer, backend=BACKEND)
    return Beat(county, officer, neighbour, client)


@pytest.fixture
def long_ago() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)
