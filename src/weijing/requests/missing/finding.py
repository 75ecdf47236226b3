"""Found: the notice is gone with the same commit. Brought home, or not; closed; forgotten."""

from datetime import datetime, timedelta

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.errors import DomainError
from weijing.requests.missing import opening, reminding
from weijing.requests.missing.opening import State
from weijing.requests.models import MissingPerson, MissingPhoto, PublicConsent, Sighting
from weijing.requests.wording import plain

PHOTO_KEPT = timedelta(hours=24)  # after they were found (domain.md 6.4)
RECORD_KEPT = timedelta(days=90)
HOME_FOR_GOOD = timedelta(days=3)
CHUNK = 500
Outcome = MissingPerson.Outcome
NOT_HOME = (Outcome.SAFE, Outcome.SHELTER, Outcome.REFERRED)
SEALED = ("name", "looks", "help", "place", "family", "family_phone", "found_place", "handed_to")


class NoPlaceFound(DomainError):
    """Where they were found."""


class NotHandedOver(DomainError):
    """Whom they were given into the care of."""


class NoOutcome(DomainError):
    """How it ended."""


@transaction.atomic
def find(
    missing: MissingPerson, place: str, *, may_tell_family: bool, is_well: bool = False,
    by: Officer, scope: Scope, at: datetime,
) -> None:  # fmt: skip
    """They are found. `may_tell_family`: a grown-up may want nobody to know where they are.

    Who is in charge, or else `by`, says within a day how it ended, and is reminded of it.
    `is_well`: the officer saw that they are; without it the family is called, not told 平安.

    Raises `PermissionDenied`, `NotThisStep`, `NoPlaceFound`.
    """
    missing = opening.opened(missing, *opening.OPEN, by=by, scope=scope)
    if not plain(place):
        raise NoPlaceFound("没有保存：请写在哪里找到的。")
    missing.found_place = plain(place)[:100]
    down = at if missing.published_at is not None and missing.taken_down_at is None else None
    opening.write(
        missing, state=State.FOUND, found_at=at, found_by=by,
        in_charge_id=missing.in_charge_id or by.pk,
        found_place_sealed=missing.found_place_sealed,
        is_well=is_well, may_tell_family=may_tell_family or opening.is_minor(missing),
        taken_down_at=missing.taken_down_at or down,
    )  # fmt: skip
    trail.record(by, "missing.found", missing, at=at, taken_down=int(down is not None))
    reminding.when_due(missing, at=at)


@transaction.atomic
def bring_home(
    missing: MissingPerson, handed_to: str, *, by: Officer, scope: Scope, at: datetime
) -> None:
    """Given into the care of the family, against a name.

    Raises `PermissionDenied`, `NotThisStep`, `NotHandedOver`.
    """
    missing = opening.opened(missing, State.FOUND, by=by, scope=scope)
    if len(plain(handed_to)) < 2:
        raise NotHandedOver("没有保存：请接人的家属写下姓名。")
    missing.handed_to = plain(handed_to)[:60]
    opening.write(
        missing, state=State.RETURNED, returned_at=at, returned_by=by,
        handed_to_sealed=missing.handed_to_sealed, outcome=Outcome.RETURNED,
    )  # fmt: skip
    trail.record(by, "missing.returned", missing, at=at)


@transaction.atomic
def close(missing: MissingPerson, outcome: str, *, by: Officer, scope: Scope, at: datetime) -> None:
    """End it: who is home is home; who is found may be elsewhere; a mistake ends from anywhere.

    Raises `PermissionDenied`, `NotThisStep`, `NoOutcome`.
    """
    states = (*opening.OPEN, State.FOUND, State.RETURNED)
    missing = opening.opened(missing, *states, by=by, scope=scope)
    outcome = Outcome.RETURNED if missing.state == State.RETURNED else outcome
    if outcome not in possible_outcomes(missing):
        raise NoOutcome("没有办结：请选怎么结束的。")
    _close(missing, outcome, by=by, at=at)


def close_returned(county_id: int, *, at: datetime) -> int:
    """Who is home for three days is home: the search ends by itself. Returns how many."""
    due = MissingPerson.objects.filter(
        county_id=county_id, state=State.RETURNED, returned_at__lte=at - HOME_FOR_GOOD
    )
    closed = 0
    for missing_id in list(due.values_list("pk", flat=True)[:CHUNK]):
        with transaction.atomic():
            missing = opening.locked_row(county_id, missing_id)
            if missing.state == State.RETURNED:
                _close(missing, Outcome.RETURNED, by=None, at=at)
                closed += 1
    return closed


def _close(missing: MissingPerson, outcome: str, *, by: Officer | None, at: datetime) -> None:
    down = at if missing.published_at is not None and missing.taken_down_at is None else None
    opening.write(
        missing, state=State.CLOSED, outcome=outcome, closed_at=at, closed_by=by,
        taken_down_at=missing.taken_down_at or down,
    )  # fmt: skip
    trail.record(by, "missing.closed", missing, at=at, outcome=outcome)
    if missing.let_go_at is not None:
        forget_family(missing.county_id, [missing.pk])


def possible_outcomes(missing: MissingPerson) -> list[Outcome]:
    """How a search in this state may be closed."""
    match missing.state:
        case State.RETURNED:
            return [Outcome.RETURNED]
        case State.FOUND:
            # A child is not asked whether it wants to go home.
            grown = [] if opening.is_minor(missing) else [Outcome.SAFE]
            return [*grown, Outcome.SHELTER, Outcome.REFERRED]
        case State.REPORTED | State.CONFIRMED | State.SEARCHING:
            return [Outcome.MISTAKEN, Outcome.REFERRED]
    return []


def forget_photos(county_id: int, *, at: datetime) -> int:
    """24 hours after they were found, or at the end of the search. Returns how many."""
    found = MissingPerson.objects.filter(county_id=county_id, found_at__lte=at - PHOTO_KEPT)
    ended = MissingPerson.objects.filter(county_id=county_id, closed_at__lte=at - PHOTO_KEPT)
    photos = MissingPhoto.objects.filter(county_id=county_id)
    gone = 0
    for rows in (found, ended):
        gone += photos.filter(missing__in=rows.values("pk")).delete()[0]
    return gone


def forget_family(county_id: int, missing_ids: list[int]) -> None:
    """Who asked for these searches, agreed to their notices, or took somebody home."""
    rows = MissingPerson.objects.filter(county_id=county_id, pk__in=missing_ids)
    rows.update(family=None, family_sealed=None, family_phone_sealed=None, handed_to_sealed=None)
    consents = PublicConsent.objects.filter(county_id=county_id, missing__in=missing_ids)
    consents.update(given_by_sealed=None)


def forget(county_id: int, *, at: datetime) -> int:
    """90 days after it was closed nothing tells who it was. Returns how many."""
    rows = MissingPerson.objects.filter(
        county_id=county_id, erased_at=None, closed_at__lte=at - RECORD_KEPT
    )
    ids = list(rows.values_list("pk", flat=True)[:CHUNK])
    with transaction.atomic():
        nothing = {f"{name}_sealed": None for name in SEALED}
        erased = MissingPerson.objects.filter(county_id=county_id, pk__in=ids)
        erased.update(**nothing, resident=None, family=None, erased_at=at)
        Sighting.objects.filter(county_id=county_id, missing__in=ids).delete()
        PublicConsent.objects.filter(county_id=county_id, missing__in=ids).update(
            given_by_sealed=None
        )
        for missing in erased:
            trail.record(None, "missing.erased", missing, at=at)
    return len(ids)
