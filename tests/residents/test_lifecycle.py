"""People move away, die, come back: what follows, follows at once."""

from datetime import date

import pytest
from pyroaring import BitMap

from tests.builders import make_resident
from tests.residents.families import Village, open_homes, stand_ins, village
from weijing.audiences import counting
from weijing.audiences.expression import All
from weijing.residents.figures import coverage
from weijing.residents.models import (
    ConsentRecord,
    Contact,
    IdentitySharer,
    Resident,
    ResidentLink,
    WechatIdentity,
)
from weijing.residents.record import changing, lifecycle, representing, sharing

__all__ = ["village"]
YESTERDAY = date(2026, 11, 23)


def counted(village: Village) -> tuple[int, int]:
    """Households and residents in the denominators of 1组."""
    row = coverage.of_division(village.group(), scope=village.scope, on=date(2026, 11, 24))
    assert row is not None
    return row.households, row.residents


def test_who_moved_away_is_in_no_figure_and_no_audience(village: Village) -> None:
    father, son = village.family("1", "罗样例", "罗小样", consents=("contact", "publicity"))
    pair = village.friend(father)
    lifecycle.move_away(father, on=YESTERDAY, where="广东东莞", **village.acting)
    assert counted(village) == (1, 1)
    assert counting.people(All(()), county_id=village.county.pk) == BitMap([son.ordinal])
    father.refresh_from_db()
    pair.refresh_from_db()
    assert father.household is not None and pair.state == Contact.State.LINKED
    assert father.consents == ["contact", "publicity"]  # nobody took them back
    (change,) = village.changes(father)
    assert change.after == {"状态": "已搬走", "日期": "2026-11-23", "去向": "广东东莞"}
    assert village.touched() == {"1组"}


def test_the_household_of_the_last_one_ends_and_opens_when_they_return(village: Village) -> None:
    (alone,) = village.family("1", "罗样例")
    lifecycle.move_away(alone, on=YESTERDAY, **village.acting)
    assert open_homes(village.county) == set() and counted(village) == (0, 0)
    lifecycle.come_back(alone, **village.acting)
    assert open_homes(village.county) == {"1号"} and counted(village) == (1, 1)


def test_a_death_ends_consents_doors_and_representation_but_not_the_contact(
    village: Village,
) -> None:
    father, son = village.family("1", "罗样例", "罗小样", consents=("contact", "publicity"))
    pair = village.friend(father)
    representing.appoint(son, father, "proxy", **village.acting)
    representing.appoint(
        father, make_resident(village.group(), "罗大姑"), "proxy", **village.acting
    )
    link = ResidentLink.objects.create(
        county=village.county, resident=father, key_digest="x", created_at=village.at,
        expires_at=village.at,
    )  # fmt: skip
    lifecycle.record_death(father, on=YESTERDAY, **village.acting)
    father.refresh_from_db()
    pair.refresh_from_db()
    link.refresh_from_db()
    assert father.consents == [] and link.ended_at == village.at
    ended = ConsentRecord.objects.filter(resident=father, given=False)
    assert {(row.scope, row.channel) for row in ended} == {
        ("contact", "record"), ("publicity", "record"),
    }  # fmt: skip
    assert stand_ins(son) == stand_ins(father) == []
    assert pair.state == Contact.State.LINKED and pair.ended_at is None
    assert counting.count(All(()), county_id=village.county.pk) == 2  # 罗小样, 罗大姑


def test_a_widow_keeps_the_account_that_the_couple_shared(village: Village) -> None:
    man, wife = village.family("1", "罗样例", "周媳妇")
    village.friend(man, "wmCouple")
    identity = WechatIdentity.objects.get(external_userid="wmCouple")
    sharing.share(identity, wife, **village.acting)
    lifecycle.record_death(man, on=YESTERDAY, **village.acting)
    identity.refresh_from_db()
    assert identity.resident == wife and not IdentitySharer.objects.exists()
    assert representing.is_reachable(wife) and not representing.is_reachable(man)


def test_who_comes_back_from_a_mistaken_note_is_asked_for_consent_anew(village: Village) -> None:
    (father,) = village.family("1", "罗样例", consents=("contact", "publicity"))
    lifecycle.record_death(father, on=YESTERDAY, **village.acting)
    lifecycle.come_back(father, **village.acting)
    father.refresh_from_db()
    assert father.lifecycle == Resident.Lifecycle.ROLL and father.consents == []
    assert [change.after["状态"] for change in village.changes(father)] == ["已故", "在册"]


@pytest.mark.parametrize("act", [lifecycle.move_away, lifecycle.record_death])
def test_what_has_not_happened_yet_is_not_noted(village: Village, act: object) -> None:
    (father,) = village.family("1", "罗样例")
    with pytest.raises(lifecycle.NotYet, match="日期还没到"):
        act(father, on=date(2026, 11, 25), **village.acting)  # type: ignore[operator]


def test_nobody_dies_twice_or_comes_back_who_never_left(village: Village) -> None:
    (father,) = village.family("1", "罗样例")
    with pytest.raises(changing.NotOnTheRoll, match="在册"):
        lifecycle.come_back(father, **village.acting)
    lifecycle.record_death(father, on=YESTERDAY, **village.acting)
    with pytest.raises(changing.NotOnTheRoll, match="已故"):
        lifecycle.move_away(father, on=YESTERDAY, **village.acting)
