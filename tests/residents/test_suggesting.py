"""Whom of the roll a contact may be, and why: words, order, and nobody outside the scope."""

from datetime import datetime
from typing import Any

import pytest

from tests.builders import (
    LONG_AGO,
    beat_of,
    division,
    make_contact,
    make_household,
    make_officer,
    make_resident,
)
from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope, scope_of
from weijing.residents import phones
from weijing.residents.finding import names, searching
from weijing.residents.labels import suggesting
from weijing.residents.labels.clues import clues
from weijing.residents.models import Contact, ContactWay, Resident
from weijing.residents.record.filling import Label
from weijing.territory.models import County, Division

PHONE = "15400000412"


@pytest.fixture
def officer(county: County) -> Officer:
    beat = beat_of(county, "小沙江镇", "桃李村")
    return make_officer(county, "yang", Role.VILLAGE_AUXILIARY, beat=beat)


@pytest.fixture
def scope(officer: Officer, at: datetime) -> Scope:
    return scope_of(officer, at=at)


@pytest.fixture
def group(county: County) -> Division:
    return division(county, "小沙江镇", "桃李村", "1组")


@pytest.fixture
def contact(county: County, officer: Officer) -> Contact:
    stranger = make_resident(None, "山里人家", county=county, lifecycle="provisional", born_on=None)
    return make_contact(officer, stranger, "wmA")


def person(place: Division, name: str, number: str = "", **fields: Any) -> Resident:
    """On the roll as an import leaves people: with sound and grams."""
    home = fields.pop("household", None) or (make_household(place, number) if number else None)
    pinyin, initials = names.sound(name)
    grams = searching.grams(name, home.address if home else "")
    return make_resident(
        place, name, household=home, pinyin=pinyin, initials=initials, grams=grams, **fields
    )


def suggested(contact: Contact, scope: Scope, typed: Label | None = None) -> dict[str, list[str]]:
    """Reasons, keyed by name, in the order of the list."""
    contact = Contact.objects.select_related("identity").get(pk=contact.pk)
    found = suggesting.suggestions(contact, clues(contact, typed), scope=scope)
    return {one.resident.name: one.reasons for one in found}


def typed(group: Division, **changes: Any) -> Label:
    return Label(**{"name": "", "phone": "", "division": group, **changes})


def test_a_phone_a_name_and_an_address_are_reasons_in_this_order(
    contact: Contact, group: Division, scope: Scope
) -> None:
    person(group, "罗甲乙", phone=PHONE)
    person(division(group.county, "小沙江镇", "桃李村", "2组"), "罗样例")
    person(group, "周示例", "12")
    found = suggested(contact, scope, typed(group, name="罗样例", phone=PHONE, house_number="12"))
    assert list(found) == ["罗甲乙", "罗样例", "周示例"]
    assert found["罗样例"] == ["同村同名"]
    assert found["罗甲乙"][0] == "电话相同"
    assert found["周示例"] == ["同一住址"]


def test_nobody_outside_the_scope_is_ever_suggested(
    county: County, contact: Contact, group: Division, scope: Scope
) -> None:
    person(division(county, "小沙江镇", "红星村", "1组"), "罗样例", "12", phone=PHONE)
    assert suggested(contact, scope, typed(group, name="罗样例", phone=PHONE)) == {}


def test_only_people_on_the_roll_are_suggested(
    contact: Contact, group: Division, scope: Scope
) -> None:
    for lifecycle in ("moved", "deceased", "duplicate", "provisional"):
        person(group, "罗样例", lifecycle=lifecycle)
    assert suggested(contact, scope, typed(group, name="罗样例")) == {}


def test_two_people_on_one_phone_are_both_shown_and_neither_is_called_certain(
    contact: Contact, group: Division, scope: Scope
) -> None:
    person(group, "罗样例", phone=PHONE)
    person(group, "周示例", phone=PHONE)
    found = suggested(contact, scope, typed(group, name="周示例", phone=PHONE))
    assert list(found) == ["周示例", "罗样例"], "the name decides"
    assert all("电话相同，底册上不止一人用" in reasons for reasons in found.values())


def test_the_remark_an_officer_wrote_in_wecom_is_evidence(
    contact: Contact, group: Division, scope: Scope
) -> None:
    person(group, "罗样例")
    person(division(group.county, "小沙江镇", "桃李村", "2组"), "罗样例")
    Contact.objects.update(remark="桃李1组-罗样例-户主")
    contact.refresh_from_db()
    found = suggesting.suggestions(contact, clues(contact, None), scope=scope)
    assert found[0].resident.division == group
    assert found[0].reasons == ["备注里是这个姓名", "同组"]


def test_the_phone_an_officer_noted_in_wecom_is_evidence(
    contact: Contact, group: Division, scope: Scope
) -> None:
    person(group, "罗样例", phone=PHONE)
    contact.remark_mobiles_text = f'["{PHONE}"]'
    contact.remark_mobile_indexes = phones.indexes([PHONE])
    contact.save()
    assert suggested(contact, scope) == {"罗样例": ["电话相同"]}


def test_who_scanned_the_code_of_a_household_lives_there(
    county: County, officer: Officer, contact: Contact, group: Division, scope: Scope
) -> None:
    home = make_household(group, "7")
    ContactWay.objects.create(
        county=county, officer=officer, household=home, state="b1h7", created_at=LONG_AGO,
        beat=beat_of(county, "小沙江镇", "桃李村"),
    )  # fmt: skip
    person(group, "罗样例", household=home)
    linked = person(group, "周示例", household=home)
    make_contact(officer, linked, "wmB")
    Contact.objects.filter(pk=contact.pk).update(way_state="b1h7")
    found = suggested(contact, scope)
    assert list(found) == ["罗样例", "周示例"]
    assert found["罗样例"] == ["扫的是这一户的码", "家人已是你的好友", "在所扫码的网格里"]
    assert "已对上别的微信号" in found["周示例"]


@pytest.mark.parametrize(
    ("nickname", "reason"),
    [("罗样例", "微信名是这个姓名"), ("罗扬立", "姓名同音"), ("Luo Yangli", "姓名同音")],
)
def test_a_nickname_may_be_the_name_or_sound_like_it(
    contact: Contact, group: Division, scope: Scope, nickname: str, reason: str
) -> None:
    person(group, "罗样例")
    contact.identity.nickname = nickname
    contact.identity.save()
    assert suggested(contact, scope) == {"罗样例": [reason]}


def test_a_nickname_that_is_no_name_suggests_nobody(
    contact: Contact, group: Division, scope: Scope
) -> None:
    person(group, "罗样例", "1")
    assert suggested(contact, scope) == {}


def test_a_dot_written_another_way_is_the_same_name(
    contact: Contact, group: Division, scope: Scope
) -> None:
    person(group, "阿依·古丽")
    Contact.objects.update(remark="桃李1组-阿依•古丽")
    assert suggested(contact, scope) == {"阿依·古丽": ["备注里是这个姓名", "同组"]}


def test_a_rare_character_is_found(contact: Contact, group: Division, scope: Scope) -> None:
    person(group, "𬱖样例")
    assert suggested(contact, scope, typed(group, name="𬱖样例")) == {
        "𬱖样例": ["同村同名", "同组"]
    }
