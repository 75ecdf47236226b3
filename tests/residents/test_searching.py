"""Search finds people by what one remembers, and never outside the officer's scope."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.builders import make_contact, make_officer, make_resident
from tests.residents.rolls import as_csv, id_number, person, small_county
from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope, scope_of
from weijing.residents.finding.searching import fitting, look, nearly_fitting, search
from weijing.residents.importing.roll import import_roll
from weijing.residents.models import Household, Resident
from weijing.residents.queries import visible_parts, visible_to
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
        ("老街 红星 阳小明", []),
        ("桃李4组 阳小", ["阳小明"]),
        ("桃李村4组阳小明", ["阳小明"]),
        ("小沙江桃李4组", ["阳小明", "阳明小"]),
        ("小沙江 四组 阳", ["阳小明", "阳明小"]),
        ("14组", []),
        ("桃李9组", []),
        ("桃李4组-阳小明-户主", ["阳小明"]),
        ("阳 桃李", ["阳小明", "阳明小"]),
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
    with django_assert_max_num_queries(5):
        [one.household for one in search("老街 阳", scope=scope)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("杨小明", ["阳小明"]),  # another character of the same sound
        ("洋小鸣", ["阳小明"]),
        ("晓明", ["阳小明"]),  # and only the given name
        ("曾国范", ["曾国藩"]),
        ("曾果藩", ["曾国藩"]),
        ("曾藩", ["曾国藩"]),  # one missing
        ("曾小国藩", ["曾国藩"]),  # one too many
        ("国曾藩", ["曾国藩"]),  # two exchanged
        ("曾国X", ["曾国藩"]),
        ("yanxiaoming", ["阳小明"]),
        ("zenguofan", ["曾国藩"]),
        ("cengguofan", []),
        ("zengguohan", ["曾国藩"]),  # f and h are one to many
        ("niuyang", ["刘阳"]),  # and so are l and n
        ("红新村", ["曾国藩"]),
        ("红新 曾", ["曾国藩"]),
        ("井边13号", ["曾国藩"]),  # one character of the address wrong
        ("王五", []),
        ("没有的人", []),
        (".*", []),
        ("阳(.", []),
        ("[阳", []),
    ],
)
def test_when_nobody_fits_those_who_nearly_do_are_shown_and_said_so(
    scope: Scope, text: str, names: list[str]
) -> None:
    found = look(text, scope=scope)
    assert found.nearly and sorted(one.name for one in found.people) == names
    assert search(text, scope=scope) == []
    assert sorted(one.name for one in nearly_fitting(text, scope=scope)) == names


def test_who_fits_exactly_is_shown_alone(scope: Scope) -> None:
    found = look("阳小明", scope=scope)
    assert not found.nearly and [one.name for one in found.people] == ["阳小明"]


@pytest.mark.parametrize("typed", ["lü", "lv", "LÜ", "lyu", "lu", "lvbu", "lübu", "lubu"])
def test_every_way_to_type_an_umlaut_finds_it(scope: Scope, typed: str) -> None:
    Resident.objects.filter(name="曾国藩").update(name="吕布", pinyin="lvbu", initials="lb")
    assert "吕布" in [one.name for one in look(typed, scope=scope).people]


def test_a_household_is_found_by_its_number(scope: Scope) -> None:
    home = Household.objects.get(members__name="曾国藩")
    assert [one.name for one in search(home.number, scope=scope)] == ["曾国藩"]
    Household.objects.filter(pk=home.pk).update(number="HX-77-A")
    assert [one.name for one in search("hx-77-a", scope=scope)] == ["曾国藩"]


def test_neither_does_what_is_nearly_right_lead_out_of_the_scope(beat_scope: Scope) -> None:
    for text in ("曾国范", "红新村", "井边13号", "zenguofan", "刘洋"):
        assert look(text, scope=beat_scope).people == []
        assert list(nearly_fitting(text, scope=beat_scope)) == []


def test_lists_fit_the_same_people_as_a_search(scope: Scope, beat_scope: Scope) -> None:
    for each in (scope, beat_scope):
        for text in ("阳", "yxm", "老街 阳", "桃李4组", "1234", "15400001234"):
            found = {one.pk for one in search(text, scope=each)}
            assert found == {one.pk for one in fitting(text, scope=each)}


def test_the_parts_are_together_what_is_visible(place: County, beat_scope: Scope) -> None:
    officer = make_officer(place, "o", Role.VILLAGE_AUXILIARY, name="陈演示")
    mine = make_resident(None, "陌生人", county=place, lifecycle="provisional")
    theirs = make_resident(None, "别人的", county=place, lifecycle="provisional")
    make_contact(Officer.objects.get(pk=beat_scope.officer_id), mine)
    make_contact(officer, theirs)
    seen = {one.pk for part in visible_parts(beat_scope) for one in part}
    assert seen == {one.pk for one in visible_to(beat_scope)}
    assert mine.pk in seen and theirs.pk not in seen
