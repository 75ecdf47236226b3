"""A search taken up for a step: by somebody who may, in a state the step begins from."""

from weijing.accounts.models import FIELD_ROLES, Officer, Role
from weijing.accounts.scope import Scope
from weijing.core.errors import DomainError, PermissionDenied
from weijing.requests.models import MissingPerson

State = MissingPerson.State
ACTORS = (*FIELD_ROLES, Role.STATION_COMMAND)
OPEN = (State.REPORTED, State.CONFIRMED, State.SEARCHING)
GROWN_UP = 18  # Minors Protection Law, article 2


class NotThisStep(DomainError):
    """Somebody else took the step, or it is not its turn."""

    def __init__(self) -> None:
        super().__init__("没有保存：这一件刚刚有人办过，请看过最新进度再办。")


def may_act(scope: Scope, missing: MissingPerson) -> bool:
    """The officers of the place, and who is in charge. Others read and report sightings."""
    if missing.county_id != scope.county_id or not scope.has(*ACTORS):
        return False
    return scope.covers(missing.division) or missing.in_charge_id == scope.officer_id


def is_minor(missing: MissingPerson) -> bool:
    return missing.age < GROWN_UP


def opened(missing: MissingPerson, *states: str, by: Officer, scope: Scope) -> MissingPerson:
    """The row, locked until the commit.

    Raises `PermissionDenied`, `NotThisStep`.
    """
    assert scope.officer_id == by.pk, "a scope of somebody else"
    locked = locked_row(scope.county_id, missing.pk)
    if not may_act(scope, locked):
        raise PermissionDenied
    if locked.state not in states:
        raise NotThisStep
    return locked


def locked_row(county_id: int, missing_id: int) -> MissingPerson:
    rows = MissingPerson.objects.select_for_update(of=("self",)).select_related("division")
    return rows.get(county_id=county_id, pk=missing_id)


def write(missing: MissingPerson, **changes: object) -> None:
    rows = MissingPerson.objects.filter(county_id=missing.county_id, pk=missing.pk)
    rows.update(**changes)
    for name, value in changes.items():
        setattr(missing, name, value)
