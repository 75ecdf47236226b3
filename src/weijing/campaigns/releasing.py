"""A released campaign becomes shares and deliveries: all of it in the caller's transaction."""

from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection
from pyroaring import BitMap

from weijing.audiences.index import catching_up, keeping
from weijing.audiences.index.packing import numbers
from weijing.campaigns import codes
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.campaigns.reach import Plan, people_of, planned
from weijing.core import table_statistics
from weijing.core.errors import DomainError
from weijing.core.ids import ID_STEP, reserve

MAX_PEOPLE = (
    10_000  # per call of add_msg_template; developer.work.weixin.qq.com/document/path/92135
)

MANY = 10_000  # people of one campaign, from whom on PostgreSQL is told at once


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
    with keeping.current(campaign.county_id) as index, connection.cursor() as cursor:
        # Nothing here waits for a lock of the database: others wait for the index.
        plan = planned(people, index, at=at)
        left_out = _left_out_by_officer(plan)
        _find_accounts(cursor, plan, campaign.county_id)
    campaign.left_out = {reason: len(left) for reason, left in plan.left_out.items()}
    campaign.save(update_fields=["left_out"])
    with connection.cursor() as cursor:
        shares = _shares(campaign, cursor, left_out, at=at)
        if not shares:
            raise EmptyAudience
        Share.objects.bulk_create(shares, batch_size=500)
        total = sum(share.people for share in shares)
        _write_deliveries(campaign, cursor, total)
        cursor.execute("DROP TABLE release_plan")
    if total > MANY:
        # Else PostgreSQL believes in the sizes of yesterday, and walks through all deliveries of
        # the county for each share that somebody asks about.
        table_statistics.renew([Share, Delivery])
    return total


def _left_out_by_officer(plan: Plan) -> dict[int, dict[str, int]]:
    """Whom each officer would have reached, by reason."""
    found: dict[int, dict[str, int]] = {}
    for reason, people in plan.left_out.items():
        for officer_id, number in plan.routes.loads(people).items():
            found.setdefault(officer_id, {})[reason] = number
    return found


def _find_accounts(cursor: Any, plan: Plan, county_id: int) -> None:
    """Fill `release_plan`: each person with the officer and the WeChat account it goes to."""
    # Sorting 900,000 rows on disk would take longer than everything else here.
    cursor.execute("SET LOCAL work_mem = '256MB'")
    cursor.execute("DROP TABLE IF EXISTS release_plan")
    cursor.execute(
        "CREATE TEMPORARY TABLE release_way (ordinal int, owner int, officer_id bigint) "
        "ON COMMIT DROP"
    )
    with catching_up.open_cursor() as raw, raw.copy(_COPY) as copy:
        copy.write(_as_binary(plan))
    cursor.execute("ANALYZE release_way")
    cursor.execute(_ACCOUNTS, {"county": county_id})
    cursor.execute("DROP TABLE release_way")


_COPY = "COPY release_way (ordinal, owner, officer_id) FROM STDIN (FORMAT BINARY)"


def _as_binary(plan: Plan) -> bytes:
    """The rows of `release_way` as COPY reads them: no number becomes text on its way."""
    ordinals = numbers(plan.reachable)
    rows = np.zeros(
        len(ordinals),
        np.dtype(
            [("fields", ">i2"), ("a", ">i4"), ("ordinal", ">i4"), ("b", ">i4"), ("owner", ">i4"),
             ("c", ">i4"), ("officer", ">i8")]
        ),
    )  # fmt: skip
    rows["fields"], rows["a"], rows["b"], rows["c"] = 3, 4, 4, 8
    rows["ordinal"] = rows["owner"] = ordinals
    rows["officer"] = np.array(plan.routes.officer_ids, np.int64)[plan.routes.codes[ordinals]]
    for one, owner in plan.routes.owners.items():
        if one in plan.reachable:
            rows["owner"][np.searchsorted(ordinals, one)] = owner
    header = b"PGCOPY\n\xff\r\n\0" + bytes(8)
    return header + rows.tobytes() + b"\xff\xff"


_ACCOUNTS = """
CREATE TEMPORARY TABLE release_plan ON COMMIT DROP AS
SELECT DISTINCT ON (way.ordinal) person.id AS resident_id, way.officer_id,
    identity.external_userid
FROM release_way way
JOIN residents_resident person
    ON person.county_id = %(county)s AND person.ordinal = way.ordinal
JOIN residents_resident owner ON owner.county_id = %(county)s AND owner.ordinal = way.owner
JOIN residents_wechatidentity identity
    ON identity.county_id = %(county)s AND identity.resident_id = owner.id
JOIN residents_contact contact
    ON contact.county_id = %(county)s AND contact.identity_id = identity.id
    AND contact.officer_id = way.officer_id AND contact.state = 'linked'
ORDER BY way.ordinal, contact.added_at DESC, contact.id DESC
"""


def _shares(
    campaign: Campaign, cursor: Any, left_out: dict[int, dict[str, int]], *, at: datetime
) -> list[Share]:
    cursor.execute("SELECT officer_id, count(*) FROM release_plan GROUP BY 1 ORDER BY 1")
    parts = [
        (officer_id, part, min(MAX_PEOPLE, total - part * MAX_PEOPLE))
        for officer_id, total in cursor.fetchall()
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
            left_out=left_out.get(officer_id, {}) if part == 0 else {},
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
              FROM release_plan) p
        JOIN campaigns_share s
          ON s.county_id = %s AND s.campaign_id = %s
         AND s.officer_id = p.officer_id AND s.part = p.place / %s
        """,
        [reserve(people + 1), ID_STEP, campaign.county_id, campaign.pk, MAX_PEOPLE],
    )
