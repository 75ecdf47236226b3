"""Which records are brought up as one person, and which are left alone."""

from datetime import timedelta

import pytest
from click.testing import CliRunner

from tests.builders import division, make_contact, make_household, make_officer, make_resident
from tests.residents.test_uniting import Ward
from weijing.accounts.models import Role
from weijing.accounts.scope import scope_of
from weijing.core import env
from weijing.core.errors import PermissionDenied
from weijing.residents.finding import names
from weijing.residents.merges import duplicates
from weijing.residents.merges.duplicates_command import duplicates_command
from weijing.residents.models import DuplicatePair
from weijing.residents.phones import indexes
from weijing.tags import uniting

PHONE = "15400000001"


@pytest.fixture
def ward(county, at):
    return Ward(county, at)


def find(ward):
    duplicates.find(ward.county.pk, at=ward.at)
    return [
        ({pair.first.name, pair.second.name}, pair.rule)
        for pair in DuplicatePair.objects.select_related("first", "second").order_by("pk")
    ]


def named(ward, name, **fields):
    person = ward.person(name, **fields)
    person.pinyin, person.initials = names.sound(name)
    person.save()
    return person


@pytest.mark.parametrize("second", ["罗样例", "罗样利", "样例"])
def test_one_phone_and_a_name_that_is_the_same_sounds_so_or_is_part_of_it(ward, second):
    named(ward, "罗样例", phone=PHONE), named(ward, second, phone=PHONE)
    assert find(ward) == [({"罗样例", second}, "phone")]


def test_a_family_on_one_phone_is_no_duplicate(ward):
    for name in ("罗样例", "罗样子", "刘小明"):
        named(ward, name, phone=PHONE)
    assert find(ward) == []


def test_a_number_beside_many_names_says_nothing(ward):
    for _ in range(duplicates.MAX_ON_ONE_PHONE + 1):
        named(ward, "罗样例", phone=PHONE)
    assert find(ward) == []


def test_two_of_the_register_with_different_birthdays_are_two_people(ward):
    from datetime import date

    home = make_household(ward.group, "99")
    for number, year in (("990101198005010011", 1980), ("990101201205010013", 2012)):
        named(ward, "罗样例", phone=PHONE, household=home, id_number=number,
              born_on=date(year, 5, 1))  # fmt: skip
    assert find(ward) == []


def test_the_same_name_in_one_household(ward):
    home = make_household(ward.group, "99")
    named(ward, "罗样例", household=home), named(ward, "罗样例", household=home)
    named(ward, "罗样子", household=home)
    assert find(ward) == [({"罗样例"}, "name_and_home")]


def test_the_same_door_under_two_household_numbers_or_no_door_at_all(ward):
    other = make_household(ward.group, "98")
    other.address = "12号"
    other.save()
    mine = make_household(ward.group, "97")
    mine.address = "12号"
    mine.save()
    named(ward, "罗样例", household=mine), named(ward, "罗样例", household=other)
    make_resident(ward.group, "刘小明")
    named(ward, "刘小明", household=mine)
    named(ward, "刘小明")  # another door of the group
    assert find(ward) == [
        ({"罗样例"}, "name_and_home"),
        ({"刘小明"}, "name_and_home"),
        ({"刘小明"}, "name_and_home"),
    ]


def test_a_stranger_whose_officer_noted_the_phone_and_the_name(ward):
    known, stranger = named(ward, "罗样例", phone=PHONE), ward.stranger()
    make_contact(ward.officer, known)
    make_contact(ward.officer, stranger, remark="桃李1组-罗样例-户主",
                 remark_mobile_indexes=indexes([PHONE]))  # fmt: skip
    assert find(ward) == [({"罗样例", "山里人家"}, "phone")]


def test_nobody_of_another_county_is_compared(ward):
    from tests.builders import make_county

    elsewhere = make_county("431302")
    named(ward, "罗样例", phone=PHONE)
    make_resident(division(elsewhere, "小沙江镇", "桃李村", "1组"), "罗样例", phone=PHONE)
    assert find(ward) == []


def test_the_queue_follows_the_records_and_never_asks_twice(ward, at):
    first, second = named(ward, "罗样例", phone=PHONE), named(ward, "罗样例", phone=PHONE)
    third = named(ward, "样例", phone=PHONE)
    assert duplicates.find(ward.county.pk, at=at) == duplicates.Found(new=3, gone=0)
    apart = DuplicatePair.objects.get(first=first, second=third)
    assert duplicates.say_different([apart.pk], by=ward.chief, scope=ward.scope, at=at) == 1
    third.phone_index = None
    third.save()
    assert duplicates.find(ward.county.pk, at=at) == duplicates.Found(new=0, gone=1)
    assert duplicates.find(ward.county.pk, at=at) == duplicates.Found(new=0, gone=0)
    assert [pair.second for pair in duplicates.to_review(ward.scope)] == [second]
    apart.refresh_from_db()
    assert (apart.state, apart.decided_by) == ("different", ward.chief)


def test_a_merge_decides_the_pair_and_its_undoing_opens_it_again(ward, at):
    named(ward, "罗样例", phone=PHONE), named(ward, "罗样例", phone=PHONE)
    duplicates.find(ward.county.pk, at=at)
    pair = DuplicatePair.objects.get()
    batch = uniting.unite_pairs([pair.pk], by=ward.chief, scope=ward.scope, at=at)
    pair.refresh_from_db()
    assert (pair.state, len(batch.merged), batch.refused) == ("merged", 1, [])
    assert not duplicates.to_review(ward.scope).exists()
    ward.undo(batch.merged[0], at=at + timedelta(days=1))
    assert duplicates.to_review(ward.scope).get() == pair


def test_of_many_pairs_one_that_cannot_be_merged_holds_up_no_other(ward, at):
    for number in range(3):
        named(ward, f"罗样{'例理立'[number]}", phone=f"1540000001{number}")
        named(ward, f"罗样{'例理立'[number]}", phone=f"1540000001{number}")
    named(ward, "罗双号", phone=PHONE, id_number="990101198005010011")
    named(ward, "罗双号", phone=PHONE, id_number="990101198005010038")
    duplicates.find(ward.county.pk, at=at)
    pairs = [pair.pk for pair in duplicates.to_review(ward.scope)]
    assert len(pairs) == 4
    batch = uniting.unite_pairs(pairs, by=ward.chief, scope=ward.scope, at=at)
    assert len(batch.merged) == 3
    assert batch.refused == ["两份都有身份证号，请打开逐项核对后再合并。"]


def test_three_records_of_one_person_in_one_batch_become_one(ward, at):
    for _ in range(3):
        named(ward, "罗样例", phone=PHONE)
    duplicates.find(ward.county.pk, at=at)
    pairs = [pair.pk for pair in duplicates.to_review(ward.scope)]
    batch = uniting.unite_pairs(pairs, by=ward.chief, scope=ward.scope, at=at)
    assert len(batch.merged) == 2 and len(batch.refused) == 1
    assert "刚刚并入" in batch.refused[0]


def test_a_pair_across_stations_is_for_the_county_desk(ward, county, at):
    far = make_resident(division(county, "金石桥镇", "桃李村", "1组"), "罗样例", phone=PHONE)
    named(ward, "罗样例", phone=PHONE)
    duplicates.find(county.pk, at=at)
    assert not duplicates.to_review(ward.scope).exists()
    desk = make_officer(county, "county", Role.STATION_COMMAND, county_desk=True)
    pair = duplicates.to_review(scope_of(desk, at=at)).get()
    assert far in (pair.first, pair.second)
    pairs = [pair.pk]
    assert duplicates.say_different(pairs, by=ward.chief, scope=ward.scope, at=at) == 0
    viewer = make_officer(county, "viewer", Role.CAMPAIGN_AUTHOR, county_desk=True)
    with pytest.raises(PermissionDenied):
        duplicates.say_different(pairs, by=viewer, scope=scope_of(viewer, at=at), at=at)


def test_the_command_finds_and_counts(ward, monkeypatch):
    monkeypatch.setattr(env.environment(), "county", ward.county.code)
    named(ward, "罗样例", phone=PHONE), named(ward, "罗样例", phone=PHONE)
    said = CliRunner().invoke(duplicates_command, ["--find"]).output
    assert "1 new, 0 no longer alike" in said
    assert "电话相同" in said and "待核对" in said
