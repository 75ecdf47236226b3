"""An officer corrected a remark in WeCom: a person decides whether our record takes it over."""

from dataclasses import dataclass
from datetime import datetime
from json import loads

from django.db import transaction
from django.db.models import Q, QuerySet

from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents import policies
from weijing.residents.figures import touching
from weijing.residents.labels import pushing, remark_parsing, remarks
from weijing.residents.labels.composing import village_of
from weijing.residents.labels.remark_parsing import Parsed
from weijing.residents.masking import masked_phone
from weijing.residents.models import (
    Contact,
    RemarkProposal,
    RemarkWrite,
    Resident,
    ResidentChange,
)
from weijing.residents.phones import normal
from weijing.residents.record import filling
from weijing.territory.models import Division

State = RemarkProposal.State


class AlreadyDecided(DomainError):
    """Two people looked at the same proposal."""


class UnfitRemark(DomainError):
    """What was written in WeCom must not stand there, let alone come into our record."""


class RollDecides(DomainError):
    """Names of imported people are the roll's; the station's desk may correct them."""


class MovesHome(DomainError):
    """Another group is another home: people are moved with their household, not by a remark."""


def open_for(scope: Scope) -> QuerySet[RemarkProposal]:
    """Proposals the officer may decide: a field officer's own, a station's, a county's."""
    waiting = _of(scope).filter(state=State.OPEN, contact__state=Contact.State.LINKED)
    return waiting.select_related(
        "contact__officer__station",
        "contact__identity__resident__division__parent",
        "contact__identity__resident__household",
    ).order_by("seen_at", "pk")


def decided_for(scope: Scope) -> QuerySet[RemarkProposal]:
    """Those that somebody has decided on already."""
    return _of(scope).filter(state__in=[State.ACCEPTED, State.DISMISSED])


def _of(scope: Scope) -> QuerySet[RemarkProposal]:
    rows = RemarkProposal.objects.filter(county_id=scope.county_id)
    if not scope.sees_residents:
        return rows.none()
    if not scope.whole_county:
        mine = Q(contact__officer_id=scope.officer_id)
        rows = rows.filter(mine | Q(contact__officer__station_id__in=scope.station_ids))
    return rows.filter(scope.divisions("contact__identity__resident__division"))


@dataclass(frozen=True)
class Change:
    """One thing that accepting would change, in words; phones masked."""

    what: str
    before: str
    after: str


def changes(proposal: RemarkProposal) -> list[Change]:
    """What our record would take over. Empty when nothing could be made out of the text."""
    person, meant = proposal.contact.identity.resident, _meant(proposal)
    group = person.division.name if person.division else ""
    role = Resident.HouseholdRole(meant.role).label if meant.role else ""
    rows = [
        Change("姓名", person.name, meant.name),
        Change("组", group, meant.group),
        Change("与户主关系", person.get_household_role_display(), str(role)),
        Change("电话", masked_phone(person.phone), masked_phone(meant.phone)),
    ]
    same_phone = meant.phone == normal(person.phone)
    return [
        row
        for row in rows
        if row.after and row.before != row.after and not (row.what == "电话" and same_phone)
    ]


@transaction.atomic
def accept(proposal: RemarkProposal, *, by: Officer, scope: Scope, at: datetime) -> list[Change]:
    """Take what can be made out of the text into the person's record; WeCom's remark is then
    written by the rule again. What says nothing of that kind stays in WeCom as it is.

    Raises `PermissionDenied`, `AlreadyDecided`, `UnfitRemark`, `RollDecides`, `MovesHome`,
    `filling.NotAName`, `filling.PhoneTaken`.
    """
    proposal, person = _locked(proposal, by=by, scope=scope)
    if remarks.holds_long_number(proposal.remark) or remarks.forbidden_word(proposal.remark):
        raise UnfitRemark("备注里有长号码或敏感信息，不能采纳。点「恢复」会写回规范的备注。")
    taken, meant = changes(proposal), _meant(proposal)
    _check_place(person, meant)
    _take(person, meant, [row.what for row in taken], scope=scope)
    _decide(proposal, State.ACCEPTED, by=by, at=at)
    if taken:
        _note(person, taken, by=by, at=at)
        touching.touch_residents(person.county_id, [person.pk])
        pushing.want(person.county_id, [proposal.contact_id], at=at)
        pushing.want_rewritten(person.county_id, [person.pk], at=at)
    else:
        _leave_as_written(proposal, at=at)
    return taken


@transaction.atomic
def restore(proposal: RemarkProposal, *, by: Officer, scope: Scope, at: datetime) -> None:
    """Our record stands; its remark is written onto the pair again.

    Raises `PermissionDenied`, `AlreadyDecided`.
    """
    proposal, _ = _locked(proposal, by=by, scope=scope)
    _decide(proposal, State.DISMISSED, by=by, at=at)
    pushing.want(proposal.county_id, [proposal.contact_id], at=at)


def _locked(
    proposal: RemarkProposal, *, by: Officer, scope: Scope
) -> tuple[RemarkProposal, Resident]:
    rows = RemarkProposal.objects.select_for_update(of=("self",)).filter(county_id=by.county_id)
    found = rows.select_related("contact__officer", "contact__identity").get(pk=proposal.pk)
    people = Resident.objects.select_for_update(of=("self",)).select_related("division__parent")
    person = people.get(county_id=by.county_id, pk=found.contact.identity.resident_id)
    found.contact.identity.resident = person
    if scope.officer_id != by.pk or not policies.can_label(scope, found.contact):
        raise PermissionDenied
    if not scope.covers(person.division):
        raise PermissionDenied("这位群众登记在其他网格，请由当地民警处理。")
    if found.state != State.OPEN:
        raise AlreadyDecided(f"这条更正{found.get_state_display()}，没有再改。")
    return found, person


def _meant(proposal: RemarkProposal) -> Parsed:
    """The text, and the first phone that is not ours."""
    meant = remark_parsing.parsed(proposal.remark)
    ours = normal(proposal.contact.identity.resident.phone)
    noted = [phone for one in loads(proposal.mobiles_text or "[]") if (phone := normal(one))]
    phone = "" if ours in noted else next(iter(noted), meant.phone)
    return Parsed(meant.village, meant.group, meant.name, meant.role, phone)


def _check_place(person: Resident, meant: Parsed) -> None:
    place = person.division
    is_group = place is not None and place.level == Division.Level.GROUP
    if meant.group and is_group and place is not None and place.name != meant.group:
        village = village_of(place).name
        raise MovesHome(f"登记的住址是 {village} {place.name}，改组要在群众页面办搬家，没有采纳。")


def _take(person: Resident, meant: Parsed, what: list[str], *, scope: Scope) -> None:
    if "姓名" in what:
        if person.roll_digest is not None and not scope.has(Role.STATION_COMMAND):
            raise RollDecides("姓名以底册为准，没有采纳。确实有误的，请派出所综合指挥室采纳。")
        filling.rename(person, meant.name)
    if "与户主关系" in what:
        person.household_role = meant.role
    if "电话" in what:
        filling.set_phone(person, meant.phone, is_shared=False, scope=scope)
    person.save()


def _decide(proposal: RemarkProposal, state: str, *, by: Officer, at: datetime) -> None:
    proposal.state, proposal.decided_by, proposal.decided_at = state, by, at
    proposal.save(update_fields=["state", "decided_by", "decided_at"])
    trail.record(by, f"remark.{state}", proposal.contact, at=at, proposal=proposal.pk)


def _note(person: Resident, taken: list[Change], *, by: Officer, at: datetime) -> None:
    ResidentChange.objects.create(
        county_id=person.county_id,
        resident=person,
        at=at,
        by=by,
        kind=ResidentChange.Kind.CORRECTED,
        source=ResidentChange.Source.WECOM,
        before={row.what: row.before or "未填" for row in taken},
        after={row.what: row.after for row in taken},
    )
    trail.record(by, "resident.corrected_from_wecom", person, at=at, fields=len(taken))


def _leave_as_written(proposal: RemarkProposal, *, at: datetime) -> None:
    """Seen again, the officer's text is nothing new."""
    contact = proposal.contact
    rows = RemarkWrite.objects.filter(county_id=contact.county_id, contact=contact)
    rows.update(remark=contact.remark, mobile_indexes=contact.remark_mobile_indexes, written_at=at)
