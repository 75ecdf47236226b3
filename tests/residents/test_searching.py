"""Search finds people by what one remembers, and never outside the officer's scope."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.builders import make_officer
from tests.residents.rolls import as_csv, id_number, person, small_county
from weijing.accounts.models import Role
from weijing.accounts.scope import Scope, scope_of
from weijing.residents.finding.searching import search
from weijing.residents.importing.roll import import_roll
from weijing.residents.models import Resident
from weijing.territory.models import BeatDivision, County

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
ROWS = [
    person(1, 姓名="阳小明", 地址="老街12号"),
    person(2, 姓名="阳明小", 地址="新街3号", 手机号="15400001234"),
    person(3, 姓名="曾国藩", 村="红星村", 地址="井边12号"),
    person(4, 姓名="刘阳", 乡镇="金石桥镇", 村="九龙社区", 地址="老街1号"),
    person(5, 姓名="Anna Li", 乡镇="金石桥镇", 村="九龙社区", 手机号="15400011234"),
]


@pytest.fixture
def place(db: None, tmp_path: Path) -> County:
    county = small_county()
    import_roll(as_csv(tmp_path / "r.csv", ROWS), county=county, by=None, at=AT, apply=True)
    return county


@pytest.fixture
def scope(place: County) -> Scope:
    desk = make_officer(place, "desk", Role.CAMPAIGN_AUTHOR, county_desk=True)
    return scope_of(desk, at=AT)


@pytest.fixture
def beat_scope(place: County) -> Scope:
    """The beat of 桃李村."""
    part = BeatDivision.objects.get(division__code="430524101001")
    return scope_of(make_officer(place, "village", Role.VILLAGE_AUXILIARY, beat=part.beat), at=AT)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("阳小明", ["阳小明"]),
        ("小明", ["阳小明"]),
        ("明小", ["阳明小"]),
        ("阳", ["刘阳", "阳小明", "阳明小"]),
        ("yxm", ["阳小明"]),
        ("zengguo", ["曾国藩"]),
        ("ZGF", ["曾国藩"]),
        ("anna", ["Anna Li"]),
        ("老街", ["刘阳", "阳小明"]),
        ("老街 阳小", ["阳小明"]),
        ("12号", ["曾国藩", "阳小明"]),
        ("红星村", ["曾国藩"]),
        ("九龙 刘", ["刘阳"]),
        ("15400001234", ["阳明小"]),
        ("154 0000", []),
        ("+86-154-0000-1234", ["阳明小"]),
        ("1234", ["Anna Li", "阳明小"]),
        (id_number(3), ["曾国藩"]),
        (id_number(3).lower(), ["曾国藩"]),
        ("没有的人", []),
        ("", []),
        ("   ", []),
        ("%", []),
        ("_", []),
        ("'; DROP TABLE", []),
        ("\\", []),
        ("{}", []),
        ("阳" * 500, []),
    ],
)
def test_people_are_found_by_what_one_remembers(scope: Scope, text: str, names: list[str]) -> None:
    assert sorted(one.name for one in search(text, scope=scope)) == sorted(names)


def test_an_officer_of_a_beat_finds_only_its_people(beat_scope: Scope) -> None:
    assert [one.name for one in search("阳", scope=beat_scope)] == ["阳小明", "阳明小"]
    assert search("曾国藩", scope=beat_scope) == []
    assert search("15400000004", scope=beat_scope) == []
    assert search(id_number(4), scope=beat_scope) == []
    assert search("九龙社区", scope=beat_scope) == []


def test_who_has_no_role_finds_nobody(place: County) -> None:
    assert search("阳", scope=scope_of(make_officer(place, "nobody"), at=AT)) == []


def test_a_system_administrator_finds_nobody(place: County) -> None:
    admin = make_officer(place, "admin", Role.SYSTEM_ADMIN, county_desk=True)
    assert search("阳", scope=scope_of(admin, at=AT)) == []


def test_never_more_than_asked_for(scope: Scope) -> None:
    assert len(search("阳", scope=scope, limit=2)) == 2
    assert search("阳", scope=scope, limit=0) == []


def test_people_merged_away_are_not_found(scope: Scope) -> None:
    Resident.objects.filter(name="曾国藩").update(lifecycle="duplicate")
    assert search("曾国藩", scope=scope) == []


def test_searching_asks_a_few_questions_only(
    scope: Scope, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(3):
        [one.household for one in search("老街 阳", scope=scope)]
