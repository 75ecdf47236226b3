"""Two stations, an officer of 桃李村, one of 红星村, and residents of both."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.builders import beat_of, division, make_household, make_officer, make_resident
from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope, scope_of
from weijing.core.clock import local_day
from weijing.requests.lost import taking_in
from weijing.requests.missing import reporting, searching
from weijing.requests.models import LostItem, MissingPerson
from weijing.residents.models import Resident
from weijing.territory.models import County, Division, Station

CARD = "990524195003070013"  # a place that does not exist, with a right check digit
OTHER_CARD = "990524195003070021"


@dataclass
class Town:
    county: County
    officer: Officer
    neighbour: Officer
    desk: Officer
    far_desk: Officer
    resident: Resident
    at: datetime

    def scope(self, officer: Officer) -> Scope:
        return scope_of(officer, at=self.at)

    def acting(self, officer: Officer | None = None, *, later: timedelta = timedelta()) -> Any:
        """What every step takes."""
        by = officer or self.officer
        return {"by": by, "scope": self.scope(by), "at": self.at + later}

    def place(self, *path: str) -> Division:
        return division(self.county, *(path or ("小沙江镇", "桃李村")))

    def thing(self, kind: str = "id_card", **fields: Any) -> taking_in.Thing:
        usual = {"division": self.place(), "happened_on": local_day(self.at)}
        if kind == "id_card":
            usual |= {"holder": "罗样例", "number": CARD}
        else:
            usual |= {"words": "黑色，旧的"}
        return taking_in.Thing(kind, **{**usual, **fields})

    def lost(self, kind: str = "id_card", **fields: Any) -> LostItem:
        return taking_in.take_in("lost", self.thing(kind, **fields), by=None, at=self.at)

    def found(self, kind: str = "id_card", *, held: bool = True, **fields: Any) -> LostItem:
        by = fields.pop("by", self.officer)
        thing = self.thing(kind, **fields)
        return taking_in.take_in("found", thing, by=by, at=self.at, held=held)

    def report(self, **fields: Any) -> reporting.Report:
        usual: dict[str, Any] = {
            "name": "罗样例", "age": 78, "sex": "f", "division": self.place(),
            "last_seen_at": self.at - timedelta(hours=1), "relation": "女儿",
            "family_name": "罗家人", "family_phone": "15400000417", "place": "桥头小卖部",
            "looks": "蓝布衣，一米五", "help": "请慢慢说话",
        }  # fmt: skip
        return reporting.Report(**{**usual, **fields})

    def missing(self, state: str = "reported", **fields: Any) -> MissingPerson:
        by = fields.pop("by", self.officer)
        missing = reporting.report(self.report(**fields), by=by, at=self.at)
        if state == "searching":
            searching.confirm_and_begin(missing, "call", is_family=True, **self.acting())
        missing.refresh_from_db()
        return missing


@pytest.fixture
def town(county: County, at: datetime) -> Town:
    place = division(county, "小沙江镇", "桃李村", "1组")
    resident = make_resident(
        place, "罗样例", household=make_household(place, "12"), phone="15400000412"
    )
    officer = make_officer(
        county, "yang", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村"),
        name="阳模拟",
    )  # fmt: skip
    neighbour = make_officer(
        county, "hu", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "金石桥镇", "红星村"),
        name="胡模拟",
    )  # fmt: skip
    desk, far_desk = (
        make_officer(
            county, name, Role.STATION_COMMAND,
            station=Station.objects.get(county=county, name=f"{of}派出所"),
        )
        for name, of in (("desk", "小沙江"), ("far", "金石桥"))
    )  # fmt: skip
    return Town(county, officer, neighbour, desk, far_desk, resident, at)
