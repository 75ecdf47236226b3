"""Who answers for a person: the officer chosen for them, else the one posted to their beat."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from weijing.accounts.models import Officer
from weijing.accounts.queries import responsible_for
from weijing.accounts.scope import Scope
from weijing.core.errors import DomainError
from weijing.residents import audience_changes
from weijing.residents.mirror.contacts import live
from weijing.residents.models import Resident, ResidentChange
from weijing.residents.record import changing
from weijing.territory.models import Division


class NotAContact(DomainError):
    """Only an officer the person knows can answer for them."""


def officers_of(people: Collection[Resident], *, at: datetime) -> dict[int, Officer]:
    """The officer who answers for each, by the person's id; who has none is missing.

    A chosen officer who no longer serves counts for nothing: the beat's answers again.
    """
    by_beat = responsible_for([one.division for one in people if one.division], at=at)
    chosen_ids = {one.primary_officer_id for one in people if one.primary_officer_id}
    county_ids = {one.county_id for one in people}
    serving = Officer.objects.filter(county_id__in=county_ids, pk__in=chosen_ids, is_active=True)
    chosen = serving.in_bulk() if chosen_ids else {}
    found = {}
    for one in people:
        officer = chosen.get(one.primary_officer_id or 0) or by_beat.get(one.division_id or 0)
        if officer is not None:
            found[one.pk] = officer
    return found


def candidates(person: Resident) -> list[Officer]:
    """Officers who have the person as a live contact, by name."""
    pairs = live(person.county_id).filter(
        Q(identity__resident=person) | Q(identity__sharers__resident=person)
    )
    officers = Officer.objects.filter(
        county_id=person.county_id, is_active=True, pk__in=pairs.values("officer_id")
    )
    return list(officers.order_by("name", "pk"))


@transaction.atomic
def answer_for(
    person: Resident,
    officer: Officer | None,
    *,
    by: Officer,
    scope: Scope,
    at: datetime,
    seen: str = "",
) -> None:
    """Choose, of the officers who have the person as a contact, the one who answers for them.

    None: the officer of the beat, whoever that is.

    Raises what `changing.open_record` raises, `NotAContact`.
    """
    person = changing.open_record(person, by=by, scope=scope, seen=seen)
    if officer is not None and officer not in candidates(person):
        raise NotAContact(f"{officer.name} 还不是这位群众的好友，没有改动。请先加好友，再改。")
    before = _named(person.primary_officer)
    person.primary_officer = officer
    person.save(update_fields=["primary_officer"])
    audience_changes.people(person.county_id, [person.pk])
    changing.note(
        person, ResidentChange.Kind.OFFICER, "resident.officer_chosen",
        before=before, after=_named(officer), by=by, at=at, officer=officer.pk if officer else 0,
    )  # fmt: skip


def forget_if_elsewhere(person: Resident, before: Division | None, *, at: datetime) -> None:
    """Who moves to another officer's beat is answered for there; the caller saves."""
    places = [place for place in (before, person.division) if place]
    answers = responsible_for(places, at=at)
    if len({answers.get(place.pk) for place in places}) > 1:
        person.primary_officer = None


def _named(officer: Officer | None) -> dict[str, str]:
    return {"责任民辅警": officer.name if officer else "本网格民辅警"}
