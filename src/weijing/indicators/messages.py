"""M06-M10: messages published, confirmed, sent, by topic and tag, and who took consent back after.

Of ended campaigns the figures are kept; those still running are read from their shares.
Drills never left the house and do not count.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from weijing.audiences.naming_tags import tags_named
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.campaigns.queries import HAS_CONFIRMED
from weijing.core.clock import local_day
from weijing.indicators.models import CampaignFigures

WITHDRAWN_WITHIN = timedelta(hours=48)
RECENT = timedelta(days=30)
ENDED = (Campaign.State.FINISHED, Campaign.State.CANCELLED, Campaign.State.LAPSED)


@dataclass
class Sum:
    """Of several campaigns. `people` were meant to get it; rates are 0-100, None without a base."""

    campaigns: int = 0
    tasks: int = 0
    confirmed: int = 0
    results: Counter[str] = field(default_factory=Counter)
    withdrawn_after: int = 0
    # Of them to whom it is known who took consent back: of campaigns that have ended.
    looked_after: int = field(default=0, compare=False)

    def add(self, figures: CampaignFigures, *, is_kept: bool) -> None:
        self.campaigns += 1
        self.tasks += figures.tasks
        self.confirmed += figures.confirmed
        self.results.update(figures.results)
        if is_kept:
            self.withdrawn_after += figures.withdrawn_after
            self.looked_after += figures.results.get(Delivery.Result.SENT.value, 0)

    @property
    def people(self) -> int:
        return sum(self.results.values())

    @property
    def sent(self) -> int:
        return self.results[Delivery.Result.SENT.value]

    @property
    def confirm_percent(self) -> float | None:
        return 100 * self.confirmed / self.tasks if self.tasks else None

    @property
    def sent_percent(self) -> float | None:
        return 100 * self.sent / self.people if self.people else None

    @property
    def withdrawn_percent(self) -> float | None:
        return 100 * self.withdrawn_after / self.looked_after if self.looked_after else None


@dataclass(frozen=True)
class Published:
    """`took`: median time to confirm, of shares confirmed in the last 30 days."""

    total: Sum
    by_topic: dict[str, Sum]
    by_tag: dict[str, Sum]  # by code; a campaign that names two tags counts for both
    took: timedelta | None


def published(
    county_id: int, *, at: datetime, since: date | None = None, until: date | None = None
) -> Published:
    """Of the campaigns released on these days, all without; running ones as they stand."""
    total, by_topic, by_tag = Sum(), defaultdict[str, Sum](Sum), defaultdict[str, Sum](Sum)
    days = Q()
    if since:
        days &= Q(released_on__gte=since)
    if until:
        days &= Q(released_on__lte=until)
    kept = CampaignFigures.objects.filter(days, county_id=county_id)
    counted = [(figures, True) for figures in kept]
    counted += [(figures, False) for figures in _not_kept(county_id, since, until)]
    for figures, is_kept in counted:
        sums = [total, by_topic[figures.topic], *(by_tag[code] for code in figures.tags)]
        for each in sums:
            each.add(figures, is_kept=is_kept)
    return Published(total, dict(by_topic), dict(by_tag), _median(county_id, at - RECENT))


def _not_kept(county_id: int, since: date | None, until: date | None) -> Iterable[CampaignFigures]:
    for campaign in _campaigns(county_id).filter(~Exists(_kept_of(county_id))):
        assert campaign.released_at is not None
        day = local_day(campaign.released_at)
        if (since is None or day >= since) and (until is None or day <= until):
            yield CampaignFigures(**_counted(campaign), withdrawn_after=0, settled=False)


def keep(county_id: int, *, at: datetime) -> int:
    """Write down what has ended and is not settled yet; how many. Twice is as good as once."""
    settled = _kept_of(county_id).filter(settled=True)
    written = 0
    for campaign in _campaigns(county_id).filter(~Exists(settled), state__in=ENDED):
        _keep(campaign, at=at)
        written += 1
    return written


@transaction.atomic
def _keep(campaign: Campaign, *, at: datetime) -> None:
    assert campaign.released_at is not None and campaign.ended_at is not None
    counted = _counted(campaign)
    counted |= {
        "withdrawn_after": _withdrawn_after(campaign),
        "settled": at > campaign.ended_at + WITHDRAWN_WITHIN,
    }
    CampaignFigures.objects.update_or_create(
        county_id=campaign.county_id, campaign_id=campaign.pk, defaults=counted
    )


def _campaigns(county_id: int) -> Any:
    return Campaign.objects.filter(
        county_id=county_id, released_at__isnull=False, is_drill=False
    ).order_by("released_at", "pk")


def _kept_of(county_id: int) -> Any:
    return CampaignFigures.objects.filter(county_id=county_id, campaign_id=OuterRef("pk"))


def _counted(campaign: Campaign) -> dict[str, Any]:
    shares = Share.objects.filter(county_id=campaign.county_id, campaign=campaign)
    results: Counter[str] = Counter()
    tasks = confirmed = 0
    for state, people, counts in shares.values_list("state", "people", "results"):
        tasks += 1
        confirmed += state in HAS_CONFIRMED
        results.update(counts or {Delivery.Result.PENDING.value: people})
    assert campaign.released_at is not None
    meant = campaign.audience_meant or campaign.audience
    return {
        "county_id": campaign.county_id,
        "campaign_id": campaign.pk,
        "topic": campaign.topic,
        "released_on": local_day(campaign.released_at),
        "tags": sorted(tag.code for tag in tags_named(_wanted(meant), campaign.county_id)),
        "tasks": tasks,
        "confirmed": confirmed,
        "results": dict(results),
    }


def _wanted(tree: Any) -> Any:
    """The tree without what it takes out: a message is not about those whom it leaves out."""
    if isinstance(tree, list):
        return [_wanted(part) for part in tree]
    if isinstance(tree, dict):
        return {key: _wanted(part) for key, part in tree.items() if key != "except"}
    return tree


def _withdrawn_after(campaign: Campaign) -> int:
    assert campaign.ended_at is not None
    parameters: dict[str, Any] = {
        "county": campaign.county_id,
        "campaign": campaign.pk,
        "released": campaign.released_at,
        "last": campaign.ended_at + WITHDRAWN_WITHIN,
        "within": WITHDRAWN_WITHIN,
        "sent": Delivery.Result.SENT.value,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WITHDRAWN, parameters)
        return int(cursor.fetchone()[0])


# A death ends a consent as well, and is nobody's answer to a message.
_WITHDRAWN = """
SELECT count(DISTINCT d.resident_id)
FROM residents_consentrecord c
JOIN campaigns_delivery d ON d.county_id = c.county_id AND d.resident_id = c.resident_id
    AND d.result = %(sent)s AND c.at >= d.sent_at AND c.at <= d.sent_at + %(within)s
JOIN campaigns_share s ON s.county_id = d.county_id AND s.id = d.share_id
WHERE c.county_id = %(county)s AND c.scope = 'publicity' AND NOT c.given
    AND c.channel <> 'record' AND c.at >= %(released)s AND c.at <= %(last)s
    AND s.campaign_id = %(campaign)s
"""


def _median(county_id: int, since: datetime) -> timedelta | None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY s.confirmed_at - s.asked_at)
            FROM campaigns_share s
            JOIN campaigns_campaign c ON c.county_id = s.county_id AND c.id = s.campaign_id
            WHERE s.county_id = %s AND s.confirmed_at >= %s AND NOT c.is_drill
                AND c.released_at >= %s - interval '7 days'
            """,
            [county_id, since, since],
        )
        found: timedelta | None = cursor.fetchone()[0]
    return max(found, timedelta()) if found is not None else None
