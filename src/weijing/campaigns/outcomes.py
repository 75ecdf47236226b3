"""Who had which result of a message, for those that go out again to some of the same people.

Kept as bitmaps beside the audience index, and read again only when a share of it has moved on.
"""

from collections.abc import Iterable

from pyroaring import BitMap

from weijing.audiences.index import catching_up
from weijing.audiences.index.holding import Index
from weijing.audiences.index.packing import bitmap, ordinals

BESIDE = "campaigns.outcomes"
KEPT_MESSAGES = 20

Kept = tuple[str, dict[str, BitMap]]  # the version of its shares, and people by result


def with_result(index: Index, message: str, results: tuple[str, ...]) -> BitMap:
    """Ordinals of the people; nobody's message has nobody. For `audiences.receipts`."""
    kept: dict[str, Kept] = index.beside.setdefault(BESIDE, {})
    asked = {"county": index.county_id, "number": message}
    with catching_up.open_cursor() as cursor:
        cursor.execute(_VERSION, asked)
        [(version,)] = cursor.fetchall()
        known = kept.pop(message, None)
        if known is None or known[0] != version:
            cursor.execute(_PEOPLE, asked)
            known = version, _by_result(cursor)
    kept[message] = known  # the last used is the last to go
    for old in list(kept)[:-KEPT_MESSAGES]:
        del kept[old]
    return BitMap.union(BitMap(), *(known[1].get(result, BitMap()) for result in results))


def _by_result(rows: Iterable[tuple[str, bytes]]) -> dict[str, BitMap]:
    found: dict[str, BitMap] = {}
    for result, people in rows:  # who is pending may be listed or planned
        found[result] = found.get(result, BitMap()) | bitmap(ordinals(people))
    return found


# A share's results are counted anew with each change of its deliveries (`tallying`).
_VERSION = """
SELECT coalesce(md5(string_agg(
    s.id || s.results::text || (p.share_id IS NULL), ',' ORDER BY s.id)), '')
FROM campaigns_share s
JOIN campaigns_campaign c ON c.county_id = s.county_id AND c.id = s.campaign_id
LEFT JOIN campaigns_plannedpeople p ON p.county_id = s.county_id AND p.share_id = s.id
WHERE s.county_id = %(county)s AND c.number = %(number)s
"""

# People are listed, or planned and nothing has been sent to them yet.
_PEOPLE = """
SELECT d.result, string_agg(int4send(r.ordinal), '')
FROM campaigns_campaign c
JOIN campaigns_share s ON s.county_id = c.county_id AND s.campaign_id = c.id
JOIN campaigns_delivery d ON d.county_id = c.county_id AND d.share_id = s.id
JOIN residents_resident r ON r.county_id = c.county_id AND r.id = d.resident_id
WHERE c.county_id = %(county)s AND c.number = %(number)s
    AND NOT EXISTS (
        SELECT 1 FROM campaigns_plannedpeople p
        WHERE p.county_id = c.county_id AND p.share_id = s.id)
GROUP BY 1
UNION ALL
SELECT 'pending', string_agg(int4send(one), '')
FROM campaigns_campaign c
JOIN campaigns_share s ON s.county_id = c.county_id AND s.campaign_id = c.id
JOIN campaigns_plannedpeople p ON p.county_id = c.county_id AND p.share_id = s.id
CROSS JOIN LATERAL unnest(p.people) AS one
WHERE c.county_id = %(county)s AND c.number = %(number)s
HAVING count(*) > 0
"""
