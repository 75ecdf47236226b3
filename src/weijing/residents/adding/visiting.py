"""Standing at a door: what an officer found there is recorded once.

A phone sends what it kept while it had no network: later than it happened, in any order, some of
it twice. Visits are therefore facts with a time of their own, and everything that follows from
them (`counting`, `refusals`, `walked`) asks for the latest by that time, not by their arrival.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from weijing.accounts.models import FIELD_ROLES, Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.clock import COUNTY_TIME
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents.adding import refusals
from weijing.residents.figures.touching import touch_households
from weijing.residents.models import DoorVisit, Household
from weijing.residents.record import homes
from weijing.residents.record.taking_turns import in_turn

Outcome = DoorVisit.Outcome
KEPT_AT_MOST = timedelta(days=7)  # longer on a phone, and nobody remembers the door
MAX_NOTE_CHARS = 120
# What can be found at a door that is left in peace: they came by themselves, or nobody is there.
WITHOUT_ASKING = (Outcome.ADDED, Outcome.MOVED, Outcome.VACANT)


class LeftInPeace(DomainError):
    """The household had refused, and whoever knocked knew it."""


class KeptTooLong(DomainError):
    """The phone kept the visit longer than `KEPT_AT_MOST`."""


class KeyTaken(DomainError):
    """Another visit bears this key."""


class NoOutcome(DomainError):
    """A visit without a finding is none."""


@dataclass(frozen=True)
class Recorded:
    """`told` is what the officer could not know at the door, "" when there is nothing."""

    visit: DoorVisit
    is_new: bool
    told: str = ""


@in_turn
def record(
    household: Household,
    outcome: str,
    *,
    visited_at: datetime,
    seen_at: datetime,
    phone_key: UUID,
    note: str = "",
    by: Officer,
    scope: Scope,
    at: datetime,
) -> Recorded:
    """Note that `by` stood at this door. The same `phone_key` again changes nothing.

    `seen_at`: when the page was made that led there. A refusal recorded by then was known, one
    that came later is told. Nobody at the door is named.

    Raises `PermissionDenied`, `NoOutcome`, `homes.HomeEnded`, `LeftInPeace`, `KeptTooLong`,
    `KeyTaken`, `Busy`.
    """
    home = _opened(household, by=by, scope=scope)
    earlier = DoorVisit.objects.filter(county_id=home.county_id, phone_key=phone_key).first()
    if earlier is not None:
        return _again(earlier, home, by=by)
    visited_at = min(visited_at, at)
    _check(home, outcome, visited_at=visited_at, seen_at=seen_at, at=at)
    visit, is_new = DoorVisit.objects.get_or_create(
        county_id=home.county_id,
        phone_key=phone_key,
        defaults={
            "household": home, "officer": by, "outcome": outcome, "note": written(note),
            "at": visited_at, "recorded_at": at,
        },
    )  # fmt: skip
    if not is_new:  # at another door, at this very moment
        return _again(visit, home, by=by)
    touch_households(home.county_id, [home.pk])
    trail.record(by, "door.visited", home, at=at, visit=visit.pk)
    return Recorded(visit, is_new=True, told=_told(visit, seen_at=seen_at, at=at))


def _opened(household: Household, *, by: Officer, scope: Scope) -> Household:
    """Locked: two officers at one door are told of each other."""
    home = homes.lock(scope.county_id, [household.pk]).get(household.pk)
    if home is None:
        raise PermissionDenied
    may_record(home, by=by, scope=scope)
    return home


def is_recorded(phone_key: UUID, *, by: Officer) -> bool:
    """Whether this officer's visit has arrived already."""
    visits = DoorVisit.objects.filter(county_id=by.county_id, phone_key=phone_key, officer=by)
    return visits.exists()


def may_record(home: Household, *, by: Officer, scope: Scope) -> None:
    """Raises `PermissionDenied` unless the officer answers for this door."""
    assert scope.officer_id == by.pk, "a scope of somebody else"
    if not scope.has(*FIELD_ROLES) or not scope.covers(home.division):
        raise PermissionDenied


def _again(visit: DoorVisit, home: Household, *, by: Officer) -> Recorded:
    # A household that was joined into another has taken its visits along.
    if visit.officer_id != by.pk or (visit.household_id != home.pk and home.ended_on is None):
        raise KeyTaken("没有登记：这次走访的编号已经用过。请刷新页面再登记一次。")
    return Recorded(visit, is_new=False)


def _check(
    home: Household, outcome: str, *, visited_at: datetime, seen_at: datetime, at: datetime
) -> None:
    check_outcome(outcome)
    if home.ended_on is not None:
        raise homes.HomeEnded(
            "没有登记：这一户已经并入别的户或者销户。还有人住的，请在现在的那一户登记。"
        )
    if visited_at < at - KEPT_AT_MOST:
        raise KeptTooLong(
            f"没有登记：这次走访在手机上放了 {KEPT_AT_MOST.days} 天以上。请再走访一次再登记。"
        )
    refusal = refusals.standing(home, at=visited_at)
    is_known = refusal is not None and refusal.recorded_at <= seen_at
    if is_known and outcome not in WITHOUT_ASKING:
        raise LeftInPeace("没有登记：" + refusals.may_knock(home, at=visited_at).sentence)


def check_outcome(outcome: str) -> None:
    """Raises `NoOutcome`."""
    if outcome not in Outcome.values:
        raise NoOutcome("没有登记：请选走访结果。")


def written(note: str) -> str:
    """As it is kept: on one line, cut to `MAX_NOTE_CHARS`."""
    return " ".join(note.split())[:MAX_NOTE_CHARS]


def _told(visit: DoorVisit, *, seen_at: datetime, at: datetime) -> str:
    """What others found at this door meanwhile; they are not named on a phone that keeps it."""
    unseen = DoorVisit.objects.filter(
        county_id=visit.county_id, household_id=visit.household_id, recorded_at__gt=seen_at
    ).exclude(officer_id=visit.officer_id)
    other = unseen.order_by("-at", "-pk").first()
    refusal = refusals.standing(visit.household, at=at)
    if refusal is not None and refusal in unseen:
        sentence = refusals.may_knock(visit.household, at=at).sentence
        return f"走访已记下。另一位民辅警 {_moment(refusal.at)} 来过，{sentence}"
    if other is not None:
        found = other.get_outcome_display()
        return f"另一位民辅警 {_moment(other.at)} 也走访过这户（{found}），两次都记下了。"
    return ""


def _moment(at: datetime) -> str:
    local = at.astimezone(COUNTY_TIME)
    return f"{local.month} 月 {local.day} 日 {local:%H:%M}"
