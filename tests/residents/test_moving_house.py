"""People move: the book follows, nobody is lost on the way, and every change says who made it."""

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.builders import beat_of, make_contact, make_household, make_officer, make_resident
from tests.residents.families import Village, chief, open_homes, village
from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import scope_of
from weijing.audit.models import AuditEntry
from weijing.core.errors import PermissionDenied
from weijing.residents.finding import searching
from weijing.residents.models import Household, Resident
from weijing.residents.record import changing, homes, moving_house
from weijing.residents.record.homes import Place

__all__ = ["chief", "village"]


def test_who_moves_to_an_empty_address_heads_a_household_of_their_own(village: Village) -> None:
    father, son = village.family("1", "罗样例", "罗小样")
    home = moving_house.move(son, village.to("12", group="2组"), **village.acting)
    son.refresh_from_db()
    assert (home.address, home.division.name, son.household_role) == ("12号", "2组", "head")
    assert (son.household, son.division) == (home, village.group("2组"))
    assert son.grams == searching.grams("罗小样", "12号")
    father.refresh_from_db()
    assert father.household is not None and father.household.ended_on is None


def test_who_moves_in_with_others_joins_their_household(village: Village) -> None:
    (father,) = village.family("1", "罗样例")
    (aunt,) = village.family("7", "罗大姑")
    home = moving_house.move(father, village.to("7"), role="family", **village.acting)
    father.refresh_from_db()
    assert home.pk == aunt.household_id == father.household_id
    assert father.household_role == "family"


def test_the_last_one_out_ends_the_household(village: Village) -> None:
    (alone,) = village.family("1", "罗样例")
    village.family("7", "罗大姑")
    moving_house.move(alone, village.to("7"), **village.acting)
    assert open_homes(village.county) == {"7号"}
    left = Household.objects.get(address="1号")
    assert str(left.ended_on) == "2026-11-24"


def test_a_home_that_ended_is_not_moved_into_by_its_address(village: Village) -> None:
    (alone,) = village.family("1", "罗样例")
    (other,) = village.family("7", "罗大姑")
    moving_house.move(alone, village.to("7"), **village.acting)
    home = moving_house.move(other, village.to("1"), **village.acting)
    assert home.ended_on is None and home.number.startswith("W")


def test_where_several_households_share_an_address_the_officer_chooses(village: Village) -> None:
    (mover,) = village.family("1", "罗样例")
    (first,) = village.family("7", "周一家")
    second = Household.objects.create(
        county=village.county, division=village.group(), number="x", address="7号"
    )
    make_resident(village.group(), "周二家", household=second)
    with pytest.raises(homes.SeveralHomes, match="这个门牌有 2 户") as several:
        moving_house.move(mover, village.to("7"), **village.acting)
    assert {home.pk for home in several.value.homes} == {first.household_id, second.pk}
    home = moving_house.move(mover, village.to("7", household=second), **village.acting)
    assert home == second


def test_a_household_of_their_own_at_an_address_where_others_live(village: Village) -> None:
    (mover,) = village.family("1", "罗样例")
    (there,) = village.family("7", "周一家")
    home = moving_house.move(mover, village.to("7", own_home=True), **village.acting)
    assert home.pk != there.household_id and home.address == "7号"


def test_nobody_becomes_a_second_head_by_moving_in(village: Village) -> None:
    (mover,) = village.family("1", "罗样例")
    village.family("7", "周一家")
    with pytest.raises(moving_house.HasAHead):
        moving_house.move(mover, village.to("7"), role="head", **village.acting)


def test_a_move_to_where_one_lives_is_said_not_done(village: Village) -> None:
    (alone,) = village.family("1", "罗样例")
    with pytest.raises(moving_house.AlreadyThere):
        moving_house.move(alone, village.to("1号"), **village.acting)
    assert village.changes(alone) == []


def test_a_move_is_told_in_words_noted_in_ids_and_counted_again(village: Village) -> None:
    (mover,) = village.family("1", "罗样例")
    pair = village.friend(mover)
    moving_house.move(mover, village.to("12", group="2组"), **village.acting)
    (change,) = village.changes(mover)
    assert change.before == {"住址": "小沙江镇 桃李村 1组 1号", "与户主关系": "户主"}
    assert change.after == {"住址": "小沙江镇 桃李村 2组 12号", "与户主关系": "户主"}
    assert (change.by, change.kind) == (village.officer, "household")
    entry = AuditEntry.objects.get(action="resident.moved_house", object_id=mover.pk)
    assert set(entry.details) == {"left", "home"} and entry.actor == village.officer
    assert village.touched() == {"1组", "2组"}
    jobs = ProcrastinateJob.objects.filter(task_name="residents.push_remark")
    assert [job.args for job in jobs] == [{"contact_id": pair.pk}]


def test_a_moved_person_is_found_at_the_new_address_and_not_at_the_old(village: Village) -> None:
    (mover,) = village.family("8888", "罗样例")
    moving_house.move(mover, village.to("竹林湾边上", group="2组"), **village.acting)
    assert searching.search("竹林湾", scope=village.scope) == [mover]
    assert searching.search("8888号", scope=village.scope) == []


def test_a_whole_household_moves_as_it_is(village: Village) -> None:
    father, son = village.family("1", "罗样例", "罗小样")
    old = father.household
    assert old is not None
    home = moving_house.move_household(old, village.to("30", group="2组"), **village.acting)
    father.refresh_from_db()
    son.refresh_from_db()
    assert home.pk == old.pk and father.household_id == son.household_id == old.pk
    assert father.division == son.division == village.group("2组")
    assert father.household_role == "head" and "30号" in str(village.changes(son)[0].after)
    assert home.address == "30号" and son.grams == searching.grams("罗小样", "30号")


def test_who_died_there_goes_along_without_a_line_of_their_own(village: Village) -> None:
    father, grandfather = village.family("1", "罗样例", "罗老样")
    Resident.objects.filter(pk=grandfather.pk).update(lifecycle="deceased")
    assert father.household is not None
    moving_house.move_household(father.household, village.to("30", group="2组"), **village.acting)
    grandfather.refresh_from_db()
    assert grandfather.division == village.group("2组") and village.changes(grandfather) == []


def test_an_officer_moves_people_only_inside_the_own_grid(village: Village) -> None:
    (mover,) = village.family("1", "罗样例")
    elsewhere = village.group(village="红星村")
    with pytest.raises(homes.NotYourPlace, match="派出所"):
        moving_house.move(mover, Place(elsewhere, "3"), **village.acting)


def test_a_station_moves_people_between_its_villages(village: Village, chief: Officer) -> None:
    (mover,) = village.family("1", "罗样例")
    elsewhere = village.group(village="红星村")
    scope = scope_of(chief, at=village.at)
    moving_house.move(mover, Place(elsewhere, "3"), by=chief, scope=scope, at=village.at)
    mover.refresh_from_db()
    assert mover.division == elsewhere


def test_only_officers_of_the_place_may_move_anybody(village: Village) -> None:
    (mover,) = village.family("1", "罗样例")
    beat = beat_of(village.county, "小沙江镇", "红星村")
    neighbour = make_officer(village.county, "hu", Role.VILLAGE_AUXILIARY, beat=beat)
    author = make_officer(village.county, "author", Role.CAMPAIGN_AUTHOR, county_desk=True)
    for other, place in [(neighbour, "红星村"), (author, "桃李村")]:
        scope = scope_of(other, at=village.at)
        to = Place(village.group(village=place), "3")
        with pytest.raises(PermissionDenied):
            moving_house.move(mover, to, by=other, scope=scope, at=village.at)


def test_an_officer_chosen_for_a_person_is_forgotten_in_another_beat(
    village: Village, chief: Officer
) -> None:
    beat = beat_of(village.county, "小沙江镇", "红星村")
    make_officer(village.county, "hu", Role.VILLAGE_AUXILIARY, beat=beat)
    (mover,) = village.family("1", "罗样例")
    Resident.objects.filter(pk=mover.pk).update(primary_officer=village.officer)
    mover.refresh_from_db()
    moving_house.move(mover, village.to("2", group="2组"), **village.acting)
    mover.refresh_from_db()
    assert mover.primary_officer == village.officer  # the same beat
    scope = scope_of(chief, at=village.at)
    to = Place(village.group(village="红星村"), "3")
    moving_house.move(mover, to, by=chief, scope=scope, at=village.at)
    mover.refresh_from_db()
    assert mover.primary_officer is None


@pytest.mark.parametrize("address", ["", "   "])
def test_a_home_needs_an_address(village: Village, address: str) -> None:
    (mover,) = village.family("1", "罗样例")
    with pytest.raises(homes.NoAddress, match="门牌"):
        moving_house.move(mover, village.to(address), **village.acting)


@pytest.mark.parametrize("level", ["township", "county"])
def test_nobody_lives_in_a_township_as_such(village: Village, chief: Officer, level: str) -> None:
    (mover,) = village.family("1", "罗样例")
    place = village.group().parent
    assert place is not None and place.parent is not None
    wide = place.parent if level == "township" else place.parent.parent
    assert wide is not None
    with pytest.raises(homes.NotYourPlace):
        moving_house.move(
            mover, Place(wide, "1"), by=chief, scope=scope_of(chief, at=village.at), at=village.at
        )


def test_the_second_of_two_officers_who_opened_the_same_form_is_told(village: Village) -> None:
    (mover,) = village.family("1", "罗样例")
    seen = changing.version(mover)
    moving_house.move(mover, village.to("12"), seen=seen, **village.acting)
    with pytest.raises(changing.ChangedMeanwhile, match="被别人改过"):
        moving_house.move(mover, village.to("15"), seen=seen, **village.acting)
    mover.refresh_from_db()
    assert mover.household is not None and mover.household.address == "12号"


def test_a_stranger_is_labelled_before_they_can_move(village: Village) -> None:
    stranger = make_resident(village.group(), "山里人家", lifecycle="provisional")
    make_contact(village.officer, stranger)
    with pytest.raises(changing.NotOnTheRoll, match="先标注"):
        moving_house.move(stranger, village.to("3"), **village.acting)


@pytest.mark.parametrize("name", ["阿依·古丽", "王\U0002c7d6", "\U00020bb7田一", "欧阳·买买提江"])
def test_names_with_dots_and_rare_characters_move_and_are_found(
    village: Village, name: str
) -> None:
    (mover,) = village.family("1", name)
    moving_house.move(mover, village.to("12", group="2组"), **village.acting)
    mover.refresh_from_db()
    assert mover.name == name
    assert searching.search(name, scope=village.scope) == [mover]


def test_a_township_named_after_a_people_and_a_village_name_used_twice(
    village: Village, chief: Officer
) -> None:
    """Both 桃李村 of the county are told apart by their township in every line."""
    town = village.group(town="金石桥镇").parent
    assert town is not None and town.parent is not None
    town.parent.name, town.parent.short_name = "虎形山瑶族乡", "虎形山"
    town.parent.save()
    desk = make_officer(village.county, "desk", Role.STATION_COMMAND, county_desk=True)
    (mover,) = village.family("1", "罗样例")
    to = Place(village.group(town="虎形山瑶族乡"), "3")
    home = moving_house.move(mover, to, by=desk, scope=scope_of(desk, at=village.at), at=village.at)
    change = village.changes(mover)[0]
    assert change.before["住址"] == "小沙江镇 桃李村 1组 1号"
    assert change.after["住址"] == "虎形山瑶族乡 桃李村 1组 3号"
    assert home.division == village.group(town="虎形山瑶族乡")


def test_two_homes_registered_at_one_address_keep_apart(village: Village) -> None:
    home = make_household(village.group(), "5")
    assert homes.at_address(village.group(), " 5 ") == [home]
    assert homes.at_address(village.group("2组"), "5") == []
