"""Who proposes, who keeps the catalogue, and a few tags."""

from dataclasses import dataclass
from datetime import datetime

import pytest

from tests.builders import beat_of, division, make_officer, make_resident, make_tag
from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope, scope_of
from weijing.residents.models import Resident
from weijing.tags.catalogue import deciding, proposing
from weijing.tags.models import Tag, TagProposal
from weijing.territory.models import County, Division


@dataclass
class Catalogue:
    county: County
    officer: Officer  # of a village
    keeper: Officer  # of the county desk
    at: datetime
    truck: Tag
    bus: Tag

    def scope(self, officer: Officer) -> Scope:
        return scope_of(officer, at=self.at)

    @property
    def place(self) -> Division:
        return division(self.county, "小沙江镇", "桃李村", "1组")

    def person(self, **fields: object) -> Resident:
        return make_resident(self.place, **fields)  # type: ignore[arg-type]

    def propose(
        self, name: str = "冷链货车", *, by: Officer | None = None, **given: object
    ) -> TagProposal:
        by = by or self.officer
        fields: dict[str, object] = {
            "name": name, "definition": "本人驾驶冷链货车", "purpose": "冷链车高温停运提醒",
            "retention_days": 365, **given,
        }  # fmt: skip
        return proposing.propose(
            self.truck.group, by=by, scope=self.scope(by), at=self.at, **fields,  # type: ignore[arg-type]
        )  # fmt: skip

    def confirm(self, proposal: TagProposal, *, by: Officer | None = None) -> Tag:
        by = by or self.keeper
        return deciding.confirm(proposal, by=by, scope=self.scope(by), at=self.at)

    @property
    def keeping(self) -> dict[str, object]:
        """Keyword arguments of an act of the keeper."""
        return {"by": self.keeper, "scope": self.scope(self.keeper), "at": self.at}


@pytest.fixture
def catalogue(county: County, at: datetime) -> Catalogue:
    return Catalogue(
        county=county,
        officer=make_officer(
            county, "yang", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村")
        ),
        keeper=make_officer(county, "keeper", Role.CAMPAIGN_APPROVER, county_desk=True),
        at=at,
        truck=make_tag(county, "TRF01001", "重型货车", group_name="营运车辆"),
        bus=make_tag(county, "TRF01002", "校车"),
    )
