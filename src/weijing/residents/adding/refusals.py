"""「不愿意」 means no: who has refused is left in peace for 180 days.

Source: Network Data Security Regulation, article 22 (5): no frequent asking after a refusal.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import uuid4

from weijing.core.clock import local_day
from weijing.residents import consent
from weijing.residents.models import ConsentRecord, DoorVisit, Household, Resident

LEFT_IN_PEACE = timedelta(days=180)  # our own number; the regulation says "frequently"


@dataclass(frozen=True)
class Leave:
    """Whether an officer may ask, and what to tell them. `until` is the first day they may."""

    given: bool
    sentence: str = ""
    until: date | None = None


def may_ask(resident: Resident, *, at: datetime, scope: str = consent.CONTACT) -> Leave:
    """Whether an officer may ask this person for consent to `scope` now.

    The latest word counts: who agreed after a refusal may be spoken to. Who refuses to be a
    contact is asked for nothing else either. A household that sent us away speaks for its members.
    It binds officers only: the person may change their mind on their own page whenever they like.
    """
    refused_at = _refused_at(resident, {scope, consent.CONTACT}, at=at)
    if refused_at is not None:
        return _wait(refused_at, "本人")
    if resident.household_id is None or consent.CONTACT in resident.consents:
        return Leave(given=True)
    return _may_knock(resident.county_id, resident.household_id, at=at)


def may_knock(household: Household, *, at: datetime) -> Leave:
    """Whether an officer may ask at this door to be added."""
    return _may_knock(household.county_id, household.pk, at=at)


def left_in_peace(
    county_id: int, household_ids: Collection[int], *, at: datetime
) -> dict[int, date]:
    """Of these households those that refused, each with the first day it may be asked again."""
    latest = (
        DoorVisit.objects.filter(
            county_id=county_id,
            household_id__in=household_ids,
            at__gt=at - LEFT_IN_PEACE,
            at__lte=at,
            outcome__in=[DoorVisit.Outcome.REFUSED, DoorVisit.Outcome.ADDED],
        )
        .order_by("household_id", "-at", "-pk")
        .distinct("household_id")
        .values_list("household_id", "outcome", "at")
    )
    return {
        household_id: _first_day(refused_at)
        for household_id, outcome, refused_at in latest
        if outcome == DoorVisit.Outcome.REFUSED
    }


def standing(household: Household, *, at: datetime) -> DoorVisit | None:
    """The refusal for which this household is left in peace at that moment."""
    answers = DoorVisit.objects.filter(
        county_id=household.county_id,
        household=household,
        at__gt=at - LEFT_IN_PEACE,
        at__lte=at,
        outcome__in=[DoorVisit.Outcome.REFUSED, DoorVisit.Outcome.ADDED],
    )
    latest = answers.order_by("-at", "-pk").first()
    return latest if latest and latest.outcome == DoorVisit.Outcome.REFUSED else None


def follow(old: Household, new: Household, *, at: datetime) -> None:
    """Who has just left a household that refused is left in peace as long as it is.

    The refusal names nobody, so it is everybody's.
    """
    refusal = standing(old, at=at)
    if refusal is None:
        return
    DoorVisit.objects.create(
        county_id=new.county_id,
        household=new,
        officer_id=refusal.officer_id,
        outcome=refusal.outcome,
        at=refusal.at,
        recorded_at=at,
        phone_key=uuid4(),
    )


def _refused_at(resident: Resident, scopes: set[str], *, at: datetime) -> datetime | None:
    """The latest refusal that still stands in one of the scopes."""
    latest = (
        ConsentRecord.objects.filter(
            county_id=resident.county_id, resident=resident, scope__in=scopes, at__lte=at
        )
        .order_by("scope", "-at", "-pk")
        .distinct("scope")
    )
    standing = [
        record.at for record in latest if not record.given and record.at > at - LEFT_IN_PEACE
    ]
    return max(standing, default=None)


def _may_knock(county_id: int, household_id: int, *, at: datetime) -> Leave:
    until = left_in_peace(county_id, [household_id], at=at).get(household_id)
    if until is None:
        return Leave(given=True)
    return Leave(False, _sentence("这户", until), until)


def _wait(refused_at: datetime, who: str) -> Leave:
    until = _first_day(refused_at)
    return Leave(False, _sentence(who, until), until)


def _first_day(refused_at: datetime) -> date:
    return local_day(refused_at + LEFT_IN_PEACE)


def _sentence(who: str, until: date) -> str:
    return (
        f"{who}已表示不愿意，{until.year} 年 {until.month} 月 {until.day} 日以前请不要再问；"
        "本人主动来找，可以照常办理。"
    )
