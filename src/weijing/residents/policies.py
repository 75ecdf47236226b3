"""Who may read and who may write a resident's record."""

from datetime import datetime

from weijing.accounts.models import FIELD_ROLES, Officer, Role
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.residents.models import Contact, Resident
from weijing.residents.queries import visible_to


def access_resident(
    scope: Scope, officer: Officer, resident_id: int, *, purpose: str, at: datetime
) -> Resident:
    """One person's whole record, with the reading noted before it is served.

    `purpose` is the code of a reason that the resident may read as well (contact.label, …).

    Raises `Resident.DoesNotExist` also for those the officer may not know of.
    """
    assert scope.officer_id == officer.pk, "a scope of somebody else"
    people = visible_to(scope).select_related("division__parent", "household")
    resident = people.get(pk=resident_id)
    trail.viewed(officer, Resident._meta.label_lower, [resident.pk], purpose=purpose, at=at)
    return resident


def can_label(scope: Scope, contact: Contact) -> bool:
    """The officer whose contact it is, or the desk of the station that officer belongs to."""
    if contact.county_id != scope.county_id:
        return False
    if scope.has(*FIELD_ROLES) and contact.officer_id == scope.officer_id:
        return True
    is_desk = scope.has(Role.STATION_COMMAND)
    return is_desk and (scope.whole_county or contact.officer.station_id in scope.station_ids)


def can_change(scope: Scope, resident: Resident) -> bool:
    """The officers of the place and the desk of its station write the record; others read it."""
    return scope.has(*FIELD_ROLES, Role.STATION_COMMAND) and scope.covers(resident.division)


def can_change_many(scope: Scope) -> bool:
    """One change to everybody a list shows; each of them is of the own places."""
    return scope.has(*FIELD_ROLES, Role.STATION_COMMAND)


def can_unite(scope: Scope) -> bool:
    """Who writes records may also say that two of them are one person, or one of them two.

    Pairs across two stations are for those who answer for the whole county.
    """
    if scope.whole_county and scope.has(Role.CAMPAIGN_APPROVER):
        return True
    return scope.has(*FIELD_ROLES, Role.STATION_COMMAND)
