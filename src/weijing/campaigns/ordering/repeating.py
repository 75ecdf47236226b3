"""The same words to the same people again: pointed out before it goes, never forbidden."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from pyroaring import BitMap

from weijing.audiences.expression import BadExpression
from weijing.audiences.index import keeping
from weijing.campaigns.models import Campaign, StrayTask
from weijing.campaigns.ordering.rules import rules_of
from weijing.campaigns.reach import people_of
from weijing.campaigns.received import by_campaign
from weijing.core.clock import local_day

# Of the pairs of neighbouring signs that occur in either text. Two warnings of different frauds
# that share greeting and signature stay below it; a text with another date or road does not.
ALIKE = 0.6
FORGOTTEN_FOR = timedelta(days=30)
WAITING = (Campaign.State.SUBMITTED, Campaign.State.SCHEDULED)
# A task's text has the message in it, with its variables filled in and its code behind it.
STANDS_IN_IT = 0.8
_VARIABLE = re.compile(r"[{｛][^{}｛｝]*[}｝]")
_NO_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Repetition:
    """`likeness`: 1.0 for the same words. `people` are concerned by both, at least one."""

    campaign: Campaign
    likeness: float
    people: int


def likeness(one: str, other: str) -> float:
    """How much two texts share, 0.0-1.0: same pairs of signs of all pairs, without punctuation."""
    pairs = [_pairs(text) for text in (one, other)]
    every = pairs[0] | pairs[1]
    return len(pairs[0] & pairs[1]) / len(every) if every else 0.0


def repetitions(campaign: Campaign, *, at: datetime) -> list[Repetition]:
    """Earlier messages of the county with such words that concern some of the same people.

    Those sent within the days that the county has settled, and those that wait to be sent; the
    one with the most people first. An expression that cannot be read repeats nothing.
    """
    days = rules_of(campaign.county_id).similar_days
    like = _alike(campaign, since=at - timedelta(days=days)) if days else []
    if not like:
        return []
    try:
        meant = people_of(campaign, at=at)
    except BadExpression:
        return []
    got = _who_got_them(campaign.county_id, days, at=at)
    found = [
        Repetition(other, alike, len(meant & _concerned(other, got, at=at)))
        for other, alike in like
    ]
    return sorted((one for one in found if one.people), key=lambda one: -one.people)


def forgotten(campaign: Campaign, *, at: datetime) -> list[StrayTask]:
    """Tasks in WeCom with such words that no row knows, the latest first: it may have gone out.

    After a restore our own messages are missing; WeCom's list has given their words.
    """
    since = at - FORGOTTEN_FOR
    rows = StrayTask.objects.filter(
        ~Q(text=""), county_id=campaign.county_id, share=None, seen_at__gt=since
    )
    said = _pairs(_VARIABLE.sub("", campaign.body))
    return [
        task
        for task in rows.order_by("-seen_at", "pk")
        if said and len(said & _pairs(task.text)) >= STANDS_IN_IT * len(said)
    ]


def _alike(campaign: Campaign, *, since: datetime) -> list[tuple[Campaign, float]]:
    others = Campaign.objects.filter(
        Q(released_at__gt=since) | Q(state__in=WAITING), ~Q(pk=campaign.pk),
        county_id=campaign.county_id, is_drill=False,
    ).select_related("drafted_by")  # fmt: skip
    found = [(other, likeness(campaign.body, other.body)) for other in others]
    return [(other, alike) for other, alike in found if alike >= ALIKE]


def _pairs(text: str) -> frozenset[str]:
    plain = _NO_WORD.sub("", text.lower())
    return frozenset(plain[start : start + 2] for start in range(max(len(plain) - 1, 0)))


def _who_got_them(county_id: int, days: int, *, at: datetime) -> dict[int, BitMap]:
    today = local_day(at)
    with keeping.current(county_id) as index:
        return by_campaign(index, since=today - timedelta(days=days), until=today)


def _concerned(other: Campaign, got: dict[int, BitMap], *, at: datetime) -> BitMap:
    """Who got it or will; of one that waits, whom its audience means now."""
    if other.state not in WAITING:
        return got.get(other.pk, BitMap())
    try:
        return people_of(other, at=at)
    except BadExpression:
        return BitMap()
