""" "I saw her by the bridge": told by anybody, read by the officer in charge."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core import jobs
from weijing.core.errors import DomainError, PermissionDenied
from weijing.requests import fingerprints
from weijing.requests.missing import opening, publishing
from weijing.requests.missing.opening import State
from weijing.requests.models import MissingPerson, Sighting
from weijing.requests.wording import plain
from weijing.residents import phones
from weijing.residents.models import Resident

MOST_AN_HOUR = 5  # from one network address
LONGEST_AGO = timedelta(days=30)
Verdict = Sighting.Verdict


class NoPlace(DomainError):
    """Where is the one thing that helps."""


class NotLookedFor(DomainError):
    """The search is over, or its notice is not shown."""


class TooManyTold(DomainError):
    """The same phone tells too much; 110 takes everything."""


@transaction.atomic
def tell(
    missing: MissingPerson,
    place: str,
    *,
    seen_at: datetime,
    words: str = "",
    phone: str = "",
    resident: Resident | None = None,
    address: str = "",
    by: Officer | None,
    at: datetime,
) -> Sighting:
    """Take a sighting in and tell the officer in charge at once.

    `address` is the network address of a visitor; it is kept as a keyed fingerprint.

    Raises `NotLookedFor`, `NoPlace`, `TooManyTold`, `phones.NotAPhone`.
    """
    missing = opening.locked_row(missing.county_id, missing.pk)
    may = missing.state in opening.OPEN if by else publishing.is_shown(missing, at=at)
    if not may:
        raise NotLookedFor("没有提交：人已经找到，或者不再公开寻找了。谢谢您。")
    if not plain(place):
        raise NoPlace("没有提交，您填的还在：请写在哪里看到的。")
    sender = fingerprints.of_sender(address) if address else None
    _check_not_too_many(missing.county_id, sender, at)
    sighting = Sighting(
        county_id=missing.county_id,
        missing=missing,
        seen_at=min(max(seen_at, at - LONGEST_AGO), at),
        resident=resident,
        told_by=by,
        told_at=at,
        sender=sender,
    )
    sighting.place, sighting.words = plain(place)[:100], plain(words)[:300]
    sighting.phone = phones.required(phone) if phone.strip() else ""
    sighting.save(force_insert=True)
    trail.record(by, "missing.sighting_told", missing, at=at, sighting=sighting.pk)
    jobs.enqueue("requests.tell_sighting", county_id=missing.county_id, sighting_id=sighting.pk)
    return sighting


@transaction.atomic
def decide(sighting: Sighting, verdict: str, *, by: Officer, scope: Scope, at: datetime) -> None:
    """Somebody was sent, or it is somebody else. Raises `PermissionDenied`, `NotThisStep`."""
    rows = Sighting.objects.filter(county_id=scope.county_id, pk=sighting.pk)
    missing = opening.locked_row(scope.county_id, sighting.missing_id)
    if not opening.may_act(scope, missing):
        raise PermissionDenied
    if verdict not in (Verdict.FOLLOWED, Verdict.NOT_THEM):
        raise opening.NotThisStep
    if not rows.filter(decided_at=None).update(verdict=verdict, decided_at=at, decided_by=by):
        raise opening.NotThisStep
    details = {"sighting": sighting.pk, "verdict": verdict}
    trail.record(by, "missing.sighting_decided", missing, at=at, **details)


def new_for(officer: Officer) -> int:
    """Sightings that the officer in charge has not dealt with."""
    rows = Sighting.objects.filter(
        county_id=officer.county_id, verdict="", missing__in_charge=officer,
        missing__state=State.SEARCHING,
    )  # fmt: skip
    return rows.count()


def of(missing: MissingPerson) -> list[Sighting]:
    """The latest seen first, those nobody dealt with on top."""
    rows = Sighting.objects.filter(county_id=missing.county_id, missing=missing)
    rows = rows.select_related("told_by", "decided_by", "resident")
    return list(rows.order_by(F("decided_at").desc(nulls_first=True), "-seen_at", "pk")[:100])


def _check_not_too_many(county_id: int, sender: UUID | None, at: datetime) -> None:
    if sender is None:
        return
    recent = Sighting.objects.filter(
        county_id=county_id, sender=sender, told_at__gt=at - timedelta(hours=1)
    )
    if recent.count() >= MOST_AN_HOUR:
        raise TooManyTold("没有提交：这里提交得太多了，请直接打 110。")
