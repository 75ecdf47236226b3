"""Through which officer each resident is reached, kept in memory beside the audience index.

The officer chosen for the person, else the one posted to their beat, else the one who was added
last; each only if the person is a live contact of theirs, on an account of their own or on one they
share. Who is away is passed over, and who stands in for them comes in their place. Who changes is
looked up again; when postings, officers or absences change, everybody is.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from weijing.audiences.index import catching_up
from weijing.audiences.index.holding import Index
from weijing.audiences.index.packing import bitmap, longs, numbers, ordinals

BESIDE = "campaigns.routes"
NOBODY = 0


@dataclass
class Routes:
    """By ordinal. `owners`: of those reached through another's account, whose it is.

    `absent`: who has a contact with an officer who is away, also when there is another way.
    """

    signature: str
    codes: npt.NDArray[np.int32]  # of officers, NOBODY where there is no way
    officer_ids: list[int]  # by code
    reached: BitMap
    owners: dict[int, int]
    absent: BitMap

    def loads(self, people: BitMap) -> dict[int, int]:
        """How many of these people each officer reaches, by the officer's id."""
        counted = np.bincount(self.codes[numbers(people)], minlength=len(self.officer_ids))
        return {
            self.officer_ids[code]: int(counted[code])
            for code in np.flatnonzero(counted).tolist()
            if code != NOBODY
        }


def routes(index: Index, *, at: datetime) -> Routes:
    """As of now; `index` is the caller's while it uses them (`keeping.current`)."""
    with catching_up.open_cursor() as cursor:
        cursor.execute(_SIGNATURE, {"county": index.county_id, "at": at}, prepare=True)
        [(signature,)] = cursor.fetchall()
        # Taken out until it is whole again: a query that fails must not leave half of it.
        kept = index.beside.pop(BESIDE, None)
        changed = index.changed_for(BESIDE)
        if not isinstance(kept, Routes) or kept.signature != signature:
            codes = np.zeros(len(index.ids), np.int32)
            kept = Routes(signature, codes, [0], BitMap(), {}, BitMap())
            _look_up(cursor, index, kept, None, at=at)
        elif changed:
            _look_up(cursor, index, kept, changed, at=at)
    index.beside[BESIDE] = kept
    return kept


def _look_up(
    cursor: Any, index: Index, kept: Routes, changed: BitMap | None, *, at: datetime
) -> None:
    """The ways of those who changed; None: of everybody."""
    missing = len(index.ids) - len(kept.codes)
    if missing > 0:
        kept.codes = np.append(kept.codes, np.zeros(missing, np.int32))
    people: list[int] = changed.to_array().tolist() if changed is not None else []
    if changed is not None:
        kept.reached -= changed
        kept.absent -= changed
        kept.codes[people] = NOBODY
        for one in people:
            kept.owners.pop(one, None)
    asked = {
        "county": index.county_id, "at": at, "everybody": changed is None, "people": people,
    }  # fmt: skip
    cursor.execute(_ABSENT, asked)
    [(packed,)] = cursor.fetchall()
    kept.absent |= bitmap(ordinals(packed))
    cursor.execute(_THROUGH, asked)
    [(packed, officers, owners)] = cursor.fetchall()
    found = ordinals(packed)
    kept.codes[found] = _codes(kept, longs(officers))
    kept.reached |= bitmap(found)
    accounts = ordinals(owners)
    for one in np.flatnonzero(found != accounts).tolist():
        kept.owners[int(found[one])] = int(accounts[one])


def _codes(kept: Routes, officers: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    known = {id: code for code, id in enumerate(kept.officer_ids)}
    distinct, spots = np.unique(officers, return_inverse=True)
    for id in distinct.tolist():
        if id not in known:
            known[id] = len(kept.officer_ids)
            kept.officer_ids.append(id)
    return np.array([known[id] for id in distinct.tolist()] or [NOBODY], np.int32)[spots]


_SIGNATURE = """
SELECT md5(coalesce(string_agg(line, ',' ORDER BY line COLLATE "C"), '')) FROM (
    SELECT 'o' || id FROM accounts_officer
    WHERE county_id = %(county)s AND is_active AND serves_residents AND wecom_userid <> ''
    UNION ALL
    SELECT 'p' || officer_id || '/' || beat_id FROM accounts_posting
    WHERE county_id = %(county)s AND kind = 'primary' AND starts_at <= %(at)s
        AND (ends_at IS NULL OR ends_at > %(at)s)
    UNION ALL
    SELECT 'a' || officer_id || '/' || coalesce(deputy_id, 0) FROM accounts_absence
    WHERE county_id = %(county)s AND starts_at <= %(at)s AND ends_at > %(at)s
    UNION ALL
    SELECT 'b' || beat_id || '/' || division_id FROM territory_beatdivision
    WHERE county_id = %(county)s
) AS facts (line)
"""

_ABSENT = """
SELECT string_agg(int4send(ordinal), '') FROM (
    SELECT DISTINCT r.ordinal
    FROM accounts_absence a
    JOIN residents_contact c
        ON c.county_id = a.county_id AND c.officer_id = a.officer_id AND c.state = 'linked'
    JOIN residents_wechatidentity i ON i.county_id = c.county_id AND i.id = c.identity_id
    JOIN residents_resident r ON r.county_id = i.county_id AND r.id = i.resident_id
    WHERE a.county_id = %(county)s AND a.starts_at <= %(at)s AND a.ends_at > %(at)s
        AND (%(everybody)s OR r.ordinal = ANY(%(people)s::int[]))
) AS people
"""

# `posted`: primary officers and the stretches of their beats, by themselves: on a county that was
# loaded a moment ago the planner knows no sizes, and would try every posting with every division.
# `answers`: the primary officer of each division, by the narrowest beat that covers it.
# `way`: every live contact of every account that somebody uses, and whose account it is.
_THROUGH = """
WITH away AS MATERIALIZED (
    SELECT officer_id, deputy_id FROM accounts_absence
    WHERE county_id = %(county)s AND starts_at <= %(at)s AND ends_at > %(at)s
),
posted AS MATERIALIZED (
    SELECT b.lo, b.hi, coalesce(away.deputy_id, p.officer_id) AS officer_id
    FROM accounts_posting p
    LEFT JOIN away ON away.officer_id = p.officer_id
    JOIN territory_beatdivision bd ON bd.county_id = p.county_id AND bd.beat_id = p.beat_id
    JOIN territory_division b ON b.county_id = bd.county_id AND b.id = bd.division_id
    WHERE p.county_id = %(county)s AND b.county_id = %(county)s AND p.kind = 'primary'
        AND p.starts_at <= %(at)s AND (p.ends_at IS NULL OR p.ends_at > %(at)s)
),
answers AS MATERIALIZED (
    SELECT DISTINCT ON (d.id) d.id AS division_id, posted.officer_id
    FROM posted
    JOIN territory_division d
        ON d.county_id = %(county)s AND d.lo BETWEEN posted.lo AND posted.hi
    ORDER BY d.id, posted.hi - posted.lo
),
person AS MATERIALIZED (
    SELECT r.id, r.ordinal, r.division_id,
        coalesce(away.deputy_id, r.primary_officer_id) AS primary_officer_id
    FROM residents_resident r
    LEFT JOIN away ON away.officer_id = r.primary_officer_id
    WHERE r.county_id = %(county)s
        AND (%(everybody)s OR r.ordinal = ANY(%(people)s::int[]))
),
account AS (
    SELECT i.id AS identity_id, person.id AS person_id, person.ordinal AS owner
    FROM person
    JOIN residents_wechatidentity i ON i.county_id = %(county)s AND i.resident_id = person.id
    UNION ALL
    SELECT s.identity_id, s.resident_id, owner.ordinal
    FROM residents_identitysharer s
    JOIN person ON person.id = s.resident_id
    JOIN residents_wechatidentity i ON i.county_id = s.county_id AND i.id = s.identity_id
    JOIN residents_resident owner ON owner.county_id = i.county_id AND owner.id = i.resident_id
    WHERE s.county_id = %(county)s
),
way AS (
    SELECT DISTINCT ON (person.ordinal) person.ordinal, c.officer_id, account.owner
    FROM account
    JOIN person ON person.id = account.person_id
    JOIN residents_contact c
        ON c.county_id = %(county)s AND c.identity_id = account.identity_id
    JOIN accounts_officer o ON o.county_id = c.county_id AND o.id = c.officer_id
    LEFT JOIN answers a ON a.division_id = person.division_id AND a.officer_id = c.officer_id
    WHERE c.state = 'linked' AND o.is_active AND o.serves_residents AND o.wecom_userid <> ''
        AND NOT EXISTS (SELECT 1 FROM away WHERE away.officer_id = c.officer_id)
    ORDER BY person.ordinal, (account.owner <> person.ordinal),
        (c.officer_id IS DISTINCT FROM person.primary_officer_id), (a.officer_id IS NULL),
        c.added_at DESC, c.id DESC
)
SELECT string_agg(int4send(ordinal), ''), string_agg(int8send(officer_id), ''),
    string_agg(int4send(owner), '')
FROM way
"""
