"""Who may draft, release, stop. Nobody approves their own; an administrator does none of it."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope, roles_of, scope_of
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.ordering.levels import level_of


def _has(by: Officer, *roles: Role, scope: Scope | None = None) -> bool:
    held = scope.roles if scope else roles_of(by)
    return by.is_active and Role.SYSTEM_ADMIN not in held and not held.isdisjoint(roles)


def can_draft(by: Officer) -> bool:
    return _has(by, Role.CAMPAIGN_AUTHOR)


def can_edit(by: Officer, campaign: Campaign, *, scope: Scope | None = None) -> bool:
    """Their own draft, nobody else's. `scope`: theirs, if it has just been read."""
    own = campaign.drafted_by_id == by.pk and campaign.county_id == by.county_id
    return own and _has(by, Role.CAMPAIGN_AUTHOR, scope=scope)


def answers_for(by: Officer, campaign: Campaign, *, at: datetime) -> bool:
    """Another person with a say, who answers for at least as much of the county as the author."""
    return _Judge(by, at).answers_for(campaign)


def can_release(
    by: Officer,
    campaign: Campaign,
    *,
    at: datetime,
    people: int | None = None,
    scope: Scope | None = None,
) -> bool:
    """Of those the desk it needs: the county's, or for small ones the station's as well.

    `people`: of a recount; else as many as the author submitted. `scope`: theirs, if known.
    """
    return _Judge(by, at, scope).may_release(campaign, people)


def releasable(
    by: Officer, campaigns: Iterable[Campaign], *, at: datetime, scope: Scope
) -> list[Campaign]:
    """Those of them that wait for this person's approval, or could. `scope` is theirs."""
    judge = _Judge(by, at, scope)
    return [campaign for campaign in campaigns if judge.may_release(campaign)]


class _Judge:
    """Somebody who may have a say; who they are is looked up once for all campaigns."""

    def __init__(self, by: Officer, at: datetime, scope: Scope | None = None) -> None:
        self._by, self._at = by, at
        self._scope = scope or scope_of(by, at=at)
        self._authors: dict[int, Scope] = {}

    def _author(self, campaign: Campaign) -> Scope:
        if campaign.drafted_by_id not in self._authors:
            scope = scope_of(campaign.drafted_by, at=self._at)
            self._authors[campaign.drafted_by_id] = scope
        return self._authors[campaign.drafted_by_id]

    def answers_for(self, campaign: Campaign) -> bool:
        by, scope = self._by, self._scope
        if campaign.county_id != by.county_id or campaign.drafted_by_id == by.pk:
            return False
        if not by.is_active or scope.has(Role.SYSTEM_ADMIN):
            return False
        # The head of a station speaks for the station, not for the county desk.
        is_head = scope.has(Role.STATION_COMMAND) and not scope.whole_county
        if not (is_head or scope.has(Role.CAMPAIGN_APPROVER)):
            return False
        return _covers(scope, self._author(campaign))

    def may_release(self, campaign: Campaign, people: int | None = None) -> bool:
        if not self.answers_for(campaign):
            return False
        if self._scope.whole_county and self._scope.has(Role.CAMPAIGN_APPROVER):
            return True
        return not level_of(campaign, self._author(campaign), people=people).needs_county


def can_stop(by: Officer, campaign: Campaign, *, at: datetime) -> bool:
    """The author, or whoever answers for their area, however large it is: stopping is safe.

    Of an urgent one also who has written it, or who has let it go alone.
    """
    if campaign.county_id != by.county_id:
        return False
    if campaign.is_urgent and by.pk in (campaign.drafted_by_id, campaign.released_by_id):
        return _has(by, Role.DUTY_LEADER, Role.STATION_COMMAND, Role.CAMPAIGN_AUTHOR)
    if campaign.drafted_by_id == by.pk:
        return can_draft(by)
    return answers_for(by, campaign, at=at)


can_remind = can_stop
can_decide = can_stop


def can_pause(by: Officer) -> bool:
    return _has(by, Role.CAMPAIGN_APPROVER)


def visible_to(scope: Scope) -> QuerySet[Campaign]:
    """All for the county desk; for a station or an officer those that concern them."""
    county = Campaign.objects.filter(county_id=scope.county_id)
    if not scope.sees_residents:
        return county.none()
    if scope.whole_county:
        return county
    of_them = Share.objects.filter(county_id=scope.county_id, campaign=OuterRef("pk"))
    concerned = Q(Exists(of_them.filter(officer_id=scope.officer_id)))
    if scope.station_ids:
        concerned |= Q(Exists(of_them.filter(officer__station_id__in=scope.station_ids)))
        concerned |= Q(drafted_by__station_id__in=scope.station_ids)
    return county.filter(concerned | Q(drafted_by_id=scope.officer_id))


def _covers(wide: Scope, narrow: Scope) -> bool:
    if wide.whole_county:
        return True
    if narrow.whole_county:
        return False
    # Whose postings have ended answers for nothing now, but may have written to the whole county.
    return bool(narrow.ranges) and all(
        any(lo <= inner_lo and inner_hi <= hi for lo, hi in wide.ranges)
        for inner_lo, inner_hi in narrow.ranges
    )
