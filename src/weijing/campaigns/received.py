"""Who has had how many messages lately, by natural days: up to our own limit, and to WeCom's.

What each share has sent and may still send is kept in memory as bitmaps beside the audience index;
only shares that moved on are read again. What officers sent by themselves counts for WeCom's.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from pyroaring import BitMap

from weijing.audiences.index import catching_up
from weijing.audiences.index.holding import Index
from weijing.audiences.index.packing import bitmap, ordinals
from weijing.campaigns import quota
from weijing.campaigns.models import Delivery
from weijing.campaigns.moving import LIVE
from weijing.campaigns.ordering.rules import rules_of
from weijing.core.clock import local_day
from weijing.core.ids import made_on

BESIDE, BESIDE_OWN = "campaigns.received", "campaigns.own_sends"
WEEK_DAYS = 7
KEPT = timedelta(days=40)  # shares made before are of no use to anybody
LATE = timedelta(days=2)  # a result may come a day after the officer confirmed


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
    week: BitMap  # had as many as we allow in seven days, today included
    full: BitMap  # had as many as WeCom allows, less what is kept for emergencies


def received(index: Index, *, at: datetime, urgent: bool = False) -> Received:
    """As of now; `index` is the caller's while it uses them (`keeping.current`).

    Of an urgent message only WeCom's own limit holds somebody back, and that to the last one.
    """
    rules, today = rules_of(index.county_id), local_day(at)
    last_week = today - timedelta(days=WEEK_DAYS - 1)
    messages = _by_message_and_day(_shares(index, since=last_week, until=today), coming_on=today)
    lately = {key: people for key, people in messages.items() if key[1] >= last_week}
    window = quota.window(rules.quota_mode, on=today)
    counter = _earlier(index, since=window.since, until=last_week)
    for (_, day), people in lately.items():
        if day >= window.since:
            counter.add(people)
    for people in _own(index, since=window.since):
        counter.add(people)
    full = counter.at_least(quota.most_allowed(rules, on=today, urgent=urgent))
    if urgent:
        return Received(BitMap(), BitMap(), full)
    week = quota.Counter()
    for people in lately.values():
        week.add(people)
    had_today = [people for (_, day), people in lately.items() if day == today]
    return Received(_joined(had_today), week.at_least(rules.per_week), full)


Messages = dict[tuple[int, date], BitMap]


def _by_message_and_day(shares: Iterator["Sent"], *, coming_on: date | None = None) -> Messages:
    """Who got which message on which day; what is still to come counts on that day."""
    found: dict[tuple[int, date], list[BitMap]] = defaultdict(list)
    for share in shares:
        for day, people in share.on.items():
            found[share.campaign_id, day].append(people)
        if coming_on is not None:
            found[share.campaign_id, coming_on].append(share.coming)
    return {key: _joined(sets) for key, sets in found.items()}


def _earlier(index: Index, *, since: date, until: date) -> quota.Counter:
    """Messages from one day until before the other, long enough ago that hardly one changes."""
    if since >= until:
        return quota.Counter()
    kept: Kept = index.beside.setdefault(BESIDE, Kept())
    if kept.earlier_of != (since, until, kept.late):
        counter = quota.Counter()
        for (_, day), people in _by_message_and_day(
            _shares(index, since=since, until=until)
        ).items():
            if since <= day < until:
                counter.add(people)
        kept.earlier, kept.earlier_of = counter, (since, until, kept.late)
    return kept.earlier.copy()


def _own(index: Index, *, since: date) -> list[BitMap]:
    """What officers sent alone, day by day, in as few sets as hold everybody's number of them."""
    kept: dict[date, tuple[int, list[BitMap]]] = index.beside.setdefault(BESIDE_OWN, {})
    with catching_up.open_cursor() as cursor:
        cursor.execute(_OWN_DAYS, {"county": index.county_id, "since": since})
        days = dict(cursor.fetchall())
        stale = [day for day, number in days.items() if kept.get(day, (0, []))[0] != number]
        fresh: dict[date, list[BitMap]] = {day: [] for day in stale}
        if stale:
            cursor.execute(_OWN_PEOPLE, {"county": index.county_id, "days": stale})
            for day, packed in cursor.fetchall():
                _stack(fresh[day], bitmap(ordinals(packed)))
    for day, layers in fresh.items():
        kept[day] = (days[day], layers)
    for day in [day for day in kept if day < since]:
        del kept[day]
    return [layer for day in days for layer in kept[day][1]]


def _stack(layers: list[BitMap], people: BitMap) -> None:
    """Who is in n layers already goes into the next one."""
    for n, layer in enumerate(layers):
        layers[n], people = layer | people, layer & people
        if not people:
            return
    if people:
        layers.append(people)


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


@dataclass
class Kept:
    """Shares by id. Those confirmed since `since` have all been read, as they were on `until`."""

    shares: dict[int, Sent] = field(default_factory=dict)
    since: date = date.max
    until: date = date.min
    earlier: quota.Counter = field(default_factory=quota.Counter)
    earlier_of: tuple[date, date, int] | None = None
    late: int = 0  # how often something turned up for days longer ago than a week


def _shares(index: Index, *, since: date, until: date) -> Iterator[Sent]:
    """Those that sent something on these days, and those that may still send."""
    kept: Kept = index.beside.setdefault(BESIDE, Kept())
    with catching_up.open_cursor() as cursor:
        cursor.execute(
            _VERSIONS,
            {
                "county": index.county_id,
                "since": _read_anew_since(kept, since, until) - LATE,
                "live": [state.value for state in LIVE],
            },
        )
        rows = cursor.fetchall()
        stale = {
            id: Sent(version, campaign_id, topic)
            for id, version, campaign_id, topic in rows
            if id not in kept.shares or kept.shares[id].version != version
        }
        _read(cursor, index.county_id, stale)
    # Only now: a query that failed must not leave a share that looks read.
    kept.shares |= stale
    a_week_ago = until - timedelta(days=WEEK_DAYS - 1)
    kept.late += any(day < a_week_ago for share in stale.values() for day in share.on)
    kept.since, kept.until = min(kept.since, since), max(kept.until, until)
    for old in [id for id in kept.shares if made_on(id) < until - KEPT]:
        del kept.shares[old]
    recent = {row[0] for row in rows}
    if since >= until - timedelta(days=WEEK_DAYS):
        yield from (kept.shares[id] for id in recent)
        return
    for id, share in kept.shares.items():
        if id not in recent:
            share.coming = BitMap()  # it is over
        yield share


def _read_anew_since(kept: Kept, since: date, until: date) -> date:
    """What was over a week before anybody last asked has its results; others may have moved on."""
    if since < kept.since:
        return since
    return max(since, min(kept.until, until) - timedelta(days=WEEK_DAYS))


def _read(cursor: Any, county_id: int, stale: dict[int, Sent]) -> None:
    if not stale:
        return
    cursor.execute(
        _DELIVERIES,
        {
            "county": county_id,
            "shares": list(stale),
            "pending": Delivery.Result.PENDING.value,
            "sent": Delivery.Result.SENT.value,
            "live": [state.value for state in LIVE],
        },
    )
    for share_id, day, packed in cursor.fetchall():
        people = bitmap(ordinals(packed))
        if day is None:
            stale[share_id].coming = people
        else:
            stale[share_id].on[day] = people


# A share's results are counted anew with each change of its deliveries (`tallying`).
_VERSIONS = """
SELECT s.id, s.state || s.results::text, s.campaign_id, c.topic
FROM campaigns_share s
JOIN campaigns_campaign c ON c.county_id = s.county_id AND c.id = s.campaign_id
WHERE s.county_id = %(county)s AND NOT c.is_drill
    AND (s.confirmed_at > %(since)s OR s.state = ANY(%(live)s))
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

_OWN_DAYS = """
SELECT sent_on, count(*) FROM campaigns_ownmessage
WHERE county_id = %(county)s AND sent_on >= %(since)s GROUP BY 1 ORDER BY 1
"""

_OWN_PEOPLE = """
SELECT sent_on, (SELECT string_agg(int4send(one), '') FROM unnest(people) AS one)
FROM campaigns_ownmessage
WHERE county_id = %(county)s AND sent_on = ANY(%(days)s::date[])
"""
