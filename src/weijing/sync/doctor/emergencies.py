"""What an emergency leaves waiting, and whether the second way is there."""

from weijing.campaigns.emergency import second_channel
from weijing.core import sms
from weijing.sync.doctor.checks import Check, Offenders, Patient, by_sql


def gateway_answers(patient: Patient) -> Offenders:
    found = Offenders()
    if second_channel.is_on():
        try:
            sms.gateway().check()
        except (sms.NotAnswered, sms.NotConfigured) as error:
            found.add(type(error).__name__)
    return found


def there_is_a_gateway(patient: Patient) -> Offenders:
    found = Offenders()
    if not second_channel.is_on():
        found.add("WEIJING_SMS_BASE_URL")
    return found


# While a county is paused nothing of it moves, and that is right.
CHECKS = (
    Check(
        "sms.gateway", "",
        "The gateway for short messages, if one is set, answers and knows our key.",
        gateway_answers,
    ),
    Check(
        "sms.none", "",
        "There is a gateway for people without WeChat.",
        there_is_a_gateway,
        is_notice=True,
    ),
    Check(
        "sms.moving", "I5",
        "Every short message that waits is tried again at a set time, and that time is kept.",
        by_sql(
            "SELECT id FROM campaigns_sms WHERE county_id = %(county)s "
            "AND state IN ('waiting', 'sending') "
            "AND (due_at IS NULL OR due_at < %(at)s - interval '15 minutes' AND NOT EXISTS "
            "(SELECT 1 FROM campaigns_campaignpause WHERE county_id = %(county)s))"
        ),
    ),
    Check(
        "emergencies.takeovers", "I5",
        "A share that nobody confirmed in an emergency is settled within an hour.",
        by_sql(
            "SELECT id FROM campaigns_takeover WHERE county_id = %(county)s "
            "AND settled_at IS NULL AND started_at < %(at)s - interval '60 minutes' "
            "AND NOT EXISTS (SELECT 1 FROM campaigns_campaignpause WHERE county_id = %(county)s)"
        ),
    ),
    Check(
        "emergencies.drills", "",
        "No message of a drill is without the word for it.",
        by_sql(
            "SELECT id FROM campaigns_campaign WHERE county_id = %(county)s "
            "AND is_drill AND strpos(body, '【演练】') <> 1"
        ),
    ),
    Check(
        "emergencies.news", "",
        "No emergency waits for news that was due, and no household for a call.",
        by_sql(
            "SELECT id FROM campaigns_emergencyevent WHERE county_id = %(county)s "
            "AND state IN ('pushed', 'updated') AND update_due_at < %(at)s "
            "UNION ALL SELECT id FROM campaigns_householdcall WHERE county_id = %(county)s "
            "AND state = 'calling' AND due_at < %(at)s - interval '15 minutes'"
        ),
        is_notice=True,
    ),
    Check(
        "emergencies.reviews", "",
        "What one leader let go alone was looked at by another within a day.",
        by_sql(
            "SELECT id FROM campaigns_emergencymessage WHERE county_id = %(county)s "
            "AND approved_at < %(at)s - interval '24 hours' AND reviewed_at IS NULL"
        ),
        is_notice=True,
    ),
)  # fmt: skip
