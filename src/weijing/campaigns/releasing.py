"""A released campaign becomes shares, each for certain people, in the caller's transaction."""

from datetime import datetime

import numpy as np
from pyroaring import BitMap

from weijing.audiences.index import keeping
from weijing.audiences.index.packing import Ordinals, numbers
from weijing.campaigns import codes, listing
from weijing.campaigns.models import Campaign, Delivery, PlannedPeople, Share
from weijing.campaigns.reach import Plan, people_of, planned
from weijing.core import jobs, table_statistics
from weijing.core.errors import DomainError

MAX_PEOPLE = (
    10_000  # per call of add_msg_template; developer.work.weixin.qq.com/document/path/92135
)

# People of one campaign whose deliveries are written with it. A county's take half a minute: those
# follow in a job, and its pages say so.
LISTED_AT_ONCE = 10_000


class EmptyAudience(DomainError):
    """Nobody would receive it."""

    def __init__(self) -> None:
        super().__init__("没有人能收到这条群发，请放宽条件。")


def plan(campaign: Campaign, *, at: datetime) -> int:
    """Fix the audience: one share per officer, one delivery per person. How many people.

    Writes `campaign.left_out`. Later changes of tags or places do not count; only a consent
    taken back does, when the officer is asked. Raises `EmptyAudience`, `BadExpression`.
    """
    people = plan_people(campaign, people_of(campaign, at=at), at=at)
    if not people:
        raise EmptyAudience
    return people


def plan_people(campaign: Campaign, people: BitMap, *, at: datetime) -> int:
    """The same for people somebody has chosen: ordinals of residents. Zero when none is reached.

    Of an urgent campaign everybody is listed at once: other ways are for those who are not.
    """
    with keeping.current(campaign.county_id) as index:
        # Nothing here waits for a lock of the database: others wait for the index.
        plan = planned(people, index, at=at, urgent=campaign.is_urgent)
        left_out = _left_out_by_officer(plan)
        by_officer = _by_officer(plan)
    campaign.left_out = {reason: len(left) for reason, left in plan.left_out.items()}
    campaign.save(update_fields=["left_out"])
    shares = _store(campaign, by_officer, left_out, at=at)
    total = sum(share.people for share in shares)
    if total <= LISTED_AT_ONCE or campaign.is_urgent:
        listing.write(campaign.county_id, [share.pk for share in shares])
    else:
        table_statistics.renew([Share])
        jobs.enqueue(
            "campaigns.list_people",
            once=f"list:{campaign.county_id}",
            county_id=campaign.county_id,
        )
    return total


def _left_out_by_officer(plan: Plan) -> dict[int, dict[str, int]]:
    """Whom each officer would have reached, by reason."""
    found: dict[int, dict[str, int]] = {}
    for reason, people in plan.left_out.items():
        for officer_id, number in plan.routes.loads(people).items():
            found.setdefault(officer_id, {})[reason] = number
    return found


def _by_officer(plan: Plan) -> list[tuple[int, Ordinals]]:
    """Each officer's id with the ordinals of whom they reach, ascending."""
    people = numbers(plan.reachable)
    codes = plan.routes.codes[people]
    order = np.argsort(codes, kind="stable")
    found, begins = np.unique(codes[order], return_index=True)
    groups = np.split(people[order], begins[1:]) if len(found) else []
    officers = [plan.routes.officer_ids[code] for code in found.tolist()]
    return sorted(zip(officers, groups, strict=True), key=lambda pair: pair[0])


def _store(
    campaign: Campaign,
    by_officer: list[tuple[int, Ordinals]],
    left_out: dict[int, dict[str, int]],
    *,
    at: datetime,
) -> list[Share]:
    parts = [
        (officer_id, part, people[start : start + MAX_PEOPLE])
        for officer_id, people in by_officer
        for part, start in enumerate(range(0, len(people), MAX_PEOPLE))
    ]
    new = codes.new_codes(campaign.county_id, len(parts))
    shares = [
        new_share(campaign, officer_id, part=part, code=code, people=len(people), at=at)
        for (officer_id, part, people), code in zip(parts, new, strict=True)
    ]
    for share in shares:
        share.left_out = left_out.get(share.officer_id, {}) if share.part == 0 else {}
    Share.objects.bulk_create(shares, batch_size=500)
    PlannedPeople.objects.bulk_create(
        (
            PlannedPeople(county_id=share.county_id, share=share, people=people.tolist())
            for share, (_, _, people) in zip(shares, parts, strict=True)
        ),
        batch_size=500,
    )
    return shares


def new_share(
    campaign: Campaign, officer_id: int, *, part: int, code: str, people: int, at: datetime
) -> Share:
    """Due at once; not stored yet."""
    return Share(
        county_id=campaign.county_id,
        campaign=campaign,
        officer_id=officer_id,
        part=part,
        code=code,
        people=people,
        due_at=at,
        results={Delivery.Result.PENDING.value: people},
    )
