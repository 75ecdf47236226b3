"""Who has had how many of our messages lately: our own limit, below WeCom's, by natural days.

What each share has sent and may still send is kept in memory as bitmaps beside the audience index;
only shares that moved on are read again.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from pyroaring import BitMap

from weijing.audiences.index import catching_up
from weijing.audiences.index.holding import Index
from weijing.audiences.index.packing import bitmap, ordinals
from weijing.campaigns.models import Delivery
from weijing.campaigns.moving import LIVE
from weijing.core.clock import local_day
from weijing.core.ids import made_on

BESIDE = "campaigns.received"
PER_WEEK = 2
WEEK_DAYS = 7
KEPT = timedelta(days=40)  # shares made before are of no use to anybody


@dataclass
class Sent:
    """Of one share: `version` changes whenever its deliveries do."""

    version: str
    campaign_id: int
    topic: str
    coming: BitMap = field(default_factory=BitMap)
    on: dict[date, BitMap] = field(default_factory=dict)


@dataclass(frozen=True)
class Received:
    today: BitMap  # had one today, or will
    week: BitMap  # had as many as are allowed in seven days, today included


def received(index: Index, *, at: datetime) -> Received:
    """As of now; `index` is the caller's while it uses them (`keeping.current`)."""
    today = local_day(at)
    messages: dict[tuple[int, date], list[BitMap]] = defaultdict(list)
    now: list[BitMap] = []
    for share in _shares(index, since=today - timedelta(days=WEEK_DAYS), until=today):
        for day, people in (*share.on.items(), (today, share.coming)):
            if today - timedelta(days=WEEK_DAYS) < day <= today:
                messages[share.campaign_id, day].append(people)
            if day == today:
                now.append(people)
    return Received(_joined(now), _in_so_many(map(_joined, messages.values()), PER_WEEK))


def who_received(index: Index, since: date, until: date, topic: str) -> BitMap:
    """Who got a message on one of these days; for `audiences.receipts`."""
    return _joined(
        [
            people
            for share in _shares(index, since=since, until=until)
            if topic in ("", share.topic)
            for day, people in share.on.items()
            if since <= day <= until
        ]
    )


def by_campaign(index: Index, *, since: date, until: date) -> dict[int, BitMap]:
    """Who got each message on one of these days, or is still to get it, by the campaign's id."""
    found: dict[int, list[BitMap]] = defaultdict(list)
    for share in _shares(index, since=since, until=until):
        found[share.campaign_id].append(share.coming)
        found[share.campaign_id] += [
            people for day, people in share.on.items() if since <= day <= until
        ]
    return {campaign_id: _joined(sets) for campaign_id, sets in found.items()}


def _joined(sets: list[BitMap]) -> BitMap:
    return BitMap.union(*sets) if sets else BitMap()


def _in_so_many(sets: Iterable[BitMap], wanted: int) -> BitMap:
    """Who is in at least that many of them."""
    at_least = [BitMap() for _ in range(wanted)]
    for people in sets:
        for more in range(wanted - 1, 0, -1):
            at_least[more] = at_least[more] | (at_least[more - 1] & people)
        at_least[0] = at_least[0] | people
    return at_least[-1]


def _shares(index: Index, *, since: date, until: date) -> Iterable[Sent]:
    """Those that sent something on these days, and those that may still send."""
    kept: dict[int, Sent] = index.beside.setdefault(BESIDE, {})
    for old in [id for id in kept if made_on(id) < until - KEPT]:
        del kept[old]
    with catching_up.open_cursor() as cursor:
        cursor.execute(
            _VERSIONS,
            {
                "county": index.county_id,
                # A result may come a day after the officer confirmed.
                "since": since - timedelta(days=2),
                "live": [state.value for state in LIVE],
            },
        )
        rows = cursor.fetchall()
        stale = [row[0] for row in rows if not _is_known(kept, *row[:2])]
        for id, version, campaign_id, topic in rows:
            if not _is_known(kept, id, version):
                kept[id] = Sent(version, campaign_id, topic)
        _read(cursor, index.county_id, kept, stale)
    return [kept[row[0]] for row in rows]


def _is_known(kept: dict[int, Sent], share_id: int, version: str) -> bool:
    return share_id in kept and kept[share_id].version == version


def _read(cursor: Any, county_id: int, kept: dict[int, Sent], stale: list[int]) -> None:
    if not stale:
        return
    cursor.execute(
        _DELIVERIES,
        {
            "county": county_id,
            "shares": stale,
            "pending": Delivery.Result.PENDING.value,
            "sent": Delivery.Result.SENT.value,
            "live": [state.value for state in LIVE],
        },
    )
    for share_id, day, packed in cursor.fetchall():
        people = bitmap(ordinals(packed))
        if day is None:
            kept[share_id].coming = people
        else:
            kept[share_id].on[day] = people


# A share's results are counted anew with each change of its deliveries (`tallying`).
_VERSIONS = """
SELECT s.id, s.state || s.results::text, s.campaign_id, c.topic
FROM campaigns_share s
JOIN campaigns_campaign c ON c.county_id = s.county_id AND c.id = s.campaign_id
WHERE s.county_id = %(county)s AND (s.confirmed_at > %(since)s OR s.state = ANY(%(live)s))
"""

# Of a share that is over, what is still pending will not come. People are planned or listed.
_DELIVERIES = """
SELECT d.share_id,
    CASE WHEN d.result = %(sent)s THEN (d.sent_at AT TIME ZONE 'Asia/Shanghai')::date END AS day,
    string_agg(int4send(r.ordinal), '')
FROM unnest(%(shares)s::bigint[]) AS wanted (id)
JOIN campaigns_share s ON s.county_id = %(county)s AND s.id = wanted.id
JOIN campaigns_delivery d ON d.county_id = %(county)s AND d.share_id = wanted.id
JOIN residents_resident r ON r.county_id = %(county)s AND r.id = d.resident_id
WHERE d.result = %(sent)s OR d.result = %(pending)s AND s.state = ANY(%(live)s)
GROUP BY 1, 2
UNION ALL
SELECT p.share_id, NULL, (SELECT string_agg(int4send(one), '') FROM unnest(p.people) AS one)
FROM campaigns_plannedpeople p
JOIN campaigns_share s ON s.county_id = p.county_id AND s.id = p.share_id
WHERE p.county_id = %(county)s AND p.share_id = ANY(%(shares)s) AND s.state = ANY(%(live)s)
"""
