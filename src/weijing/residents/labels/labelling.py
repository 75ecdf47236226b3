"""An officer says who a WeCom contact is: the stranger comes onto the roll, or is found on it."""

from copy import copy
from datetime import datetime, timedelta

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents import consent, policies
from weijing.residents.figures import touching
from weijing.residents.labels import composing, pushing, remarks
from weijing.residents.merges import merging
from weijing.residents.models import Contact, Household, Resident, WechatIdentity
from weijing.residents.queries import visible_to
from weijing.residents.record import filling
from weijing.residents.record.filling import Label as Label  # callers know them from here
from weijing.residents.record.filling import NotAName as NotAName
from weijing.residents.record.filling import PhoneTaken as PhoneTaken
from weijing.territory.models import Division

SECOND_TAP = timedelta(minutes=1)  # the same officer again, so soon, has only tapped twice


class OutsideOwnBeat(DomainError):
    """Officers label people of their own beat; others are for their own officer."""


class NoNotice(DomainError):
    """Nothing is kept of a person who has not been told."""


class NoLongerAFriend(DomainError):
    """One of the two deleted the other while the officer was typing."""


class LabelledMeanwhile(DomainError):
    """Another officer labelled this WeChat account, or it was merged, after the page was opened."""


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
    seen: str = "",
) -> Resident:
    """Record who the contact is, and have WeCom's remark written.

    With `same_as` the contact turns out to be that person on the roll, whose own name and address
    stand. Otherwise the provisional person comes onto the roll as filled in. `seen` is `whom_seen`
    of the page that the officer filled in.

    Raises `PermissionDenied`, `NoLongerAFriend`, `LabelledMeanwhile`, `OutsideOwnBeat`, `NoNotice`,
    `NotAName`, `phones.NotAPhone`, `PhoneTaken` (unless `is_shared_phone`),
    `remarks.UnfitDescription`, `consent.TooYoung`, `merging.CannotMerge`.
    """
    contact = _locked(contact)
    _check(contact, label, by=by, scope=scope)
    _check_unchanged(contact, seen, by=by, at=at)
    description = remarks.check_description(label.description)
    resident = contact.identity.resident
    before = resident.division_id
    if same_as is not None and same_as.pk != resident.pk:
        resident = _merged(resident, same_as, by=by, scope=scope, at=at)
        filling.complete(resident, label, is_shared_phone=is_shared_phone, scope=scope)
    else:
        filling.fill_in(resident, label, is_shared_phone=is_shared_phone, scope=scope)
    agreed = [consent.CONTACT, *label.consents]
    consent.give(resident, agreed, by=by, at=at)
    _mark_labelled(contact, description, by=by, at=at)
    touching.touch(resident.county_id, [before])
    touching.touch_residents(resident.county_id, [resident.pk])
    pushing.want_rewritten(resident.county_id, [resident.pk], at=at)
    trail.record(by, "contact.labelled", contact, at=at, resident=resident.pk)
    return resident


def whom_seen(resident: Resident) -> str:
    """Whom a page shows as the contact, and in what state; a form carries it back."""
    return f"{resident.pk}.{resident.lifecycle}"


def preview(label: Label, resident: Resident) -> str:
    """The remark as it would be written, for the form; `resident` is who the contact is so far."""
    would_be = copy(resident)
    would_be.name, would_be.division = label.name.strip(), label.division
    if label.house_number.strip():
        would_be.household = Household(address=filling.written_address(label.house_number))
    return composing.remark_for(
        division=label.division,
        name=would_be.name,
        role=label.role,
        mark=composing.mark_of(would_be),
    )


def _locked(contact: Contact) -> Contact:
    """The contact, its account and its person as they are now, ours until the commit.

    The person first: merging and moving take the same order (`changing`).
    """
    county_id = contact.county_id
    accounts = WechatIdentity.objects.filter(county_id=county_id)
    seen = accounts.values_list("resident_id", flat=True).get(pk=contact.identity_id)
    person = _lock_person(county_id, seen)
    identity = accounts.select_for_update().get(pk=contact.identity_id)
    if identity.resident_id != person.pk:  # it found its person while we waited for the other
        person = _lock_person(county_id, identity.resident_id)
    identity.resident = person
    rows = Contact.objects.select_for_update(of=("self",)).select_related("officer")
    locked = rows.get(county_id=county_id, pk=contact.pk)
    locked.identity = identity
    return locked


def _lock_person(county_id: int, resident_id: int) -> Resident:
    people = Resident.objects.select_for_update(of=("self",)).select_related("division")
    return people.get(county_id=county_id, pk=resident_id)


def _check_unchanged(contact: Contact, seen: str, *, by: Officer, at: datetime) -> None:
    """What one officer has just saved is not overwritten by another who still sees the stranger."""
    if not seen or seen == whom_seen(contact.identity.resident):
        return
    labelled = Contact.objects.filter(
        county_id=contact.county_id, identity_id=contact.identity_id, labelled_at__isnull=False
    )
    latest = labelled.order_by("-labelled_at").select_related("labelled_by").first()
    if latest is None or latest.labelled_by is None or latest.labelled_at is None:
        raise LabelledMeanwhile("没有保存：这位好友刚刚与底册上的人对上了，您填的还在，请核对。")
    if latest.labelled_by_id == by.pk and at - latest.labelled_at < SECOND_TAP:
        return
    who = "你" if latest.labelled_by_id == by.pk else latest.labelled_by.name
    raise LabelledMeanwhile(
        f"没有保存：{who}刚刚标注过这位好友，您填的还在，请先核对现在登记的资料。"
    )


def _check(contact: Contact, label: Label, *, by: Officer, scope: Scope) -> None:
    if scope.officer_id != by.pk or not policies.can_label(scope, contact):
        raise PermissionDenied
    if contact.state != Contact.State.LINKED:
        said = contact.get_state_display()
        raise NoLongerAFriend(f"没有保存：{said}，你们不再是好友。填写的内容没有留下。")
    home = contact.identity.resident.division
    if home is not None and not scope.covers(home):
        raise OutsideOwnBeat("没有保存：这位好友已由当地民警登记在其他网格，有误请找派出所更正。")
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


def _mark_labelled(contact: Contact, description: str, *, by: Officer, at: datetime) -> None:
    Contact.objects.filter(county_id=contact.county_id, pk=contact.pk).update(
        labelled_at=at, labelled_by=by, description=description
    )
