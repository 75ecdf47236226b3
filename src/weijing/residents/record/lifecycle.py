"""What becomes of a person: they move away, they die, they come back."""

from datetime import date, datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.core.clock import local_day
from weijing.core.errors import DomainError
from weijing.residents import consent
from weijing.residents.figures.touching import touch_residents
from weijing.residents.models import ConsentRecord, Resident, ResidentChange, ResidentLink
from weijing.residents.record import changing, homes, representing, sharing

KIND = ResidentChange.Kind.LIFECYCLE
State = Resident.Lifecycle
MAX_PLACE_CHARS = 60


class NotYet(DomainError):
    """What has not happened yet is not noted."""


@transaction.atomic
def move_away(
    person: Resident,
    *,
    on: date,
    where: str = "",
    by: Officer,
    scope: Scope,
    at: datetime,
    seen: str = "",
    source: str = ResidentChange.Source.OFFICER,
) -> None:
    """They live elsewhere since that day: out of the figures and audiences of the county.

    Their contacts stay, and so does their last address: they may come back. With `source` ROLL it
    is only that the roll has them no more: one that has them again brings them back.

    Raises `NotYet`, what `changing.open_record` raises.
    """
    _check_day(on, at)
    person = changing.open_record(person, by=by, scope=scope, seen=seen)
    after = {"状态": State.MOVED.label, "日期": on.isoformat(), "去向": where[:MAX_PLACE_CHARS]}
    _become(person, State.MOVED, "resident.moved_away", after=after, by=by, at=at, source=source)


@transaction.atomic
def record_death(
    person: Resident, *, on: date, by: Officer, scope: Scope, at: datetime, seen: str = ""
) -> None:
    """They died that day: nothing is sent to them any more, and nobody stands in for them.

    Consents and the doors to their pages end. Contacts stay as WeCom has them. Who shared their
    WeChat account is now its first person.

    Raises `NotYet`, what `changing.open_record` raises.
    """
    _check_day(on, at)
    sharing.lock_identities(person)
    person = changing.open_record(person, by=by, scope=scope, seen=seen)
    channel = ConsentRecord.Channel.RECORD
    consent.withdraw(person, person.consents, by=by, at=at, channel=channel)
    representing.end_all(person, by=by, at=at)
    sharing.hand_on_all(person, by=by, at=at)
    links = ResidentLink.objects.filter(county_id=person.county_id, resident=person, ended_at=None)
    links.update(ended_at=at)
    after = {"状态": State.DECEASED.label, "日期": on.isoformat()}
    _become(person, State.DECEASED, "resident.died", after=after, by=by, at=at)


@transaction.atomic
def come_back(person: Resident, *, by: Officer, scope: Scope, at: datetime, seen: str = "") -> None:
    """They live here again, or the note was a mistake: on the roll, at their last address.

    Consents ended by a note of death stay ended: they have to be asked for anew.

    Raises what `changing.open_record` raises.
    """
    gone = (State.MOVED, State.DECEASED)
    person = changing.open_record(person, by=by, scope=scope, seen=seen, lifecycles=gone)
    after = {"状态": State.ROLL.label}
    _become(person, State.ROLL, "resident.came_back", after=after, by=by, at=at)


def _check_day(on: date, at: datetime) -> None:
    if on > local_day(at):
        raise NotYet("日期还没到，没有保存。请填已经发生的日期。")


def _become(
    person: Resident,
    state: Resident.Lifecycle,
    action: str,
    *,
    after: dict[str, str],
    by: Officer,
    at: datetime,
    source: str = ResidentChange.Source.OFFICER,
) -> None:
    before = {"状态": State(person.lifecycle).label}
    person.lifecycle = state
    person.save(update_fields=["lifecycle"])
    homes.lock(person.county_id, [person.household_id])
    if state == State.ROLL:
        homes.reopen(person.county_id, person.household_id)
    else:
        homes.end_if_empty(person.county_id, person.household_id, at=at)
    changing.note(person, KIND, action, before=before, after=after, by=by, at=at, source=source)
    touch_residents(person.county_id, [person.pk])
