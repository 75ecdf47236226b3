"""Households on an officer's phone: who lives there, and what was heard at the door."""

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.db.models.functions import Length
from django.http import Http404, HttpResponse

from weijing.accounts.models import FIELD_ROLES
from weijing.audit import trail
from weijing.core import clock
from weijing.residents.adding import putting_right
from weijing.residents.masking import masked_name
from weijing.residents.models import DoorVisit, Household, Resident
from weijing.residents.record.representing import is_child, reachable
from weijing.territory import queries as territory
from weijing.territory.queries import path_name
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.phone import phone_page

PURPOSE = "officer.household"
VISITS_SHOWN = 10
PER_PAGE = 20


@for_roles(*FIELD_ROLES)
def households(request: OfficerRequest) -> HttpResponse:
    """All households of one group, as one walks along the house numbers. Addresses only."""
    scope, code = request.scope, request.GET.get("group", "")
    place = territory.by_code(scope.county_id, code) if code else None
    if place is None or not scope.covers(place):
        raise Http404
    on_roll = Q(members__lifecycle=Resident.Lifecycle.ROLL)
    homes = (
        Household.objects.filter(county_id=scope.county_id, division=place, ended_on=None)
        .annotate(people=Count("members", filter=on_roll))
        .order_by(Length("address"), "address", "pk")  # 2号 comes before 10号
    )
    page = Paginator(homes, PER_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    linked = reachable(scope.county_id).filter(household__in=shown)
    reached = set(linked.values_list("household_id", flat=True))
    context = {
        "place": place,
        "where": path_name(place),
        "page": page,
        "rows": [(home, home.pk in reached) for home in shown],
    }
    return phone_page(request, "officer/households.html", context, tab="grid", back="/o/grid/")


@for_roles(*FIELD_ROLES)
def household(request: OfficerRequest, pk: int) -> HttpResponse:
    homes = Household.objects.filter(county_id=request.scope.county_id, pk=pk)
    home = homes.select_related("division__parent__parent__parent").first()
    if home is None or not request.scope.covers(home.division):
        raise Http404
    context = {
        "home": home,
        "where": path_name(home.division),
        "members": _members(request, home),
        "visits": _visits(request, home),
    }
    back = f"/o/grid/households/?group={home.division.code}"
    return phone_page(request, "officer/household.html", context, tab="grid", back=back)


def _visits(request: OfficerRequest, home: Household) -> list[tuple[DoorVisit, bool]]:
    """The latest, each with whether this officer may still put it right."""
    rows = DoorVisit.objects.filter(county_id=home.county_id, household=home)
    latest = rows.select_related("officer").prefetch_related("corrections").order_by("-at")
    at = clock.now()
    return [
        (one, putting_right.may_correct(one, by=request.user, at=at))
        for one in latest[:VISITS_SHOWN]
    ]


def _members(request: OfficerRequest, home: Household) -> list[dict[str, object]]:
    """Masked; the reading is noted before it is shown."""
    at = clock.now()
    people = list(
        Resident.objects.filter(
            county_id=home.county_id, household=home, lifecycle=Resident.Lifecycle.ROLL
        ).order_by("ordinal")
    )
    ids = [one.pk for one in people]
    trail.viewed(request.user, Resident._meta.label_lower, ids, purpose=PURPOSE, at=at)
    reached = set(reachable(home.county_id).filter(pk__in=ids).values_list("pk", flat=True))
    return [
        {
            "person": one,
            "name": masked_name(one.name),
            "is_reached": one.pk in reached,
            "is_child": is_child(one, at),
        }
        for one in people
    ]
