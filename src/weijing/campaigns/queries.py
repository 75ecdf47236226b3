"""Named reads of campaigns, shares and their figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.campaigns.models import Campaign, Delivery, Share, StrayTask
from weijing.campaigns.moving import UNCONFIRMED, State
from weijing.campaigns.policies import releasable, visible_to

HAS_CONFIRMED = (State.CONFIRMED, State.FINISHED)


@dataclass(frozen=True, slots=True)
class Progress:
    """Figures of one campaign, or of one station's part of it.

    People by result; `pending` also holds those of officers who never confirmed.
    """

    officers: int
    officers_confirmed: int
    officers_waiting: int  # for our call, or for the officer's tap
    officers_ended: int  # refused, stopped, lapsed
    shares_unsure: int
    shares_needing_a_person: int
    people: int
    results: dict[str, int]  # every one of Delivery.Result
    last_receipt_at: datetime | None

    @property
    def sent(self) -> int:
        return self.results[Delivery.Result.SENT]

    @property
    def done_percent(self) -> float:
        """People with a final result, 0-100."""
        pending = self.results[Delivery.Result.PENDING]
        return 100 * (self.people - pending) / self.people if self.people else 0.0


def running(scope: Scope) -> QuerySet[Campaign]:
    """Released and not ended, the latest first."""
    return visible_to(scope).filter(state=Campaign.State.RELEASED).order_by("-released_at")


def waiting_for_approval(scope: Scope) -> QuerySet[Campaign]:
    """Submitted by others; the oldest first. `policies.can_release` decides about each."""
    submitted = visible_to(scope).filter(state=Campaign.State.SUBMITTED)
    return submitted.filter(~Q(drafted_by_id=scope.officer_id)).order_by("submitted_at")


def to_approve(by: Officer, scope: Scope, *, at: datetime) -> list[Campaign]:
    """Those of them that this person may let go, the oldest first."""
    waiting = waiting_for_approval(scope).select_related("drafted_by")
    return releasable(by, waiting, at=at, scope=scope)


def waiting_for(officer: Officer) -> QuerySet[Share]:
    """What this officer has still to confirm in WeCom, the most urgent first."""
    return (
        Share.objects.select_related("campaign")
        .filter(county_id=officer.county_id, officer=officer, state__in=UNCONFIRMED, stop="")
        .order_by("campaign__confirm_by", "part")
    )


def shares_of(officer: Officer, number: str) -> QuerySet[Share]:
    """The officer's parts of the campaign with this number."""
    return (
        Share.objects.select_related("campaign", "campaign__released_by")
        .filter(county_id=officer.county_id, officer=officer, campaign__number=number)
        .order_by("part")
    )


def progress(campaign: Campaign, scope: Scope | None = None) -> Progress:
    """The figures now, of the whole campaign or of what a station or officer may see."""
    return figures(list(shares_in(campaign, scope)))


def needing_a_person(scope: Scope) -> QuerySet[Share]:
    """Shares that somebody has to look at: refused, undecided, failed five times."""
    seen = visible_to(scope)
    return (
        Share.objects.filter(county_id=scope.county_id, campaign__in=seen, needs_person=True)
        .select_related("campaign", "officer")
        .order_by("-campaign__released_at", "pk")
    )


def strays(county_id: int) -> QuerySet[StrayTask]:
    """Tasks that should not have been in WeCom, the latest first."""
    return StrayTask.objects.filter(county_id=county_id).order_by("-seen_at")


def shares_in(campaign: Campaign, scope: Scope | None) -> QuerySet[Share]:
    """All of the campaign; for a station or an officer theirs."""
    shares = Share.objects.filter(county_id=campaign.county_id, campaign=campaign)
    if scope is None or scope.whole_county:
        return shares
    theirs = Q(officer_id=scope.officer_id)
    if scope.station_ids:
        theirs |= Q(officer__station_id__in=scope.station_ids)
    return shares.filter(theirs)


def figures(shares: Sequence[Share]) -> Progress:
    """Of these shares together."""
    results = dict.fromkeys(Delivery.Result.values, 0)
    for share in shares:
        for result, number in share.results.items():
            results[result] += number
    by_officer: dict[int, set[str]] = {}
    for share in shares:
        by_officer.setdefault(share.officer_id, set()).add(share.state)
    waiting = sum(not states.isdisjoint(UNCONFIRMED) for states in by_officer.values())
    confirmed = sum(states <= set(HAS_CONFIRMED) for states in by_officer.values())
    receipts = [share.ended_at or share.confirmed_at for share in shares if share.confirmed_at]
    return Progress(
        officers=len(by_officer),
        officers_confirmed=confirmed,
        officers_waiting=waiting,
        officers_ended=len(by_officer) - waiting - confirmed,
        shares_unsure=sum(share.state == State.UNSURE for share in shares),
        shares_needing_a_person=sum(share.needs_person for share in shares),
        people=sum(share.people for share in shares),
        results=results,
        last_receipt_at=max((at for at in receipts if at), default=None),
    )
