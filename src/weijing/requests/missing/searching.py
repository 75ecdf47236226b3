"""From the report to people who walk and look: confirmed by an officer, begun by one."""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.errors import DomainError
from weijing.requests.missing import looking_again, opening, reporting
from weijing.requests.missing.opening import State
from weijing.requests.models import MissingPerson

How = MissingPerson.ConfirmedHow


class NotSpokenTo(DomainError):
    """An officer saw or heard the family, and knows how they are related."""


@transaction.atomic
def confirm(
    missing: MissingPerson, how: str, *, is_family: bool, by: Officer, scope: Scope, at: datetime
) -> None:
    """The family was spoken to and is the family: a stalker does not get a search.

    Raises `PermissionDenied`, `NotThisStep`, `NotSpokenTo`.
    """
    missing = opening.opened(missing, State.REPORTED, by=by, scope=scope)
    if how not in (How.IN_PERSON, How.VIDEO, How.CALL) or not is_family:
        raise NotSpokenTo("没有保存：请选怎么核实的，并确认报的人是家属或监护人。")
    opening.write(
        missing, state=State.CONFIRMED, confirmed_at=at, confirmed_by=by, confirmed_how=how,
        in_charge_id=missing.in_charge_id or by.pk,
    )  # fmt: skip
    trail.record(by, "missing.confirmed", missing, at=at, how=how)


@transaction.atomic
def begin(missing: MissingPerson, *, by: Officer, scope: Scope, at: datetime) -> None:
    """Look, now: every officer of the county sees it. It needs no confirmation and no waiting.

    Raises `PermissionDenied`, `NotThisStep`.
    """
    missing = opening.opened(missing, State.REPORTED, State.CONFIRMED, by=by, scope=scope)
    opening.write(
        missing, state=State.SEARCHING, searching_at=at, searching_by=by,
        in_charge_id=missing.in_charge_id or by.pk,
    )  # fmt: skip
    trail.record(by, "missing.search_begun", missing, at=at)


@transaction.atomic
def confirm_and_begin(
    missing: MissingPerson, how: str, *, is_family: bool, by: Officer, scope: Scope, at: datetime
) -> None:
    """The usual case, in one tap. Raises what the two raise."""
    confirm(missing, how, is_family=is_family, by=by, scope=scope, at=at)
    begin(missing, by=by, scope=scope, at=at)


@transaction.atomic
def confirm_while_searching(
    missing: MissingPerson, how: str, *, is_family: bool, by: Officer, scope: Scope, at: datetime
) -> None:
    """People were sent out first, the family is spoken to now.

    Raises `PermissionDenied`, `NotThisStep`, `NotSpokenTo`.
    """
    missing = opening.opened(missing, State.SEARCHING, by=by, scope=scope)
    if missing.confirmed_at is not None:
        raise opening.NotThisStep
    if how not in (How.IN_PERSON, How.VIDEO, How.CALL) or not is_family:
        raise NotSpokenTo("没有保存：请选怎么核实的，并确认报的人是家属或监护人。")
    opening.write(missing, confirmed_at=at, confirmed_by=by, confirmed_how=how)
    trail.record(by, "missing.confirmed", missing, at=at, how=how)


@transaction.atomic
def take_charge(missing: MissingPerson, *, by: Officer, scope: Scope, at: datetime) -> None:
    """Sightings come to this officer from now on, and who is found is theirs to bring to an end.

    Raises `PermissionDenied`, `NotThisStep`.
    """
    missing = opening.opened(missing, *opening.OPEN, State.FOUND, by=by, scope=scope)
    opening.write(missing, in_charge_id=by.pk)
    trail.record(by, "missing.taken_charge_of", missing, at=at)


@transaction.atomic
def describe(
    missing: MissingPerson, *, place: str, looks: str, help: str, needs_care: bool,
    by: Officer, scope: Scope, at: datetime,
) -> None:  # fmt: skip
    """Better words; a notice shows them from now on, a child's when the desk published it again.

    Raises `PermissionDenied`, `NotThisStep`, `wording.TooPrivate`, `wording.Diagnosis`.
    """
    missing = opening.opened(missing, *opening.OPEN, by=by, scope=scope)
    before = reporting.description(missing)
    changes = reporting.change(missing, place=place, looks=looks, help=help, needs_care=needs_care)
    opening.write(missing, **changes)
    trail.record(by, "missing.described", missing, at=at)
    if reporting.description(missing) != before:
        looking_again.after_change(missing, by=by, at=at)
