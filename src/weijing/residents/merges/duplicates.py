"""Records that may be one person: found by rules every night, decided by a person.

A phone alone says nothing: families share one, and a village clerk's stands beside fifty names. So
the names must be the same too, or sound the same, or one contain the other. Two people of the
register with different birth dates are two people, whatever else they share. An ID number stands
in one record only (the database sees to that), so no rule has to look for it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.errors import PermissionDenied
from weijing.core.ids import ID_STEP, reserve
from weijing.residents import policies
from weijing.residents.models import DuplicatePair, Resident
from weijing.residents.queries import visible_to

MAX_ON_ONE_PHONE = 20  # more is a shop's or a clerk's number, not a person's
LIVE = (Resident.Lifecycle.ROLL.value, Resident.Lifecycle.PROVISIONAL.value)


@dataclass(frozen=True)
class Found:
    """How many pairs a search added, and how many no rule finds any more."""

    new: int
    gone: int


@transaction.atomic
def find(county_id: int, *, at: datetime) -> Found:
    """Bring the queue up to date. What a person has decided is not asked again."""
    values: dict[str, Any] = {
        "county": county_id,
        "live": list(LIVE),
        "at": at,
        "most": MAX_ON_ONE_PHONE,
        "step": ID_STEP,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [county_id])
        cursor.execute(_PEOPLE, values)
        # Without figures of it the joins below would be planned for a handful of people.
        cursor.execute("ANALYZE live_person")
        cursor.execute(_FIND, values)
        found = cursor.rowcount
        cursor.execute(_GONE, values)
        gone = cursor.rowcount
        cursor.execute(_ADD, {**values, "first_id": reserve(found + 1)})
        new = cursor.rowcount
        cursor.execute("DROP TABLE found_pair, live_person")
    return Found(new, gone)


def to_review(scope: Scope) -> QuerySet[DuplicatePair]:
    """Undecided pairs of which the officer may see both; the surest rule first."""
    seen = visible_to(scope).values("pk")
    pairs = DuplicatePair.objects.filter(
        county_id=scope.county_id,
        state=DuplicatePair.State.OPEN,
        first_id__in=seen,
        second_id__in=seen,
    )
    people = ("division__parent", "household")
    related = [f"{side}__{name}" for side in ("first", "second") for name in people]
    return pairs.select_related(*related).order_by("-rule", "found_at", "pk")


def about(scope: Scope, person: Resident) -> QuerySet[DuplicatePair]:
    """Of these, the pairs that this person is one of."""
    return to_review(scope).filter(Q(first=person) | Q(second=person))


@transaction.atomic
def say_different(pair_ids: Collection[int], *, by: Officer, scope: Scope, at: datetime) -> int:
    """They are two people each; the rules do not bring them up again. Returns how many.

    Raises `PermissionDenied`.
    """
    if scope.officer_id != by.pk or not policies.can_unite(scope):
        raise PermissionDenied
    open_ones = to_review(scope).filter(pk__in=pair_ids).values("pk")
    # By id, so that two officers who decide on the same page wait instead of blocking.
    rows = DuplicatePair.objects.filter(county_id=scope.county_id, pk__in=open_ones)
    pairs = list(rows.select_for_update().order_by("pk"))
    for pair in pairs:
        pair.state = DuplicatePair.State.DIFFERENT
        pair.decided_by, pair.decided_at = by, at
        trail.record(by, "duplicates.told_apart", pair, at=at)
    DuplicatePair.objects.bulk_update(pairs, ["state", "decided_by", "decided_at"])
    return len(pairs)


def survivor_of(pair: DuplicatePair) -> tuple[Resident, Resident]:
    """Who stays when nobody chooses, and who goes: the roll's record, the fuller one, the older."""
    first, second = sorted((pair.first, pair.second), key=_worth, reverse=True)
    return first, second


def _worth(person: Resident) -> tuple[bool | int, ...]:
    return (
        person.lifecycle == Resident.Lifecycle.ROLL,
        person.roll_digest is not None,
        person.id_number_index is not None,
        person.household_id is not None,
        -person.pk,
    )


_LOCK = "SELECT pg_advisory_xact_lock(hashtext('residents.duplicates'), (%s %% 2147483647)::int)"

_SIMILAR = """(
    one.name = two.name
    OR (one.pinyin <> '' AND one.pinyin = two.pinyin)
    OR (length(one.name) >= 2 AND strpos(two.name, one.name) > 0)
    OR (length(two.name) >= 2 AND strpos(one.name, two.name) > 0))"""

_MAY_BE_ONE = """one.id < two.id AND NOT (
    one.id_number_index IS NOT NULL AND two.id_number_index IS NOT NULL
    AND one.born_on IS DISTINCT FROM two.born_on)"""

_PEOPLE = """
CREATE TEMPORARY TABLE live_person ON COMMIT DROP AS
SELECT person.id, person.name, person.pinyin, person.phone_index, person.id_number_index,
    person.born_on, person.household_id, person.division_id, person.lifecycle, home.address
FROM residents_resident person
LEFT JOIN residents_household home
    ON home.county_id = person.county_id AND home.id = person.household_id
WHERE person.county_id = %(county)s AND person.lifecycle = ANY(%(live)s)
"""

_FIND = f"""
CREATE TEMPORARY TABLE found_pair ON COMMIT DROP AS
WITH shared AS (
    SELECT phone_index FROM live_person WHERE phone_index IS NOT NULL
    GROUP BY phone_index HAVING count(*) BETWEEN 2 AND %(most)s
), by_phone AS (
    SELECT one.id AS first_id, two.id AS second_id
    FROM shared
    JOIN live_person one ON one.phone_index = shared.phone_index
    JOIN live_person two ON two.phone_index = shared.phone_index
    WHERE {_MAY_BE_ONE} AND {_SIMILAR}
), noted AS (
    -- A stranger whose officer noted this phone in WeCom, and the name with it.
    SELECT DISTINCT least(stranger.id, known.id) AS first_id,
        greatest(stranger.id, known.id) AS second_id
    FROM live_person stranger
    JOIN residents_wechatidentity identity
        ON identity.county_id = %(county)s AND identity.resident_id = stranger.id
    JOIN residents_contact contact
        ON contact.county_id = %(county)s AND contact.identity_id = identity.id
        AND contact.state = 'linked'
    CROSS JOIN unnest(contact.remark_mobile_indexes) AS phone
    JOIN live_person known ON known.phone_index = phone AND known.lifecycle = 'roll'
    WHERE stranger.lifecycle = 'provisional' AND length(known.name) >= 2
        AND (strpos(contact.remark, known.name) > 0 OR strpos(stranger.name, known.name) > 0)
), by_home AS (
    SELECT one.id AS first_id, two.id AS second_id
    FROM live_person one
    JOIN live_person two ON two.household_id = one.household_id
        AND (two.name = one.name OR (two.pinyin = one.pinyin AND one.pinyin <> ''
            AND (one.id_number_index IS NULL OR two.id_number_index IS NULL)))
    WHERE {_MAY_BE_ONE}
), by_address AS (
    -- The same door under two household numbers, or a record that has none.
    SELECT one.id AS first_id, two.id AS second_id
    FROM live_person one
    JOIN live_person two ON two.division_id = one.division_id AND two.name = one.name
    WHERE {_MAY_BE_ONE}
        AND (one.household_id IS NULL OR two.household_id IS NULL
            OR (one.address = two.address AND one.address <> ''))
)
SELECT first_id, second_id, max(rule) AS rule
FROM (
    SELECT first_id, second_id, 'phone' AS rule FROM by_phone
    UNION ALL SELECT first_id, second_id, 'phone' FROM noted
    UNION ALL SELECT first_id, second_id, 'name_and_home' FROM by_home
    UNION ALL SELECT first_id, second_id, 'name_and_home' FROM by_address
) found
GROUP BY first_id, second_id
"""  # noqa: S608  (no value is in it)

_GONE = """
DELETE FROM residents_duplicatepair pair
WHERE pair.county_id = %(county)s AND pair.state = 'open' AND NOT EXISTS (
    SELECT 1 FROM found_pair found
    WHERE found.first_id = pair.first_id AND found.second_id = pair.second_id)
"""

_ADD = """
INSERT INTO residents_duplicatepair (county_id, id, first_id, second_id, rule, found_at, state)
SELECT %(county)s, %(first_id)s + row_number() OVER (ORDER BY first_id, second_id) * %(step)s,
    first_id, second_id, rule, %(at)s, 'open'
FROM found_pair
ON CONFLICT (county_id, first_id, second_id) DO NOTHING
"""
