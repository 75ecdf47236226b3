"""Named reads of searches."""

from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.requests.missing.opening import ACTORS, OPEN, State
from weijing.requests.models import MissingPerson
from weijing.residents.models import Resident

END_WITHIN = timedelta(days=1)  # after they were found
UP = "division__parent__parent__parent"


def seen_by(scope: Scope) -> QuerySet[MissingPerson]:
    """Searches of the scope's places, those in the officer's charge, and all that are on.

    Who is lost does not stop at the border of a grid: while the search is on, every officer of
    the county knows of it.
    """
    rows = MissingPerson.objects.filter(county_id=scope.county_id)
    if not scope.has(*ACTORS):
        return rows.none()
    if not scope.whole_county:
        mine = Q(in_charge_id=scope.officer_id) | Q(state=State.SEARCHING)
        rows = rows.filter(scope.divisions() | mine)
    return rows.select_related(UP, "in_charge__station")


def open_for(scope: Scope) -> QuerySet[MissingPerson]:
    """Those under way, what nobody has taken up first."""
    return seen_by(scope).filter(state__in=OPEN).order_by(F("searching_at").asc(nulls_first=True))


def not_ended(scope: Scope, *, at: datetime) -> QuerySet[MissingPerson]:
    """Found more than a day ago, and nobody said how it ended: what is kept of them stays."""
    return seen_by(scope).filter(_not_ended(at)).order_by("found_at", "pk")


def to_end(officer: Officer) -> QuerySet[MissingPerson]:
    """Found, and this officer's to bring to an end: home, or elsewhere; the longest waiting first.

    Due `END_WITHIN` after they were found.
    """
    rows = MissingPerson.objects.filter(county_id=officer.county_id, in_charge=officer)
    return rows.filter(state=State.FOUND).select_related(UP).order_by("found_at", "pk")


def overdue(county_id: int, *, at: datetime) -> QuerySet[MissingPerson]:
    """All of the county that nobody ended in time."""
    return MissingPerson.objects.filter(_not_ended(at), county_id=county_id)


def waiting_for(scope: Scope, *, at: datetime) -> QuerySet[MissingPerson]:
    """Those somebody has to do something about."""
    return seen_by(scope).filter(Q(state__in=OPEN) | _not_ended(at))


def _not_ended(at: datetime) -> Q:
    return Q(state=State.FOUND, found_at__lte=at - END_WITHIN)


def opened_by(scope: Scope, officer: Officer, number: str, *, at: datetime) -> MissingPerson:
    """One search, with the reading noted before it is served.

    Raises `MissingPerson.DoesNotExist` also for those the officer may not know of.
    """
    assert scope.officer_id == officer.pk, "a scope of somebody else"
    missing = seen_by(scope).get(number=number.upper())
    trail.viewed(
        officer, MissingPerson._meta.label_lower, [missing.pk], purpose="missing.record", at=at
    )
    if missing.resident_id:
        label = Resident._meta.label_lower
        trail.viewed(officer, label, [missing.resident_id], purpose="missing.record", at=at)
    return missing


def asked_by(resident: Resident) -> QuerySet[MissingPerson]:
    """What this person asked us to look for."""
    rows = MissingPerson.objects.filter(county_id=resident.county_id, family=resident)
    return rows.select_related(UP, "in_charge").order_by("-reported_at", "-pk")
