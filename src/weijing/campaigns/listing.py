"""The people of a share, written down one by one, each with the account that the message goes to.

A release of a whole county keeps whom it meant as numbers (`PlannedPeople`), which takes a second;
their 900,000 deliveries follow share by share. No officer is asked before their share is listed.
"""

from collections.abc import Collection

from django.db import connection, transaction
from pyroaring import BitMap

from weijing.campaigns import tallying
from weijing.campaigns.models import Delivery, PlannedPeople, Share
from weijing.core import table_statistics
from weijing.core.ids import ID_STEP, reserve
from weijing.residents.merges import survivors

SHARES_AT_ONCE = 20
STATISTICS_AFTER = 10  # batches; PostgreSQL then knows that the table is no longer small


@transaction.atomic
def write(county_id: int, share_ids: Collection[int]) -> int:
    """Turn the plans of these shares into deliveries; how many. What is listed stays as it is.

    Who deleted the officer since is written down too: WeCom says "not a friend" of them. Who has
    no account any more, because the record was deleted or split, is not.
    """
    shares = list(
        Share.objects.select_for_update(of=("self",), no_key=True)
        .filter(county_id=county_id, pk__in=share_ids, planned__isnull=False)
        .order_by("pk")
    )
    ids = [share.pk for share in shares]
    if not ids:
        return 0
    _follow_merges(county_id, ids)
    with connection.cursor() as cursor:
        first = reserve(sum(share.people for share in shares) + 1)
        cursor.execute(
            _WRITE, {"county": county_id, "shares": ids, "first": first, "step": ID_STEP}
        )
        written = dict(cursor.fetchall())
    PlannedPeople.objects.filter(county_id=county_id, share__in=ids).delete()
    for share in shares:
        if written.get(share.pk, 0) != share.people:
            tallying.tally(share)
    return sum(written.values())


def write_all(county_id: int) -> int:
    """The same for every share of a county that waits for it, in the order of their release."""
    written = batches = 0
    while True:
        waiting = PlannedPeople.objects.filter(county_id=county_id).order_by("share_id")
        ids = list(waiting.values_list("share_id", flat=True)[:SHARES_AT_ONCE])
        if not ids:
            return written
        written += write(county_id, ids)
        batches += 1
        if batches == STATISTICS_AFTER:
            table_statistics.renew([Delivery])


def _follow_merges(county_id: int, share_ids: list[int]) -> None:
    plans = list(PlannedPeople.objects.filter(county_id=county_id, share__in=share_ids))
    planned = BitMap()
    for plan in plans:
        planned |= BitMap(plan.people)
    gone = planned - survivors.of(county_id, planned)
    for plan in plans if gone else []:
        if gone & BitMap(plan.people):
            plan.people = survivors.of(county_id, BitMap(plan.people)).to_array().tolist()
            plan.save(update_fields=["people"])


# The officer's own contact with the person: on their own account before one they share, and one
# that still stands before one that has ended. An account gets a message once.
_WRITE = """
WITH wanted AS MATERIALIZED (
    SELECT s.id AS share_id, s.officer_id, person.id AS person_id
    FROM campaigns_plannedpeople planned
    JOIN campaigns_share s ON s.county_id = planned.county_id AND s.id = planned.share_id
    CROSS JOIN LATERAL unnest(planned.people) AS one (ordinal)
    JOIN residents_resident person
        ON person.county_id = planned.county_id AND person.ordinal = one.ordinal
    WHERE planned.county_id = %(county)s AND planned.share_id = ANY(%(shares)s)
),
account AS (
    SELECT wanted.*, i.id AS identity_id, i.external_userid, 0 AS is_shared
    FROM wanted
    JOIN residents_wechatidentity i
        ON i.county_id = %(county)s AND i.resident_id = wanted.person_id
    UNION ALL
    SELECT wanted.*, i.id, i.external_userid, 1
    FROM wanted
    JOIN residents_identitysharer s
        ON s.county_id = %(county)s AND s.resident_id = wanted.person_id
    JOIN residents_wechatidentity i ON i.county_id = s.county_id AND i.id = s.identity_id
),
way AS (
    SELECT DISTINCT ON (account.share_id, account.person_id)
        account.share_id, account.person_id, account.external_userid
    FROM account
    JOIN residents_contact c
        ON c.county_id = %(county)s AND c.identity_id = account.identity_id
        AND c.officer_id = account.officer_id
    ORDER BY account.share_id, account.person_id, c.state <> 'linked', account.is_shared,
        c.added_at DESC, c.id DESC
),
once AS (
    SELECT DISTINCT ON (share_id, external_userid) * FROM way
    ORDER BY share_id, external_userid, person_id
),
written AS (
    INSERT INTO campaigns_delivery
        (id, county_id, share_id, resident_id, external_userid, result, sent_at)
    SELECT %(first)s + row_number() OVER (ORDER BY share_id, person_id) * %(step)s, %(county)s,
        share_id, person_id, external_userid, 'pending', NULL
    FROM once
    RETURNING share_id
)
SELECT share_id, count(*) FROM written GROUP BY 1
"""
