"""What an officer fills in about a contact, put onto the person's record."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from weijing.accounts.scope import Scope
from weijing.core.env import keyring
from weijing.core.errors import DomainError
from weijing.core.ids import new_id
from weijing.residents import masking, phones
from weijing.residents.finding import names, searching
from weijing.residents.labels import remarks
from weijing.residents.labels.composing import village_of
from weijing.residents.models import Household, Resident
from weijing.territory.models import Division

# Letters of any script and the dot, 阿依·古丽; also the private characters that old systems use
# for rare ones.
LETTER = r"(?:[^\W\d_]|[\ue000-\uf8ff\U000f0000-\U0010fffd])"
NAME = re.compile(rf"{LETTER}(?:{LETTER}|[· ])*{LETTER}")


class NotAName(DomainError):
    """Neither a nickname with signs nor a number is a real name."""


class PhoneTaken(DomainError):
    """Somebody else on the roll has this phone; a family may share one, so a person decides."""


@dataclass(frozen=True)
class Label:
    """What the officer fills in. `consents` are scopes agreed to besides being a contact."""

    name: str
    phone: str
    division: Division
    house_number: str = ""
    role: str = ""  # Resident.HouseholdRole
    description: str = ""
    notice_given: bool = False
    consents: Collection[str] = ()


def complete(resident: Resident, label: Label, *, is_shared_phone: bool, scope: Scope) -> None:
    """Add what the roll did not have.

    Raises `phones.NotAPhone`, `PhoneTaken`.
    """
    resident.household_role = resident.household_role or label.role
    if label.phone.strip():
        set_phone(resident, label.phone, is_shared=is_shared_phone, scope=scope)
    resident.save()


def fill_in(resident: Resident, label: Label, *, is_shared_phone: bool, scope: Scope) -> None:
    """The stranger comes onto the roll; of who was imported, only phone and role are taken.

    Raises `NotAName`, `phones.NotAPhone`, `PhoneTaken`.
    """
    is_imported = resident.roll_digest is not None
    if not is_imported:
        resident.division, resident.household = label.division, _household(label)
        rename(resident, label.name)
        resident.lifecycle = Resident.Lifecycle.ROLL
    resident.household_role = label.role or resident.household_role
    if label.phone.strip():
        set_phone(resident, label.phone, is_shared=is_shared_phone, scope=scope)
    resident.save()


def rename(resident: Resident, text: str) -> None:
    """With all that a name is found by; not saved.

    Raises `NotAName`.
    """
    resident.name = checked_name(text)
    resident.pinyin, resident.initials = names.sound(resident.name)
    address = resident.household.address if resident.household else ""
    resident.grams = searching.grams(resident.name, address)


def set_phone(resident: Resident, text: str, *, is_shared: bool, scope: Scope) -> None:
    """With its indexes; not saved.

    Raises `phones.NotAPhone`, `PhoneTaken` unless `is_shared`.
    """
    phone = phones.required(text)
    index = _phone_index(phone)
    if index == resident.phone_index:
        return  # theirs already, also when another one on the roll has the same
    others = Resident.objects.filter(
        county_id=resident.county_id, phone_index=index, lifecycle=Resident.Lifecycle.ROLL
    )
    other = others.filter(~Q(pk=resident.pk)).select_related("division__parent").first()
    if other is not None and not is_shared:
        raise PhoneTaken(_taken(other, scope))
    resident.phone = phone
    resident.phone_index = index
    resident.phone_tail_index = keyring().blind_index(phone[-4:], purpose="phone_tail")


def _taken(other: Resident, scope: Scope) -> str:
    if other.division is None or not scope.covers(other.division):
        return "这个电话已登记在其他网格，请核对后再保存。"
    where = f"{village_of(other.division).name} {other.division.name}"
    who = masking.masked_name(other.name)
    return f"这个电话已登记在 {where} {who} 名下，请核对后再保存。"


def _household(label: Label) -> Household | None:
    """The one household at this address, or a new one; none without a house number."""
    address = written_address(label.house_number)
    if not address:
        return None
    county_id = label.division.county_id
    # Two officers may register one house at the same moment.
    Division.objects.select_for_update().get(county_id=county_id, pk=label.division.pk)
    there = Household.objects.filter(
        county_id=county_id, division=label.division, address=address, ended_on=None
    )[:2]
    if len(there) == 1:
        return there[0]
    id = new_id()
    return Household.objects.create(
        id=id, county_id=county_id, division=label.division, number=f"W{id}", address=address
    )


def checked_name(text: str) -> str:
    """A real name of 2 to 50 characters.

    Raises `NotAName`.
    """
    name = " ".join(names.plain_dots(text).split())
    if word := remarks.forbidden_word(name):
        raise NotAName(f"姓名里不能写「{word}」这类敏感信息，只填真实姓名。")
    if 2 <= len(name) <= 50 and NAME.fullmatch(name):
        return name
    raise NotAName("请填真实姓名，2 到 50 个字，不带数字和符号。")


def written_address(house_number: str) -> str:
    text = house_number.strip()
    return f"{text}号" if text.isdigit() else text


def _phone_index(phone: str) -> UUID:
    return keyring().blind_index(phone, purpose="phone")
