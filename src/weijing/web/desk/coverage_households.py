"""The last level of coverage: the households of a group, and who lives there."""

from collections import defaultdict
from typing import Any

from django.db.models import Max
from django.http import Http404, HttpResponse
from django.urls import reverse

from weijing.accounts.queries import responsible_for
from weijing.audit import trail
from weijing.core import clock
from weijing.residents.figures import coverage as reading
from weijing.residents.masking import masked_name
from weijing.residents.mirror.contacts import live
from weijing.residents.models import DoorVisit, IdentitySharer, Resident
from weijing.territory import queries as territory
from weijing.territory.models import Division
from weijing.web.access import OfficerRequest
from weijing.web.desk.showing import page_of, show

LOOKS = {
    "linked": "done",
    "refused": "cancelled",
    "away": "off",
    "unreachable": "off",
    "open": "unreached",
}


def households(request: OfficerRequest, group: Division) -> HttpResponse:
    """What `coverage.grid` shows for a group."""
    if not request.scope.covers(group):
        raise Http404
    rows = reading.of_households(group, scope=request.scope, on=clock.today())
    total, state = reading.total(rows), request.GET.get("state", "")
    if state == "missing":
        rows = [row for row in rows if not row.households_linked]
    elif state:
        rows = [row for row in rows if row.state == state]
    page = page_of(request, rows)
    ids = [row.id for row in page.object_list]
    members, visited = _members(request, ids), _last_visits(request, ids)
    above = territory.ancestors(group)
    context = {
        "place": group,
        "above": [each for each in above if each.level != Division.Level.COUNTY],
        "officer": responsible_for([group], at=clock.now()).get(group.pk),
        "page": page,
        "total": total,
        "homes": [
            (row, LOOKS[row.state], members[row.id], visited.get(row.id))
            for row in page.object_list
        ],
        "states": reading.STATE_WORDS,
        "state": state,
        "as_of": clock.now(),
        "back": reverse("desk:grid", args=[group.parent.code]) if group.parent else "",
    }
    return show(request, "desk/households.html", context, part="rows")


def _members(request: OfficerRequest, household_ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Masked, by household; the reading is noted before it is shown."""
    scope = request.scope
    people = list(
        Resident.objects.filter(
            county_id=scope.county_id,
            household_id__in=household_ids,
            lifecycle=Resident.Lifecycle.ROLL,
        ).order_by("household_id", "ordinal")
    )
    ids = [person.pk for person in people]
    trail.viewed(
        request.user, Resident._meta.label_lower, ids, purpose="coverage.households", at=clock.now()
    )
    linked = _linked(scope.county_id, ids)
    members: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for person in people:
        if person.household_id is not None:
            shown = {"person": person, "name": masked_name(person.name)}
            members[person.household_id].append(shown | {"linked": person.pk in linked})
    return members


def _linked(county_id: int, resident_ids: list[int]) -> set[int]:
    """Through an account of their own, or one they share."""
    own = live(county_id).filter(identity__resident_id__in=resident_ids)
    shared = IdentitySharer.objects.filter(
        county_id=county_id, resident_id__in=resident_ids, identity__contacts__in=live(county_id)
    )
    return {
        *own.values_list("identity__resident_id", flat=True),
        *shared.values_list("resident_id", flat=True),
    }


def _last_visits(request: OfficerRequest, household_ids: list[int]) -> dict[int, Any]:
    rows = DoorVisit.objects.filter(
        county_id=request.scope.county_id, household_id__in=household_ids
    )
    return dict(rows.values_list("household_id").annotate(Max("at")))
