"""I4 to I6 and I13: each share is one task, has an exit, and reaches only who agreed."""

from weijing.sync.doctor.checks import Check, by_sql

LIVE = "('waiting', 'asking', 'unsure', 'asked', 'confirmed')"
HAS_TASK = "('asked', 'confirmed', 'finished')"

CHECKS = (
    Check(
        "shares.msgid", "I4",
        "A share that was asked has exactly one task in WeCom, and no task serves two shares.",
        by_sql(
            f"SELECT id FROM campaigns_share WHERE county_id = %(county)s "  # noqa: S608
            f"AND state IN {HAS_TASK} AND coalesce(msgid, '') = '' "
            "UNION SELECT min(id) FROM campaigns_share WHERE county_id = %(county)s "
            "AND msgid IS NOT NULL GROUP BY msgid HAVING count(*) > 1"
        ),
    ),
    Check(
        "shares.code", "I4",
        "No reference code is on two shares.",
        by_sql(
            "SELECT min(id) FROM campaigns_share WHERE county_id = %(county)s "
            "GROUP BY code HAVING count(*) > 1"
        ),
    ),
    Check(
        "shares.exit", "I5",
        "Every share under way is looked at again at a set time, and that time is kept.",
        by_sql(
            f"SELECT id FROM campaigns_share WHERE county_id = %(county)s "  # noqa: S608
            f"AND state IN {LIVE} "
            "AND (due_at IS NULL OR due_at < %(at)s - interval '15 minutes') AND NOT needs_person "
            "AND NOT (state = 'waiting' AND stop = '' AND due_at IS NOT NULL AND EXISTS ("
            "SELECT 1 FROM campaigns_campaignpause WHERE county_id = %(county)s))"
        ),
    ),
    Check(
        "shares.unsure", "I5",
        "A lost answer is cleared up within an hour, or a person has been asked.",
        by_sql(
            "SELECT id FROM campaigns_share WHERE county_id = %(county)s AND state = 'unsure' "
            "AND NOT needs_person AND intent_at < %(at)s - interval '60 minutes'"
        ),
    ),
    Check(
        "shares.person", "I5",
        "No share waits for a person's decision.",
        by_sql(
            "SELECT id FROM campaigns_share WHERE county_id = %(county)s AND needs_person"
        ),
        is_notice=True,
    ),
    Check(
        "shares.strays", "I4",
        "No task in WeCom that should not be there is left uncancelled.",
        by_sql(
            "SELECT id FROM campaigns_straytask WHERE county_id = %(county)s "
            "AND cancelled_at IS NULL AND NOT was_sent AND seen_at < %(at)s - interval '30 minutes'"
        ),
    ),
    Check(
        "campaigns.ended", "I5",
        "No campaign has ended while one of its shares is under way; a released one has shares.",
        by_sql(
            f"SELECT campaign.id FROM campaigns_campaign campaign "  # noqa: S608
            "WHERE campaign.county_id = %(county)s AND ("
            "(campaign.state = 'finished' AND EXISTS (SELECT 1 FROM campaigns_share share "
            "WHERE share.county_id = campaign.county_id AND share.campaign_id = campaign.id "
            f"AND share.state IN {LIVE})) "
            "OR (campaign.state = 'released' AND NOT EXISTS (SELECT 1 FROM campaigns_share share "
            "WHERE share.county_id = campaign.county_id AND share.campaign_id = campaign.id)))"
        ),
    ),
    Check(
        "campaigns.released", "I13",
        "What was released was released by another person than its author, at a known time; "
        "only what protects life may go out by one.",
        by_sql(
            "SELECT id FROM campaigns_campaign WHERE county_id = %(county)s AND ("
            "(released_by_id = drafted_by_id AND NOT is_urgent) "
            "OR (released_at IS NULL) <> (released_by_id IS NULL) "
            "OR (state IN ('released', 'finished') AND released_at IS NULL) "
            "OR (state IN ('draft', 'submitted') AND released_at IS NOT NULL))"
        ),
    ),
    Check(
        "shares.times", "I13",
        "The times on a share fit the state it says it is in.",
        by_sql(
            f"SELECT id FROM campaigns_share WHERE county_id = %(county)s AND ("  # noqa: S608
            f"(state IN {HAS_TASK} AND asked_at IS NULL) "
            "OR (state = 'confirmed' AND confirmed_at IS NULL) "
            f"OR (state IN {LIVE} AND ended_at IS NOT NULL) "
            f"OR (state NOT IN {LIVE} AND ended_at IS NULL))"
        ),
    ),
    Check(
        "deliveries.consent", "I6",
        "Nobody was asked for, or reached, who had not agreed to publicity when we asked; "
        "what protects life needs no consent.",
        by_sql(
            f"SELECT delivery.id FROM campaigns_delivery delivery "  # noqa: S608
            "JOIN campaigns_share share ON share.county_id = delivery.county_id "
            "AND share.id = delivery.share_id "
            "JOIN campaigns_campaign campaign ON campaign.county_id = share.county_id "
            "AND campaign.id = share.campaign_id AND NOT campaign.is_urgent "
            "WHERE delivery.county_id = %(county)s AND delivery.result <> 'withdrawn' "
            f"AND share.state IN {HAS_TASK} AND share.intent_at IS NOT NULL "
            "AND NOT coalesce((SELECT record.given FROM residents_consentrecord record "
            "WHERE record.county_id = delivery.county_id "
            "AND record.resident_id = delivery.resident_id AND record.scope = 'publicity' "
            "AND record.at <= share.intent_at ORDER BY record.at DESC, record.id DESC LIMIT 1), "
            "false)"
        ),
    ),
    Check(
        "deliveries.once", "I6",
        "Nobody gets a campaign twice.",
        by_sql(
            "SELECT min(delivery.id) FROM campaigns_delivery delivery "
            "JOIN campaigns_share share ON share.county_id = delivery.county_id "
            "AND share.id = delivery.share_id WHERE delivery.county_id = %(county)s "
            "GROUP BY share.campaign_id, delivery.resident_id HAVING count(*) > 1"
        ),
    ),
    Check(
        "shares.results", "I14",
        "The results shown for a share that ended are its deliveries, counted.",
        by_sql(
            "SELECT share.id FROM campaigns_share share LEFT JOIN LATERAL ("
            "SELECT jsonb_object_agg(result, n) AS results FROM ("
            "SELECT result, count(*) AS n FROM campaigns_delivery delivery "
            "WHERE delivery.county_id = share.county_id AND delivery.share_id = share.id "
            "GROUP BY result) AS by_result) AS counted ON true "
            "WHERE share.county_id = %(county)s AND share.state = 'finished' "
            "AND share.results <> coalesce(counted.results, '{}')"
        ),
    ),
)  # fmt: skip
