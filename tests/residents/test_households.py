"""Households part and come together, and nobody is lost or doubled whatever the order."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.residents.families import Village, open_homes, village
from weijing.audit.models import AuditEntry
from weijing.core.errors import DomainError
from weijing.residents.adding import refusals
from weijing.residents.models import ContactWay, DoorVisit, Household, Resident
from weijing.residents.record import changing, homes, households, moving_house
from weijing.residents.record.homes import Place

__all__ = ["village"]


def home_of(person: Resident) -> Household:
    person.refresh_from_db()
    assert person.household is not None
    return person.household


def test_a_split_leaves_people_on_both_sides(village: Village) -> None:
    father, son, wife = village.family("1", "罗样例", "罗小样", "周媳妇")
    old = home_of(father)
    new = households.split(old, [son, wife], village.to("1"), head=son, **village.acting)
    assert home_of(son) == home_of(wife) == new and home_of(father) == old
    assert (new.address, new.number[0]) == ("1号", "W")
    assert (son.household_role, wife.household_role, father.household_role) == ("head", "", "head")
    assert AuditEntry.objects.filter(action="household.split", object_id=old.pk).count() == 1
    assert [change.kind for change in village.changes(son)] == ["household"]


def test_who_leaves_a_household_that_refused_is_left_in_peace_too(village: Village) -> None:
    father, son = village.family("1", "罗样例", "罗小样")
    old, refused_at = home_of(father), village.at - timedelta(days=30)
    DoorVisit.objects.create(
        county=village.county, household=old, officer=village.officer,
        outcome="refused", at=refused_at, recorded_at=refused_at, phone_key=uuid4(),
    )  # fmt: skip
    new = households.split(old, [son], village.to("9"), **village.acting)
    assert refusals.may_knock(new, at=village.at) == refusals.may_knock(old, at=village.at)
    assert not refusals.may_knock(new, at=village.at).given


@pytest.mark.parametrize("who", ["nobody", "everybody", "somebody else"])
def test_a_split_that_is_none_is_refused(village: Village, who: str) -> None:
    father, son = village.family("1", "罗样例", "罗小样")
    (other,) = village.family("7", "周示例")
    leaving = {"nobody": [], "everybody": [father, son], "somebody else": [son, other]}[who]
    with pytest.raises(households.NobodyLeaves, match="有人留下"):
        households.split(home_of(father), leaving, village.to("2"), **village.acting)
    assert home_of(father) == home_of(son)


def test_who_moved_away_stays_with_the_household_they_left(village: Village) -> None:
    father, son, gone = village.family("1", "罗样例", "罗小样", "罗远行")
    Resident.objects.filter(pk=gone.pk).update(lifecycle="moved")
    with pytest.raises(households.NobodyLeaves):
        households.split(home_of(father), [father, son], village.to("2"), **village.acting)


def test_joining_brings_everybody_along_and_ends_the_emptied_one(village: Village) -> None:
    father, gone = village.family("1", "罗样例", "罗远行")
    (aunt,) = village.family("7", "罗大姑")
    Resident.objects.filter(pk=gone.pk).update(lifecycle="moved")
    home = households.join(home_of(father), home_of(aunt), **village.acting)
    assert home_of(father) == home_of(gone) == home == home_of(aunt)
    assert father.household_role == "" and aunt.household_role == "head"
    emptied = Household.objects.get(address="1号")
    assert str(emptied.ended_on) == "2026-11-24" and open_homes(village.county) == {"7号"}


def test_a_no_said_at_the_door_goes_along_when_households_join(village: Village) -> None:
    (father,) = village.family("1", "罗样例")
    (aunt,) = village.family("7", "罗大姑")
    visit = DoorVisit.objects.create(
        county=village.county, household=home_of(father), officer=village.officer,
        outcome="refused", at=village.at, recorded_at=village.at, phone_key=uuid4(),
    )  # fmt: skip
    way = ContactWay.objects.create(
        county=village.county, household=home_of(father), state="b1h1", created_at=village.at
    )
    households.join(home_of(father), home_of(aunt), **village.acting)
    visit.refresh_from_db()
    way.refresh_from_db()
    assert visit.household == way.household == home_of(aunt)


def test_a_household_is_not_joined_into_itself(village: Village) -> None:
    (father,) = village.family("1", "罗样例")
    with pytest.raises(households.SameHousehold):
        households.join(home_of(father), home_of(father), **village.acting)


def test_what_has_ended_is_neither_split_nor_joined_nor_moved(village: Village) -> None:
    (father,) = village.family("1", "罗样例")
    (aunt,) = village.family("7", "罗大姑")
    ended = home_of(father)
    households.join(ended, home_of(aunt), **village.acting)
    with pytest.raises(homes.HomeEnded, match="并入别户"):
        households.join(ended, home_of(aunt), **village.acting)
    with pytest.raises(homes.HomeEnded):
        moving_house.move_household(ended, village.to("3"), **village.acting)


def test_a_stale_form_of_a_household_is_refused(village: Village) -> None:
    father, son, aunt = village.family("1", "罗样例", "罗小样", "罗大姑")
    old = home_of(father)
    seen = changing.household_version(old, [father.pk, son.pk, aunt.pk])
    moving_house.move(aunt, village.to("9"), **village.acting)
    with pytest.raises(changing.ChangedMeanwhile):
        households.split(old, [son], village.to("2"), seen=seen, **village.acting)


def test_a_new_head_takes_over(village: Village) -> None:
    father, son = village.family("1", "罗样例", "罗小样")
    pair = village.friend(father)
    households.set_role(son, "head", **village.acting)
    father.refresh_from_db()
    son.refresh_from_db()
    assert (father.household_role, son.household_role) == ("", "head")
    assert village.changes(father)[0].after == {"与户主关系": "未填"}
    assert pair.pk  # their remark is written anew: see test_moving_house


def test_a_role_that_was_so_already_leaves_no_line(village: Village) -> None:
    (father,) = village.family("1", "罗样例")
    households.set_role(father, "head", **village.acting)
    assert village.changes(father) == []


def check_the_book(village: Village, people: list[Resident]) -> None:
    """Everybody is somewhere, once; homes with people are open, homes without are not."""
    rows = Resident.objects.filter(county=village.county)
    assert sorted(rows.values_list("pk", flat=True)) == sorted(person.pk for person in people)
    lived_in = set()
    for row in rows.select_related("household"):
        assert row.household is not None and row.division_id == row.household.division_id
        lived_in.add(row.household_id)
    open_ones = Household.objects.filter(county=village.county, ended_on=None)
    assert set(open_ones.values_list("pk", flat=True)) == lived_in
    for home in open_ones:
        heads = rows.filter(household=home, household_role="head")
        assert heads.count() <= 1


steps = st.lists(
    st.tuples(
        st.sampled_from(["move", "move_household", "split", "join", "head"]),
        st.integers(0, 6),
        st.integers(0, 6),
        st.sampled_from(["1", "2", "3", "4"]),
        st.booleans(),
    ),
    max_size=14,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes of database
)
@given(steps)
def test_no_order_of_moves_loses_or_doubles_anybody(village: Village, steps: list) -> None:
    Resident.objects.filter(county=village.county).delete()
    Household.objects.filter(county=village.county).delete()
    people = [*village.family("1", "罗一", "罗二", "罗三"), *village.family("2", "周一", "周二")]
    people += [*village.family("3", "欧一"), *village.family("4", "阳一")]
    for act, one, two, number, own in steps:
        first, second = people[one], people[two]
        with suppress(DomainError):  # a refusal changes nothing
            _step(village, act, first, second, village.to(number, own_home=own))
        check_the_book(village, people)


def _step(village: Village, act: str, one: Resident, two: Resident, to: Place) -> None:
    match act:
        case "move":
            moving_house.move(one, to, **village.acting)
        case "move_household":
            moving_house.move_household(home_of(one), to, **village.acting)
        case "split":
            households.split(home_of(one), [one, two], to, head=one, **village.acting)
        case "join":
            households.join(home_of(one), home_of(two), **village.acting)
        case "head":
            households.set_role(one, "head", **village.acting)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round", range(4))
def test_two_officers_at_once_leave_the_book_in_order(
    transactional_db: None, village: Village, round: int
) -> None:
    """One joins the households while the other moves a member out and a third gets a new head."""
    father, son, aunt = village.family("1", "罗样例", "罗小样", "罗大姑")
    (uncle,) = village.family("7", "罗大伯")
    first, second = home_of(father), home_of(uncle)
    acts = [
        lambda: households.join(first, second, **village.acting),
        lambda: moving_house.move(son, village.to("7"), **village.acting),
        lambda: households.set_role(aunt, "head", **village.acting),
        lambda: moving_house.move(uncle, village.to("1"), **village.acting),
    ]
    start, said = Barrier(len(acts)), []

    def run(act: object) -> None:
        try:
            start.wait(10)
            act()  # type: ignore[operator]
        except DomainError as refusal:
            said.append(refusal)
        except Exception as broken:  # anything else, a deadlock too, is a bug
            said.append(broken)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [one for one in said if not isinstance(one, DomainError)] == []
    check_the_book(village, [father, son, aunt, uncle])


def test_ends_are_dated_by_the_county_s_day(village: Village) -> None:
    (father,) = village.family("1", "罗样例")
    village.family("7", "罗大姑")
    late = datetime(2026, 11, 24, 17, 30, tzinfo=UTC)  # after midnight in the county
    moving_house.move(father, village.to("7"), by=village.officer, scope=village.scope, at=late)
    assert str(Household.objects.get(address="1号").ended_on) == "2026-11-25"
