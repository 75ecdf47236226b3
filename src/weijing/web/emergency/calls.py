"""叫应 on a page: the households, whom to call there, and what came of each try."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import Http404

from weijing.audit import trail
from weijing.campaigns.emergency import calling
from weijing.campaigns.emergency.models import CallAttempt, EmergencyEvent, HouseholdCall
from weijing.campaigns.emergency.verifying import ACTIVE
from weijing.core import clock
from weijing.residents.masking import masked_name, masked_phone
from weijing.residents.models import Resident
from weijing.territory.queries import path_names
from weijing.web.access import OfficerRequest

OPEN = (HouseholdCall.State.CALLING, HouseholdCall.State.ESCALATED)
LOOKS = {
    HouseholdCall.State.CALLING: "waiting",
    HouseholdCall.State.ANSWERED: "done",
    HouseholdCall.State.ESCALATED: "referred",
    HouseholdCall.State.ENDED: "unreached",
}
# One tap says both how and what came of it.
CHOICES = (
    ("phone:answered", "接了，已告知"),
    ("phone:no_answer", "没人接"),
    ("phone:busy", "占线、关机"),
    ("phone:wrong_number", "号码不对"),
    ("visit:answered", "上门见到了"),
    ("visit:not_home", "上门没人"),
)


def rows(
    request: OfficerRequest,
    event: EmergencyEvent,
    found: Sequence[HouseholdCall],
    *,
    at: datetime,
    reveal: bool = False,
) -> list[dict[str, Any]]:
    """What of `calling.of` is shown. The people are noted as read before.

    `reveal` shows whole numbers, for who is about to call: of households still to be called.
    """
    is_active = event.state in ACTIVE
    people = _people(event.county_id, [call.household_id for call in found])
    trail.viewed(
        request.user, Resident._meta.label_lower,
        [person.pk for group in people.values() for person in group],
        purpose="emergency.call", at=at,
    )  # fmt: skip
    where = path_names(event.county_id, [call.household.division_id for call in found])
    last = _last_tries(event.county_id, found)
    return [
        {
            "call": call,
            "look": LOOKS[HouseholdCall.State(call.state)],
            "where": f"{where.get(call.household.division_id, '')} {call.household.address}",
            "people": [
                _shown(person, whole=reveal and is_active and call.state in OPEN)
                for person in people.get(call.household_id, [])
                if person.phone
            ],
            "size": len(people.get(call.household_id, [])),
            "last": last.get(call.pk),
            "is_open": call.state in OPEN,
            "is_late": bool(call.due_at and call.due_at < at),
            "next": CallAttempt.How(call.next_how).label,
        }
        for call in found
    ]


def act(request: OfficerRequest, event: EmergencyEvent) -> str:
    """Write one try down, or hand a household on. Raises `DomainError`, `Http404`."""
    number = request.POST.get("call", "")
    if not (number.isascii() and number.isdigit() and len(number) < 20):
        raise Http404
    call = calling.visible_to(request.scope).filter(event=event, pk=int(number)).first()
    if call is None:
        raise Http404
    what = request.POST.get("result", "")
    by, scope, at = request.user, request.scope, clock.now()
    if what == "hand-on":
        calling.hand_on(call, by=by, scope=scope, at=at, to=request.POST.get("to", ""))
        return "已记下交给村干部。"
    how, _, result = what.partition(":")
    done = calling.tried(
        call, by=by, scope=scope, at=at, how=how, result=result,
        note=request.POST.get("note", ""),
    )  # fmt: skip
    if done.state == HouseholdCall.State.ANSWERED:
        return "已叫应。"
    return "已记下，5 分钟后再打。" if done.next_how == "phone" else "已记下，请上门去看。"


def _people(county_id: int, household_ids: list[int]) -> dict[int, list[Resident]]:
    found: dict[int, list[Resident]] = {}
    members = Resident.objects.filter(
        county_id=county_id, household_id__in=household_ids, lifecycle=Resident.Lifecycle.ROLL
    )
    for person in members.order_by("-household_role", "born_on", "pk"):
        assert person.household_id is not None
        found.setdefault(person.household_id, []).append(person)
    return found


def _shown(person: Resident, *, whole: bool) -> dict[str, str]:
    return {
        "name": masked_name(person.name),
        "phone": person.phone if whole else masked_phone(person.phone),
        "number": person.phone if whole else "",
    }


def _last_tries(county_id: int, calls: Sequence[HouseholdCall]) -> dict[int, CallAttempt]:
    tries = CallAttempt.objects.filter(county_id=county_id, call__in=calls)
    return {one.call_id: one for one in tries.select_related("by").order_by("at", "pk")}
