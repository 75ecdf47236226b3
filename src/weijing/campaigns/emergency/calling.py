"""叫应: a household in danger is called until somebody answers, then visited, then handed on."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, IntegerField, QuerySet, Value, When

from weijing.accounts.models import Officer, Role
from weijing.accounts.queries import responsible_for
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.campaigns.emergency import policies, proposing
from weijing.campaigns.emergency.models import CallAttempt, EmergencyEvent, HouseholdCall
from weijing.campaigns.emergency.reporting import Incomplete
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents.models import Household, Resident

State, How, Result = HouseholdCall.State, CallAttempt.How, CallAttempt.Result
CALL_AGAIN = timedelta(minutes=5)
CALLS_BEFORE_A_VISIT = 3
VISIT_WITHIN = timedelta(minutes=30)
_OPEN_FIRST = Case(
    When(state=State.CALLING, then=Value(0)),
    When(state=State.ESCALATED, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


class NotOpen(DomainError):
    """It was answered, handed on or ended meanwhile."""

    def __init__(self) -> None:
        super().__init__("这一户已经叫应或已结束，没有改动。请刷新后再看。")


def list_households(event: EmergencyEvent, *, at: datetime) -> int:
    """Put every household in danger on the list, once; each has its officer. How many are new."""
    ordinals = proposing.at_risk(event).to_array().tolist()
    people = Resident.objects.filter(
        county_id=event.county_id, ordinal__in=ordinals, household__isnull=False
    )
    had = HouseholdCall.objects.filter(county_id=event.county_id, event=event)
    wanted = set(people.values_list("household_id", flat=True))
    wanted -= set(had.values_list("household_id", flat=True))
    homes = list(
        Household.objects.filter(county_id=event.county_id, pk__in=wanted, ended_on=None)
        .select_related("division")
        .order_by("division__lo", "number")
    )
    officers = responsible_for([home.division for home in homes], at=at)
    HouseholdCall.objects.bulk_create(
        HouseholdCall(
            county_id=event.county_id,
            event=event,
            household=home,
            officer=officers.get(home.division_id),
            due_at=at,
        )
        for home in homes
    )
    return len(homes)


@transaction.atomic
def tried(
    call: HouseholdCall,
    *,
    by: Officer,
    scope: Scope,
    at: datetime,
    how: str,
    result: str,
    note: str = "",
) -> HouseholdCall:
    """Write one attempt down. Answered ends it; else it says when to try again, and how.

    Raises `PermissionDenied`, `NotOpen`, `Incomplete`.
    """
    fresh = _open(call, by=by, scope=scope, at=at)
    if how not in How.values or result not in Result.values:
        raise Incomplete("请选怎么联系的、结果怎样。")
    CallAttempt.objects.create(
        county_id=fresh.county_id,
        call=fresh,
        by=by,
        at=at,
        how=how,
        result=result,
        note=note.replace("\0", "").strip()[:100],
    )
    fresh.tries += 1
    if result == Result.ANSWERED:
        fresh.state, fresh.due_at, fresh.ended_at = State.ANSWERED, None, at
    else:
        fresh.next_how = _next(fresh, how, result)
        wait = VISIT_WITHIN if fresh.next_how == How.VISIT else CALL_AGAIN
        fresh.due_at = at + wait
    fresh.save()
    trail.record(by, "emergency.called", fresh, at=at, how=how, result=result, tries=fresh.tries)
    return fresh


@transaction.atomic
def hand_on(
    call: HouseholdCall, *, by: Officer, scope: Scope, at: datetime, to: str
) -> HouseholdCall:
    """Nobody answers: the village cadre goes, by name; what they find may still be written down.

    Raises `PermissionDenied`, `NotOpen`, `Incomplete`.
    """
    fresh = _open(call, by=by, scope=scope, at=at)
    to = to.replace("\0", "").strip()
    if not to:
        raise Incomplete("请写明交给了哪位村干部。")
    if not fresh.tries:
        raise Incomplete("请先打一次电话再转交。")
    fresh.state, fresh.handed_to = State.ESCALATED, to[:40]
    fresh.due_at, fresh.ended_at = None, at
    fresh.save()
    trail.record(by, "emergency.call_handed_on", fresh, at=at, tries=fresh.tries)
    return fresh


def end(event: EmergencyEvent, *, at: datetime) -> int:
    """The danger is over; who has not answered stays known as such."""
    waiting = HouseholdCall.objects.filter(
        county_id=event.county_id, event=event, state=State.CALLING
    )
    return waiting.update(state=State.ENDED, due_at=None, ended_at=at)


def of(event: EmergencyEvent, scope: Scope) -> QuerySet[HouseholdCall]:
    """The list as somebody may see it: who is still to be called, what is due first on top."""
    rows = visible_to(scope).filter(event=event)
    return rows.order_by(_OPEN_FIRST, "due_at", "household__division__lo", "pk")


def waiting_for(scope: Scope) -> QuerySet[HouseholdCall]:
    """What this officer has still to call, of every event."""
    mine = visible_to(scope).filter(state=State.CALLING)
    return mine.order_by("due_at", "pk")


def visible_to(scope: Scope) -> QuerySet[HouseholdCall]:
    rows = HouseholdCall.objects.filter(
        scope.divisions("household__division"), county_id=scope.county_id
    )
    return rows.select_related("household__division__parent", "officer", "event")


def _next(call: HouseholdCall, how: str, result: str) -> str:
    """Three calls, or a number that is wrong, and somebody goes there."""
    if how == How.VISIT or result == Result.WRONG_NUMBER:
        return How.VISIT
    return How.VISIT if call.tries >= CALLS_BEFORE_A_VISIT else How.PHONE


def _open(call: HouseholdCall, *, by: Officer, scope: Scope, at: datetime) -> HouseholdCall:
    assert scope.officer_id == by.pk, "a scope of somebody else"
    fresh = (
        HouseholdCall.objects.select_for_update(of=("self",))
        .select_related("household__division", "event")
        .get(county_id=by.county_id, pk=call.pk)
    )
    if not scope.has(*policies.REPORTERS) or scope.has(Role.SYSTEM_ADMIN):
        raise PermissionDenied
    if not scope.covers(fresh.household.division):
        raise PermissionDenied
    if fresh.state not in (State.CALLING, State.ESCALATED):
        raise NotOpen
    return fresh
