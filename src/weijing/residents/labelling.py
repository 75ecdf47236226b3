"""An officer says who a WeCom contact is: the stranger comes onto the roll, or is found on it."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core import jobs
from weijing.core.env import keyring
from weijing.core.errors import DomainError, PermissionDenied
from weijing.core.ids import new_id
from weijing.residents import (
    consent,
    masking,
    merging,
    names,
    phones,
    policies,
    remarks,
    searching,
)
from weijing.residents.models import Contact, Household, Resident, WechatIdentity
from weijing.residents.queries import visible_to
from weijing.territory.models import Division

MAX_SUGGESTIONS = 8
NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[·. ])*[^\W\d_]")  # letters of any script, 阿依·古丽


class NotAName(DomainError):
    """Neither a nickname with signs nor a number is a real name."""


class OutsideOwnBeat(DomainError):
    """Officers label people of their own beat; others are for their own officer."""


class PhoneTaken(DomainError):
    """Somebody else on the roll has this phone; a family may share one, so a person decides."""


class NoNotice(DomainError):
    """Nothing is kept of a person who has not been told."""


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


@dataclass(frozen=True)
class Suggestion:
    """Someone on the roll who may be this contact, and why we think so (Chinese)."""

    resident: Resident
    reason: str


def suggestions(label: Label, *, scope: Scope) -> list[Suggestion]:
    """People on the roll whom the officer may see: by phone, by name in the village, by house."""
    roll = visible_to(scope).filter(lifecycle=Resident.Lifecycle.ROLL)
    village = _village(label.division)
    reasons = []
    if phone := phones.normal(label.phone):
        reasons.append(("电话相同", Q(phone_index=_phone_index(phone))))
    if label.name.strip():
        reasons.append(("同村同名", Q(name=label.name.strip()) & village.inside()))
    if address := _address(label.house_number):
        at_home = Q(household__division=label.division, household__address=address)
        reasons.append(("同一住址", at_home))
    found: dict[int, Suggestion] = {}
    for reason, condition in reasons:
        people = roll.filter(condition).select_related("household", "division")
        for resident in people.order_by("ordinal")[:MAX_SUGGESTIONS]:
            found.setdefault(resident.pk, Suggestion(resident, reason))
    return list(found.values())[:MAX_SUGGESTIONS]


@transaction.atomic
def label(
    contact: Contact,
    label: Label,
    *,
    by: Officer,
    scope: Scope,
    at: datetime,
    same_as: Resident | None = None,
    is_shared_phone: bool = False,
) -> Resident:
    """Record who the contact is, and have WeCom's remark written.

    With `same_as` the contact turns out to be that person on the roll, whose own name and address
    stand. Otherwise the provisional person comes onto the roll as filled in.

    Raises `PermissionDenied`, `OutsideOwnBeat`, `NoNotice`, `NotAName`, `phones.NotAPhone`,
    `PhoneTaken` (unless `is_shared_phone`), `remarks.UnfitDescription`,
    `consent.TooYoung`, `merging.CannotMerge`.
    """
    contact = _locked(contact)
    _check(contact, label, by=by, scope=scope)
    description = remarks.check_description(label.description)
    resident = contact.identity.resident
    if same_as is not None and same_as.pk != resident.pk:
        resident = _merged(resident, same_as, by=by, scope=scope, at=at)
        _complete(resident, label, is_shared_phone=is_shared_phone, scope=scope)
    else:
        _fill_in(resident, label, is_shared_phone=is_shared_phone, scope=scope)
    agreed = [consent.CONTACT, *label.consents]
    consent.give(resident, agreed, by=by, at=at)
    _mark_labelled(contact, description, by=by, at=at)
    trail.record(by, "contact.labelled", contact, at=at, resident=resident.pk)
    return resident


def remark_of(contact: Contact) -> str:
    """The remark WeCom should show for this pair, from the person's present record."""
    resident = contact.identity.resident
    division = resident.division
    if division is None:
        return ""
    is_group = division.level == Division.Level.GROUP
    return remarks.remark(
        village=_village(division).short_name,
        group=division.name if is_group else "",
        name=resident.name,
        role=resident.get_household_role_display() if resident.household_role else "",
    )


def preview(label: Label) -> str:
    """The remark as it would be written, for the form."""
    is_group = label.division.level == Division.Level.GROUP
    return remarks.remark(
        village=_village(label.division).short_name,
        group=label.division.name if is_group else "",
        name=label.name.strip(),
        role=Resident.HouseholdRole(label.role).label if label.role else "",
    )


def _locked(contact: Contact) -> Contact:
    # The identity first: recording what WeCom says takes the same order.
    identities = WechatIdentity.objects.select_for_update().filter(county_id=contact.county_id)
    identity = identities.get(pk=contact.identity_id)
    rows = Contact.objects.select_for_update(of=("self",)).select_related("officer")
    locked = rows.get(county_id=contact.county_id, pk=contact.pk)
    residents = Resident.objects.select_for_update(of=("self",)).select_related("division")
    identity.resident = residents.get(county_id=contact.county_id, pk=identity.resident_id)
    locked.identity = identity
    return locked


def _check(contact: Contact, label: Label, *, by: Officer, scope: Scope) -> None:
    if scope.officer_id != by.pk or not policies.can_label(scope, contact):
        raise PermissionDenied
    if not label.notice_given:
        raise NoNotice("请先当面说明用途，或把告知书发给群众，再勾选保存。")
    if not scope.covers(label.division) or label.division.level in (
        Division.Level.COUNTY,
        Division.Level.TOWNSHIP,
    ):
        raise OutsideOwnBeat("请选本警务区的村和组；不住在本警务区的，请转给当地民警标注。")


def _merged(
    stranger: Resident, same_as: Resident, *, by: Officer, scope: Scope, at: datetime
) -> Resident:
    if not visible_to(scope).filter(pk=same_as.pk).exists():
        raise OutsideOwnBeat("这个人不在本警务区，请转给当地民警标注。")
    merging.merge(stranger.county_id, [merging.Pair(stranger.pk, same_as.pk)], by=by, at=at)
    return Resident.objects.get(county_id=stranger.county_id, pk=same_as.pk)


def _complete(resident: Resident, label: Label, *, is_shared_phone: bool, scope: Scope) -> None:
    """Add what the roll did not have."""
    if not resident.household_role:
        resident.household_role = label.role
    if label.phone.strip():
        _set_phone(resident, label.phone, is_shared=is_shared_phone, scope=scope)
    resident.save()


def _fill_in(resident: Resident, label: Label, *, is_shared_phone: bool, scope: Scope) -> None:
    is_imported = resident.roll_digest is not None
    if not is_imported:
        household = _household(label)
        address = household.address if household else ""
        resident.division, resident.household = label.division, household
        resident.name = checked_name(label.name)
        resident.pinyin, resident.initials = names.sound(resident.name)
        resident.grams = searching.grams(resident.name, address)
        resident.lifecycle = Resident.Lifecycle.ROLL
    resident.household_role = label.role or resident.household_role
    if label.phone.strip():
        _set_phone(resident, label.phone, is_shared=is_shared_phone, scope=scope)
    resident.save()


def _set_phone(resident: Resident, text: str, *, is_shared: bool, scope: Scope) -> None:
    phone = phones.required(text)
    index = _phone_index(phone)
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
    where = f"{_village(other.division).name} {other.division.name}"
    who = masking.masked_name(other.name)
    return f"这个电话已登记在 {where} {who} 名下，请核对后再保存。"


def _mark_labelled(contact: Contact, description: str, *, by: Officer, at: datetime) -> None:
    Contact.objects.filter(county_id=contact.county_id, pk=contact.pk).update(
        labelled_at=at, labelled_by=by, description=description
    )
    jobs.enqueue("residents.push_remark", once=f"remark-{contact.pk}", contact_id=contact.pk)


def _household(label: Label) -> Household | None:
    """The one household at this address, or a new one; none without a house number."""
    address = _address(label.house_number)
    if not address:
        return None
    county_id = label.division.county_id
    # Two officers may register one house at the same moment.
    Division.objects.select_for_update().get(county_id=county_id, pk=label.division.pk)
    there = Household.objects.filter(county_id=county_id, division=label.division, address=address)[
        :2
    ]
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
    name = text.strip()
    if 2 <= len(name) <= 50 and NAME.fullmatch(name):
        return name
    raise NotAName("请填真实姓名，2 到 50 个字，不带数字和符号。")


def _address(house_number: str) -> str:
    text = house_number.strip()
    return f"{text}号" if text.isdigit() else text


def _village(division: Division) -> Division:
    is_group = division.level == Division.Level.GROUP and division.parent is not None
    return division.parent if is_group and division.parent else division


def _phone_index(phone: str) -> UUID:
    return keyring().blind_index(phone, purpose="phone")
