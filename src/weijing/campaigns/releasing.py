"""A released campaign becomes shares and deliveries: all of it in the caller's transaction."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db import connection
from pyroaring import BitMap

from weijing.campaigns import codes
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.reach import left_out, people_of, plan_into_temporary_table
from weijing.core.errors import DomainError
from weijing.core.ids import ID_STEP, reserve

MAX_PEOPLE = (
    10_000  # per call of add_msg_template; developer.work.weixin.qq.com/document/path/92135
)


class EmptyAudience(DomainError):
    """Nobody would receive it."""

    def __init__(self) -> None:
        super().__init__("没有人能收到这条群发，请放宽条件。")


def plan(campaign: Campaign, *, at: datetime) -> int:
    """Fix the audience: one share per officer, one delivery per person. How many people.

    Writes `campaign.left_out`. Later changes of tags or places do not count; only a consent
    taken back does, when the officer is asked. Raises `EmptyAudience`, `BadExpression`.
    """
    return plan_people(campaign, people_of(campaign, at=at), at=at)


def plan_people(campaign: Campaign, people: BitMap, *, at: datetime) -> int:
    """The same for people somebody has chosen: ordinals of residents. Raises `EmptyAudience`."""
    with connection.cursor() as cursor:
        plan_into_temporary_table(cursor, people, county_id=campaign.county_id, at=at)
        campaign.left_out = left_out(cursor)
        campaign.save(update_fields=["left_out"])
        shares = _shares(campaign, cursor, at=at)
        if not shares:
            raise EmptyAudience
        Share.objects.bulk_create(shares, batch_size=500)
        planned = sum(share.people for share in shares)
        _write_deliveries(campaign, cursor, planned)
        cursor.execute("DROP TABLE reach_plan")
    return planned


def _shares(campaign: Campaign, cursor: Any, *, at: datetime) -> list[Share]:
    cursor.execute(
        "SELECT officer_id, coalesce(reason, ''), count(*) FROM reach_plan "
        "WHERE officer_id IS NOT NULL GROUP BY 1, 2"
    )
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for officer_id, reason, number in cursor.fetchall():
        counts[officer_id][reason] = number
    parts = [
        (officer_id, part, min(MAX_PEOPLE, total - part * MAX_PEOPLE))
        for officer_id, by_reason in sorted(counts.items())
        if (total := by_reason.pop("", 0))
        for part in range(-(-total // MAX_PEOPLE))
    ]
    new = codes.new_codes(campaign.county_id, len(parts))
    return [
        Share(
            county_id=campaign.county_id,
            campaign=campaign,
            officer_id=officer_id,
            part=part,
            code=code,
            people=number,
            due_at=at,
            left_out=counts[officer_id] if part == 0 else {},
            results={"pending": number},
        )
        for (officer_id, part, number), code in zip(parts, new, strict=True)
    ]


def _write_deliveries(campaign: Campaign, cursor: Any, people: int) -> None:
    cursor.execute(
        """
        INSERT INTO campaigns_delivery
            (id, county_id, share_id, resident_id, external_userid, result, sent_at)
        SELECT %s + row_number() OVER (ORDER BY s.id, p.place) * %s, s.county_id, s.id,
               p.resident_id, p.external_userid, 'pending', NULL
        FROM (SELECT resident_id, external_userid, officer_id,
                     row_number() OVER (PARTITION BY officer_id ORDER BY resident_id) - 1 AS place
              FROM reach_plan WHERE reason IS NULL) p
        JOIN campaigns_share s
          ON s.county_id = %s AND s.campaign_id = %s
         AND s.officer_id = p.officer_id AND s.part = p.place / %s
        """,
        [reserve(people + 1), ID_STEP, campaign.county_id, campaign.pk, MAX_PEOPLE],
    )
