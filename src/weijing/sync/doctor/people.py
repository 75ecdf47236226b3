"""Residents, their WeChat accounts and contacts agree with each other."""

from weijing.sync.doctor.checks import Check, by_sql

# The latest record of each scope decides.
CONSENTS_IN_FORCE = """
    SELECT latest.resident_id, array_agg(latest.scope ORDER BY latest.scope) AS scopes
    FROM (
        SELECT DISTINCT ON (resident_id, scope) resident_id, scope, given
        FROM residents_consentrecord WHERE county_id = %(county)s
        ORDER BY resident_id, scope, at DESC, id DESC
    ) AS latest
    WHERE latest.given GROUP BY latest.resident_id
"""

CHECKS = (
    Check(
        "ordinals.unique", "",
        "No two residents of a county share an ordinal.",
        by_sql(
            "SELECT min(id) FROM residents_resident WHERE county_id = %(county)s "
            "GROUP BY ordinal HAVING count(*) > 1"
        ),
    ),
    Check(
        "ordinals.counted", "",
        "Every ordinal in use lies below the county's counter, so none is given out again.",
        by_sql(
            "SELECT id FROM residents_resident WHERE county_id = %(county)s AND (ordinal < 0 "
            "OR ordinal >= coalesce((SELECT next_ordinal FROM residents_ordinalcounter "
            "WHERE county_id = %(county)s), 0))"
        ),
    ),
    Check(
        "ordinals.dense", "",
        "At least half of the ordinals given out are in use, so that bitmaps stay small.",
        by_sql(
            "SELECT counter.id FROM residents_ordinalcounter counter "
            "WHERE counter.county_id = %(county)s AND counter.next_ordinal > 1000 "
            "AND counter.next_ordinal > 2 * (SELECT count(*) FROM residents_resident "
            "WHERE county_id = %(county)s)"
        ),
        is_notice=True,
    ),
    Check(
        "consents.recorded", "I6",
        "The consents kept on a resident are exactly those whose last record is a yes.",
        by_sql(
            f"SELECT person.id FROM residents_resident person "  # noqa: S608
            f"LEFT JOIN ({CONSENTS_IN_FORCE}) AS force ON force.resident_id = person.id "
            "WHERE person.county_id = %(county)s AND coalesce(force.scopes, '{}')::text[] <> "
            "(SELECT coalesce(array_agg(scope::text ORDER BY scope), '{}') "
            "FROM unnest(person.consents) AS scope)"
        ),
    ),
    Check(
        "identities.owned", "",
        "No WeChat account belongs to a resident who was merged away.",
        by_sql(
            "SELECT identity.id FROM residents_wechatidentity identity "
            "JOIN residents_resident person ON person.county_id = identity.county_id "
            "AND person.id = identity.resident_id "
            "WHERE identity.county_id = %(county)s AND person.lifecycle = 'duplicate'"
        ),
    ),
    Check(
        "contacts.ended", "I13",
        "A contact has an end exactly when somebody has removed the other.",
        by_sql(
            "SELECT id FROM residents_contact WHERE county_id = %(county)s "
            "AND (ended_at IS NOT NULL) <> (state IN ('removed_by_resident', 'removed_by_officer'))"
        ),
    ),
    Check(
        "households.place", "",
        "A resident with a household lives where the household is.",
        by_sql(
            "SELECT person.id FROM residents_resident person "
            "JOIN residents_household home ON home.county_id = person.county_id "
            "AND home.id = person.household_id WHERE person.county_id = %(county)s "
            "AND person.division_id IS DISTINCT FROM home.division_id"
        ),
    ),
)  # fmt: skip
