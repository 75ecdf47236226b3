"""A child is reached through a guardian, who has no phone through a relative, a couple as one."""

from datetime import date

import pytest

from tests.builders import beat_of, make_contact, make_officer, make_resident
from tests.residents.families import Village, stand_ins, village
from weijing.accounts.models import Role
from weijing.core.errors import PermissionDenied
from weijing.residents.figures import coverage
from weijing.residents.models import IdentitySharer, Resident, WechatIdentity
from weijing.residents.record import answering, changing, reaching, representing, sharing

__all__ = ["village"]
CHILD = date(2015, 6, 1)
YOUTH = date(2010, 6, 1)
TODAY = date(2026, 11, 24)


def born(person: Resident, day: date) -> Resident:
    Resident.objects.filter(pk=person.pk).update(born_on=day)
    person.refresh_from_db()
    return person


def test_a_child_has_a_guardian(village: Village) -> None:
    mother, child = village.family("1", "周样例", "周小样")
    village.friend(mother)
    born(child, CHILD)
    appointed = representing.appoint(child, mother, "guardian", **village.acting)
    assert appointed.is_reachable and stand_ins(child) == [appointed.representative]
    (change,) = village.changes(child)
    assert (change.kind, change.after) == ("represented", {"监护人": "周**"})
    assert village.touched() == {"1组"}


def test_a_child_has_no_proxy(village: Village) -> None:
    mother, child = village.family("1", "周样例", "周小样")
    with pytest.raises(representing.CannotRepresent, match="监护人"):
        representing.appoint(born(child, CHILD), mother, "proxy", **village.acting)


def test_a_proxy_nobody_has_as_a_contact_is_said_to_be_unreachable(village: Village) -> None:
    grandmother, son = village.family("1", "罗奶奶", "罗样例")
    appointed = representing.appoint(grandmother, son, "proxy", **village.acting)
    assert not appointed.is_reachable


def test_a_proxy_who_shares_the_spouse_s_account_is_reachable(village: Village) -> None:
    grandmother, son, wife = village.family("1", "罗奶奶", "罗样例", "周媳妇")
    village.friend(wife, "wmCouple")
    sharing.share(WechatIdentity.objects.get(), son, **village.acting)
    assert representing.appoint(grandmother, son, "proxy", **village.acting).is_reachable


@pytest.mark.parametrize(
    ("who", "says"),
    [("themselves", "本人"), ("a youth", "未成年"), ("who moved away", "不在册")],
)
def test_who_cannot_stand_in(village: Village, who: str, says: str) -> None:
    old, other = village.family("1", "罗奶奶", "罗样例")
    if who == "a youth":
        born(other, YOUTH)
    if who == "who moved away":
        Resident.objects.filter(pk=other.pk).update(lifecycle="moved")
    stand_in = old if who == "themselves" else other
    with pytest.raises(representing.CannotRepresent, match=says):
        representing.appoint(old, stand_in, "proxy", **village.acting)


def test_two_people_do_not_stand_in_for_each_other(village: Village) -> None:
    one, two = village.family("1", "罗一老", "罗二老")
    representing.appoint(one, two, "proxy", **village.acting)
    with pytest.raises(representing.CannotRepresent, match="互相"):
        representing.appoint(two, one, "proxy", **village.acting)


def test_the_same_proxy_is_noted_once(village: Village) -> None:
    old, son = village.family("1", "罗奶奶", "罗样例")
    first = representing.appoint(old, son, "proxy", **village.acting).representative
    with pytest.raises(representing.AlreadyRepresented):
        representing.appoint(old, son, "proxy", **village.acting)
    representing.end(first, **village.acting)
    representing.end(first, **village.acting)  # a second tap
    assert stand_ins(old) == [] and len(village.changes(old)) == 2


def test_a_sharer_counts_as_linked(village: Village) -> None:
    (man,) = village.family("1", "罗样例")
    (woman,) = village.family("2", "周样例")
    village.friend(man, "wmCouple")
    sharing.share(WechatIdentity.objects.get(), woman, **village.acting)
    row = coverage.of_division(village.group(), scope=village.scope, on=TODAY)
    assert row is not None and (row.linked, row.households_linked) == (2, 2)
    assert village.changes(woman)[0].after == {"共用微信": "罗** 的微信"}


def test_a_child_shares_no_account(village: Village) -> None:
    mother, child = village.family("1", "周样例", "周小样")
    village.friend(mother, "wm1")
    with pytest.raises(sharing.CannotShare, match="监护人"):
        sharing.share(WechatIdentity.objects.get(), born(child, CHILD), **village.acting)


def test_sharing_twice_is_sharing_once_and_ends_once(village: Village) -> None:
    man, wife = village.family("1", "罗样例", "周媳妇")
    village.friend(man, "wm1")
    identity = WechatIdentity.objects.get()
    row = sharing.share(identity, wife, **village.acting)
    assert sharing.share(identity, wife, **village.acting) == row
    with pytest.raises(sharing.CannotShare):
        sharing.share(identity, man, **village.acting)
    sharing.stop(row, **village.acting)
    assert not IdentitySharer.objects.exists() and not representing.is_reachable(wife)


def test_an_account_can_be_put_on_the_other_of_the_couple(village: Village) -> None:
    man, wife = village.family("1", "罗样例", "周媳妇")
    village.friend(man, "wm1")
    row = sharing.share(WechatIdentity.objects.get(), wife, **village.acting)
    sharing.put_first(row, **village.acting)
    identity = WechatIdentity.objects.get()
    assert identity.resident == wife
    assert [one.resident for one in sharing.sharers(identity)] == [man]


def test_an_account_of_another_grid_is_not_shared(village: Village) -> None:
    beat = beat_of(village.county, "小沙江镇", "红星村")
    neighbour = make_officer(village.county, "hu", Role.VILLAGE_AUXILIARY, beat=beat)
    far = make_resident(village.group(village="红星村"), "肖远方")
    make_contact(neighbour, far, "wmFar")
    (wife,) = village.family("1", "周媳妇")
    with pytest.raises(PermissionDenied):
        sharing.share(WechatIdentity.objects.get(), wife, **village.acting)


def test_reach_and_absence_are_told_and_counted_anew(village: Village) -> None:
    (old,) = village.family("1", "罗奶奶")
    reaching.set_reach(old, "no_phone", **village.acting)
    reaching.set_reach(old, "no_phone", **village.acting)
    reaching.set_away(old, " 浙江  义乌 ", **village.acting)
    old.refresh_from_db()
    assert (old.reach, old.away_at) == ("no_phone", "浙江 义乌")
    reaching.set_away(old, "", **village.acting)
    lines = [(change.before, change.after) for change in village.changes(old)]
    assert lines == [
        ({"联系方式": "未填"}, {"联系方式": "没有手机"}),
        ({"外出": "在家"}, {"外出": "浙江 义乌"}),
        ({"外出": "浙江 义乌"}, {"外出": "在家"}),
    ]
    assert village.touched() == {"1组"}


def test_of_several_officers_one_answers(village: Village) -> None:
    beat = beat_of(village.county, "小沙江镇", "红星村")
    second = make_officer(village.county, "hu", Role.VILLAGE_AUXILIARY, beat=beat, name="胡模拟")
    (person,) = village.family("1", "罗样例")
    assert answering.officers_of([person], at=village.at) == {person.pk: village.officer}
    with pytest.raises(answering.NotAContact, match="还不是这位群众的好友"):
        answering.answer_for(person, second, **village.acting)
    make_contact(second, person, "wm2")
    answering.answer_for(person, second, **village.acting)
    person.refresh_from_db()
    assert answering.officers_of([person], at=village.at) == {person.pk: second}
    second.is_active = False
    second.save()
    assert answering.officers_of([person], at=village.at) == {person.pk: village.officer}
    answering.answer_for(person, None, **village.acting)
    assert [change.after["责任民辅警"] for change in village.changes(person)] == [
        "胡模拟", "本网格民辅警",
    ]  # fmt: skip


def test_every_act_checks_what_the_officer_saw(village: Village) -> None:
    man, wife = village.family("1", "罗样例", "周媳妇")
    village.friend(man, "wm1")
    seen = changing.version(wife)
    reaching.set_away(wife, "东莞", **village.acting)
    identity = WechatIdentity.objects.get()
    acts = [
        lambda: reaching.set_reach(wife, "wechat", seen=seen, **village.acting),
        lambda: representing.appoint(wife, man, "proxy", seen=seen, **village.acting),
        lambda: sharing.share(identity, wife, seen=seen, **village.acting),
        lambda: answering.answer_for(wife, None, seen=seen, **village.acting),
    ]
    for act in acts:
        with pytest.raises(changing.ChangedMeanwhile):
            act()
    assert len(village.changes(wife)) == 1
