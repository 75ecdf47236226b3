"""Wishes to read a contact again, many events to one wish."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import connection

from weijing.core.ids import new_ids
from weijing.sync.hints import Hints


def wish(county_id: int, wanted: Mapping[str, Hints], *, at: datetime) -> None:
    """Ask for these contacts (by external_userid) to be read again soon, with what events said.

    A wish that waits, failed or is parked becomes a fresh one; one that is just being fulfilled
    is fulfilled once more, for its reading may be older than the event.
    """
    if not wanted:
        return
    names = sorted(wanted)  # in one order everywhere: no deadlock
    with connection.cursor() as cursor:
        cursor.execute(
            _WISH,
            {
                "county": county_id,
                "at": at,
                "ids": new_ids(len(names)),
                "names": names,
                "hints": [json.dumps(wanted[name]) for name in names],
            },
        )


def wish_all(county_id: int, external_userids: Iterable[str], *, at: datetime) -> None:
    """The same, without any event behind it."""
    wish(county_id, {name: {} for name in external_userids}, at=at)


_WISH = """
INSERT INTO sync_contactrefresh AS kept
    (county_id, id, external_userid, wanted_at, due_at, attempts, parked_because, version, hints)
SELECT %(county)s, id, name, %(at)s, %(at)s, 0, '', 1, hints::jsonb
FROM unnest(%(ids)s::bigint[], %(names)s::text[], %(hints)s::text[]) AS row (id, name, hints)
ON CONFLICT (county_id, external_userid) DO UPDATE SET
    wanted_at = excluded.wanted_at, due_at = excluded.due_at, attempts = 0, parked_because = '',
    version = kept.version + 1,
    hints = CASE WHEN excluded.hints = '{}' THEN kept.hints ELSE (
        SELECT jsonb_object_agg(key, latest) FROM (
            SELECT key, max(value::bigint) AS latest FROM (
                SELECT * FROM jsonb_each_text(kept.hints)
                UNION ALL SELECT * FROM jsonb_each_text(excluded.hints)
            ) AS both_hints GROUP BY key
        ) AS merged
    ) END
"""
