"""Whom one message reached, by whatever way, each person once."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Min

from weijing.accounts.scope import Scope
from weijing.campaigns.emergency import taking_over
from weijing.campaigns.emergency.models import EmergencyEvent, EmergencyMessage, Sms
from weijing.campaigns.models import Delivery
from weijing.campaigns.moving import LIVE
from weijing.residents.merges import survivors

Kind = EmergencyMessage.Kind
WAYS = ("wecom", "sms", "call", "waiting", "not_reached")
WORDS = {
    "wecom": "企业微信已发出",
    "sms": "短信已发出",
    "call": "叫应时已当面、电话告知",
    "waiting": "正在发",
    "not_reached": "还没通知到",
}


@dataclass(frozen=True)
class Reached:
    """People and households by the first way that got through; `people` is the sum of all ways.

    `households` has the ways too, plus `all`: of a household one person is enough.
    """

    people: dict[str, int]
    households_reached: int
    households: int
    sms: dict[str, int] = field(default_factory=dict)  # numbers by state

    @property
    def all(self) -> int:
        return sum(self.people.values())

    @property
    def reached(self) -> int:
        return self.people["wecom"] + self.people["sms"] + self.people["call"]

    @property
    def not_reached(self) -> int:
        return self.people["not_reached"]


# The first way in this order counts; somebody with both WeChat and a short message is one person.
# Whom the officer left out, and who belongs to a task that WeCom does not take back, does not wait.
_BY_WAY = """
WITH person AS (
    SELECT r.id, r.household_id, r.phone_index FROM residents_resident r
    WHERE r.county_id = %(county)s AND r.ordinal = ANY (%(people)s)
), wecom AS (
    SELECT d.resident_id, bool_or(d.result = 'sent') AS sent,
           bool_or(d.result = 'pending' AND s.state = ANY (%(live)s)
                   AND NOT (s.state = 'confirmed' AND s.failures = 0
                            AND s.confirmed_at <= %(long_ago)s)
                   AND NOT (s.state = 'asked' AND t.started_at <= %(long_ago)s)) AS waiting
    FROM campaigns_share s
    JOIN campaigns_delivery d ON d.county_id = s.county_id AND d.share_id = s.id
    LEFT JOIN campaigns_takeover t ON t.county_id = s.county_id AND t.share_id = s.id
    WHERE s.county_id = %(county)s AND s.campaign_id = %(campaign)s GROUP BY 1
), told AS (
    SELECT person.id, person.household_id,
           CASE WHEN wecom.sent THEN 'wecom'
                WHEN sms.state IN ('accepted', 'delivered') THEN 'sms'
                WHEN call.state = 'answered' AND %(calls_count)s
                     AND call.ended_at >= %(approved_at)s THEN 'call'
                WHEN wecom.waiting OR sms.state IN ('waiting', 'sending') THEN 'waiting'
                ELSE 'not_reached' END AS way
    FROM person
    LEFT JOIN wecom ON wecom.resident_id = person.id
    LEFT JOIN campaigns_sms sms ON sms.county_id = %(county)s AND sms.message_id = %(message)s
         AND sms.phone_index = person.phone_index
    LEFT JOIN campaigns_householdcall call ON call.county_id = %(county)s
         AND call.event_id = %(event)s AND call.household_id = person.household_id
)
"""
_TOTALS = """
SELECT way, count(*), NULL::bigint, NULL::bigint FROM told GROUP BY way
UNION ALL
SELECT '', 0, count(DISTINCT household_id),
       count(DISTINCT household_id) FILTER (WHERE way IN ('wecom', 'sms', 'call')) FROM told
"""
# Along the villages, as somebody walks; who has no address on record is for the county desk.
_WITHOUT = """
FROM told JOIN residents_resident r ON r.county_id = %(county)s AND r.id = told.id
LEFT JOIN territory_division place
    ON place.county_id = r.county_id AND place.id = r.division_id
WHERE told.way = 'not_reached' AND (%(everywhere)s OR EXISTS (
    SELECT 1 FROM unnest(%(from)s::int[], %(to)s::int[]) AS own (lo, hi)
    WHERE place.lo BETWEEN own.lo AND own.hi))
"""
_ALONG_THE_VILLAGES = """
ORDER BY place.lo, r.household_id, r.id LIMIT %(limit)s OFFSET %(offset)s
"""


def reached(message: EmergencyMessage, *, at: datetime) -> Reached:
    """How far the message is now. It must have been approved."""
    people = dict.fromkeys(WAYS, 0)
    households = households_reached = 0
    with connection.cursor() as cursor:
        cursor.execute(_BY_WAY + _TOTALS, _values(message, at=at))
        for way, count, all_homes, told_homes in cursor.fetchall():
            if way:
                people[way] = count
            else:
                households, households_reached = all_homes, told_homes
    return Reached(people, households_reached, households, _sms(message))


class NotReached:
    """People whom no way has reached so far, in the places that somebody answers for.

    A sequence of their ids for a paginator; showing them is a reading.
    """

    def __init__(self, message: EmergencyMessage, scope: Scope, *, at: datetime) -> None:
        self._values = {
            **_values(message, at=at),
            "everywhere": scope.whole_county and scope.sees_residents,
            "from": [lo for lo, _ in scope.ranges],
            "to": [hi for _, hi in scope.ranges],
        }

    def __len__(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute(_BY_WAY + "SELECT count(*)" + _WITHOUT, self._values)
            [[count]] = cursor.fetchall()
        return int(count)

    def __getitem__(self, part: slice) -> list[int]:
        values = {**self._values, "offset": part.start, "limit": part.stop - part.start}
        with connection.cursor() as cursor:
            cursor.execute(_BY_WAY + "SELECT r.id" + _WITHOUT + _ALONG_THE_VILLAGES, values)
            return [row[0] for row in cursor.fetchall()]


def first_sent_at(event: EmergencyEvent) -> datetime | None:
    """When the first person got the first message, by whatever way."""
    first = event.messages.filter(county_id=event.county_id, kind=EmergencyMessage.Kind.FIRST)
    wecom = Delivery.objects.filter(
        county_id=event.county_id, share__campaign__in=first.values("campaign_id")
    ).aggregate(at=Min("sent_at"))["at"]
    sms = Sms.objects.filter(county_id=event.county_id, message__in=first).aggregate(
        at=Min("accepted_at")
    )["at"]
    return min((at for at in (wecom, sms) if at), default=None)


def _sms(message: EmergencyMessage) -> dict[str, int]:
    rows = Sms.objects.filter(county_id=message.county_id, message=message)
    counts = dict.fromkeys(Sms.State.values, 0)
    for state in rows.values_list("state", flat=True):
        counts[state] += 1
    return counts


def _values(message: EmergencyMessage, *, at: datetime) -> dict[str, Any]:
    concerned = survivors.of(message.county_id, message.concerned())
    return {
        "county": message.county_id,
        "message": message.pk,
        "event": message.event_id,
        "campaign": message.campaign_id,
        "approved_at": message.approved_at,
        "long_ago": at - taking_over.after(),
        # A call is about the danger; that it is over nobody has said by it.
        "calls_count": message.kind in (Kind.FIRST, Kind.UPDATE),
        "live": [state.value for state in LIVE],
        "people": concerned.to_array().tolist(),
    }
