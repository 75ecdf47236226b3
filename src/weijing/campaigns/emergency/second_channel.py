"""Short messages for whom WeCom does not reach: no contact, no friend any more, not confirmed."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from pyroaring import BitMap

from weijing.campaigns.emergency import taking_over
from weijing.campaigns.emergency.models import EmergencyMessage
from weijing.core.env import environment
from weijing.core.ids import ID_STEP, reserve

BECAUSE = {
    "no_contact": "没有微信好友",
    "not_friend": "不再是好友",
    "over_quota": "企业微信条数已满",
    "unusable": "企业微信不收",
    "unconfirmed": "没人确认发送",
    "wecom_fails": "企业微信没有接受任务",
    "left_out": "民辅警没有选上",
}

LOOK_EVERY = timedelta(seconds=30)

# One row per number: `who` has resident, number and reason; a number that has one keeps it.
_NEW = """
SELECT DISTINCT ON (who.phone_index) who.id, who.phone_index, who.because FROM ({who}) who
WHERE NOT EXISTS (SELECT 1 FROM campaigns_sms had
                  WHERE had.county_id = %(county)s AND had.message_id = %(message)s
                    AND had.phone_index = who.phone_index)
ORDER BY who.phone_index, who.id
"""
_COUNT = "SELECT count(*) FROM ({new}) new"
_ADD = """
INSERT INTO campaigns_sms (id, county_id, message_id, resident_id, phone_index, because, state,
                           attempts, due_at, note)
SELECT %(first)s + row_number() OVER () * %(step)s, %(county)s, %(message)s, one.id,
       one.phone_index, one.because, 'waiting', 0, %(at)s, ''
FROM ({new} LIMIT %(count)s) one
ON CONFLICT (county_id, message_id, phone_index) DO NOTHING
"""
_WITHOUT_CONTACT = """
SELECT r.id, r.phone_index, 'no_contact' AS because FROM residents_resident r
WHERE r.county_id = %(county)s AND r.ordinal = ANY (%(people)s) AND r.phone_index IS NOT NULL
  AND r.lifecycle IN ('roll', 'moved')
  AND NOT EXISTS (SELECT 1 FROM campaigns_delivery d JOIN campaigns_share s
                  ON s.county_id = d.county_id AND s.id = d.share_id
                  WHERE d.county_id = %(county)s AND d.resident_id = r.id
                    AND s.campaign_id = %(campaign)s)
"""
# Not while the duty account may still get them, unless WeCom itself has not taken the task, or
# does not take it back. Who is left when the officer has sent theirs was left out on purpose or
# by mistake; that WeCom has told us so shows in `failures`.
_NOT_REACHED = """
SELECT r.id, r.phone_index,
       CASE WHEN d.result <> 'pending' THEN d.result
            WHEN s.state IN ('waiting', 'asking', 'unsure') THEN 'wecom_fails'
            WHEN s.state = 'confirmed' THEN 'left_out'
            ELSE 'unconfirmed' END AS because
FROM campaigns_share s
JOIN campaigns_delivery d ON d.county_id = s.county_id AND d.share_id = s.id
JOIN residents_resident r ON r.county_id = d.county_id AND r.id = d.resident_id
LEFT JOIN campaigns_takeover t ON t.county_id = s.county_id AND t.share_id = s.id
LEFT JOIN campaigns_takeover f ON f.county_id = s.county_id AND f.handed_to_id = s.id
WHERE s.county_id = %(county)s AND s.campaign_id = %(campaign)s AND r.phone_index IS NOT NULL
  AND r.lifecycle IN ('roll', 'provisional', 'moved')
  AND (d.result IN ('not_friend', 'over_quota', 'unusable')
       OR d.result = 'pending' AND (
          s.state IN ('cancelled', 'lapsed', 'refused') AND t.settled_at IS NOT NULL
          OR s.state IN ('waiting', 'asking', 'unsure')
             AND %(at)s >= greatest(%(late)s, f.settled_at + %(after)s)
          OR s.state = 'asked' AND t.settled_at IS NULL AND t.started_at <= %(at)s - %(after)s
          OR s.state = 'confirmed' AND s.failures = 0 AND s.confirmed_at <= %(at)s - %(after)s
          OR f.id IS NOT NULL AND s.state IN ('asked', 'cancelled', 'lapsed', 'refused')
             AND f.settled_at <= %(at)s - %(after)s))
"""


def is_on() -> bool:
    """Whether this installation has a gateway."""
    return bool(environment().sms_base_url)


def add_without_contact(message: EmergencyMessage, people: BitMap, *, at: datetime) -> int:
    """Who has a number and no contact, at the moment of the approval; how many numbers."""
    return _add(message, _WITHOUT_CONTACT, at=at, people=people.to_array().tolist())


@transaction.atomic
def add_not_reached(county_id: int, *, at: datetime) -> int:
    """Whom WeCom has not reached meanwhile, of the messages that nothing has replaced.

    Of each only every half minute: it goes through all of its deliveries.
    """
    found = 0
    for message in taking_over.current(county_id, at=at):
        if message.looked_at is not None and at < message.looked_at + LOOK_EVERY:
            continue
        EmergencyMessage.objects.filter(county_id=county_id, pk=message.pk).update(looked_at=at)
        late, after = taking_over.late_at(message), taking_over.after()
        found += _add(message, _NOT_REACHED, at=at, late=late, after=after)
    return found


def _add(message: EmergencyMessage, who: str, *, at: datetime, **values: Any) -> int:
    if not is_on():
        return 0
    new = _NEW.format(who=who)
    values |= {
        "county": message.county_id,
        "message": message.pk,
        "campaign": message.campaign_id,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(new=new), values)
        [[count]] = cursor.fetchall()
        if not count:
            return 0
        values |= {"count": count, "first": reserve(count + 1), "step": ID_STEP}
        cursor.execute(_ADD.format(new=new), values)
        return int(cursor.rowcount)
