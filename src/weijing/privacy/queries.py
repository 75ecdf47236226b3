"""Named reads of residents' requests."""

from django.db.models import Q, QuerySet

from weijing.accounts.scope import Scope
from weijing.privacy.models import RightsRequest
from weijing.residents.models import Resident
from weijing.residents.queries import visible_to

OPEN = ~Q(state=RightsRequest.State.ANSWERED)


def requests_of(resident: Resident) -> QuerySet[RightsRequest]:
    """All that this person ever asked, the latest first."""
    mine = RightsRequest.objects.filter(county_id=resident.county_id, resident=resident)
    return mine.order_by("-received_at", "-pk")


def requests_seen_by(scope: Scope) -> QuerySet[RightsRequest]:
    """Requests of the residents an officer may see, the soonest due first."""
    rows = RightsRequest.objects.filter(
        county_id=scope.county_id, resident__in=visible_to(scope).values("pk")
    )
    return rows.order_by("due_on", "received_at", "pk")


def waiting_for(scope: Scope) -> QuerySet[RightsRequest]:
    """Those somebody has to do something about."""
    return requests_seen_by(scope).filter(OPEN)
