"""A county of full size, written by numpy and COPY; nobody's name, nobody's phone.

Ordinals are in random order with respect to places and tags: the worst case for bitmaps. Beside
the product's own tables lie those that others would count in, with the same content.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import roll_import

SEED = 20260101
OFFICERS = 1_400
LINKED_SHARE, OPTED_OUT_SHARE = 900_000 / 1_300_000, 0.03
COMMON, MIDDLING, SOME = 3, 10, 40  # tags on 53-72 %, 18-42 % and 1-8 % of the people
FIRST_ID, ID_STEP = 1 << 40, 1 << 18
EPOCH = np.datetime64("2000-01-01")
NAME = "audiences"
SETTINGS = {
    # What SQL on rows wants: everything in memory, room to sort, two workers for a query.
    "shared_buffers": "4GB",
    "work_mem": "256MB",
    "maintenance_work_mem": "1GB",
    "max_wal_size": "8GB",
    "idle_in_transaction_session_timeout": "0",
}


@contextmanager
def server(keep: Path | None = None) -> Iterator[None]:
    """A PostgreSQL of our own, durable as in production; gone afterwards, or stopped if kept."""
    from weijing.core import crypto, embedded_postgres

    var = keep or Path(tempfile.mkdtemp(prefix="weijing-bench-"))
    var.mkdir(exist_ok=True)
    var.chmod(0o711)
    os.environ["WEIJING_VAR"] = str(var)
    os.environ.pop("DATABASE_URL", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "weijing.settings"
    if not (var / "secrets.json").exists():
        crypto.create_secrets(var / "secrets.json")
    embedded_postgres.up(var, extra=SETTINGS)
    try:
        yield
    finally:
        if keep:
            embedded_postgres.down(var)
        else:
            embedded_postgres.remove(var)
            shutil.rmtree(var, ignore_errors=True)


def county(residents: int) -> Any:
    """The county of that size: as an earlier run left it, or written anew."""
    import django
    from django.db import connection

    django.setup()
    from weijing.territory.models import County

    name = f"{NAME}_{residents}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        there = {row[0] for row in cursor.fetchall()}
    if name in there:
        use(name)
        return County.objects.get()
    if "empty" not in there:
        roll_import.prepare()
    made = roll_import.fresh(f"{name}_unfinished")
    _write(made, residents)
    connection.close()
    connection.settings_dict["NAME"] = "weijing"
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}_unfinished" RENAME TO "{name}"')
    use(name)
    return made


def use(name: str) -> None:
    """Connect to that database from now on."""
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = name


def tags_by_rank(county: Any) -> list[Any]:
    """All tags, the most carried first; those come first that a message may name freely."""
    from weijing.tags.models import Tag

    tags = list(Tag.objects.filter(county=county).select_related("group").order_by("code"))
    np.random.default_rng(SEED).shuffle(tags)  # type: ignore[arg-type]

    def is_free(tag: Any) -> bool:
        group = tag.group
        return group.audience == "yes" and not (tag.sensitive or group.needs_separate_consent)

    return sorted(tags, key=lambda tag: not is_free(tag))


def _write(county: Any, residents: int) -> None:
    from django.db import connection, transaction

    from weijing.residents.importing.bulk_load import without_indexes
    from weijing.tags.loading import load

    load(county)
    tables = [
        "residents_household", "residents_resident", "residents_wechatidentity",
        "residents_contact", "tags_tagassignment",
    ]  # fmt: skip
    random = np.random.default_rng(SEED)
    with transaction.atomic(), without_indexes(tables), connection.cursor() as cursor:
        values = {"county": county.pk, "officers": OFFICERS, "id": FIRST_ID, "step": ID_STEP}
        cursor.execute(GROUPS, values)
        cursor.execute("SELECT id, lo FROM territory_division WHERE level = 'group' ORDER BY lo")
        places, los = np.array(cursor.fetchall()).T
        home, spot = _homes(random, residents, len(places))
        _copy_people(cursor, random, home, places[spot], los[spot])
        _copy_tags(cursor, random, tags_by_rank(county), los[spot])
        for statement in ROWS.split(";"):
            cursor.execute(statement, values)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (FREEZE, ANALYZE)")


def _homes(random: Any, residents: int, places: int) -> tuple[Any, Any]:
    """Household and place of each ordinal: households of four, villages of all sizes."""
    homes = residents // 4 + 1
    share = random.lognormal(0, 0.5, places)
    place_of_home = random.choice(places, homes, p=share / share.sum())
    home = random.permutation(residents) // 4
    return home, place_of_home[home]


def _copy_people(cursor: Any, random: Any, home: Any, place: Any, lo: Any) -> None:
    residents = len(home)
    age_days = np.minimum(random.gamma(2.4, 16.5, residents), 99) * 365.25
    born = (np.datetime64("today") - age_days.astype("timedelta64[D]") - EPOCH).astype(int)
    linked = np.zeros(residents, bool)
    linked[random.permutation(residents)[: round(residents * LINKED_SHARE)]] = True
    columns: dict[str, tuple[str, Any]] = {
        "id": ("i4", np.arange(residents)), "home": ("i4", home), "place": ("i8", place),
        "lo": ("i4", lo), "born": ("i4", born), "linked": ("i1", linked),
        "opted_out": ("i1", random.random(residents) < OPTED_OUT_SHARE),
        "female": ("i1", random.random(residents) < 0.49),
    }  # fmt: skip
    cursor.execute(PEOPLE_TABLE)
    _copy(cursor, "bench_person", columns)


def _copy_tags(cursor: Any, random: Any, tags: list[Any], lo: Any) -> None:
    """Skewed as a county's are; half of the rare ones belong to one part of it."""
    residents = len(lo)
    cursor.execute(TAGS_TABLE)
    by_place = np.argsort(lo, kind="stable")
    rare = len(tags) - COMMON - MIDDLING - SOME
    shares = np.concatenate([
        random.uniform(0.53, 0.72, COMMON), random.uniform(0.18, 0.42, MIDDLING),
        random.uniform(0.01, 0.08, SOME), random.uniform(0.0002, 0.0042, rare),
    ])  # fmt: skip
    for rank, share in enumerate(shares):
        if rank < COMMON + MIDDLING + SOME:
            carriers = np.flatnonzero(random.random(residents) < share)
        elif rank % 2:
            carriers = np.unique(random.integers(0, residents, int(residents * share)))
        else:
            start = random.integers(0, residents * 9 // 10)
            near = by_place[start : start + residents // 10]
            carriers = np.unique(random.choice(near, int(residents * share)))
        numbers = {"person": ("i4", carriers), "tag": ("i4", np.full(len(carriers), rank))}
        _copy(cursor, "bench_tag", numbers)
    numbered = {"ranks": list(range(len(tags))), "ids": [tag.pk for tag in tags]}
    cursor.execute(
        "CREATE TABLE bench_tag_id AS SELECT * FROM unnest(%(ranks)s::int[], %(ids)s::bigint[]) "
        "AS one (tag, id)",
        numbered,
    )


def _copy(cursor: Any, table: str, columns: dict[str, tuple[str, Any]]) -> None:
    """Rows in PostgreSQL's binary form, laid out by numpy."""
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name, (kind, _) in columns.items():
        layout += [(f"{name} length", ">i4"), (name, ">" + kind)]
    rows = np.zeros(len(next(iter(columns.values()))[1]), np.dtype(layout))
    rows["fields"] = len(columns)
    for name, (kind, values) in columns.items():
        rows[f"{name} length"], rows[name] = int(kind[1]), values
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)") as copy:
        copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows.tobytes() + b"\xff\xff")


PEOPLE_TABLE = """
CREATE TABLE bench_person (id int PRIMARY KEY, home int, place bigint, lo int, born date,
    linked bool, opted_out bool, female bool)
"""
TAGS_TABLE = "CREATE TABLE bench_tag (person int, tag int)"

GROUPS = """
INSERT INTO territory_division
    (county_id, id, code, name, short_name, level, parent_id, lo, hi, source)
SELECT %(county)s, 1000000 + row_number() OVER (ORDER BY village.lo, n),
    village.code || lpad(n::text, 3, '0'), n || '组', n || '组', 'group', village.id,
    village.lo + n, village.lo + n, 'bench'
FROM territory_division village, generate_series(1, 11) n WHERE village.level = 'village'
"""

ROWS = """
INSERT INTO accounts_officer (county_id, id, password, username, name, rank_kind, wecom_userid,
    is_active, serves_residents)
SELECT %(county)s, 3000000 + n, '', 'o' || n, '民警' || n, 'police', 'o' || n, true, true
FROM generate_series(0, %(officers)s - 1) n;

INSERT INTO residents_household (county_id, id, division_id, number, address, kind, ended_on)
SELECT %(county)s, 10000000 + home, min(place), 'H' || home, home || '号', 'family', NULL
FROM bench_person GROUP BY home;

INSERT INTO residents_resident (county_id, id, ordinal, household_id, division_id, household_role,
    name, pinyin, initials, grams, sex, born_on, reach, away_at, lifecycle, consents)
SELECT %(county)s, %(id)s + id * %(step)s::bigint, id, 10000000 + home, place, '', '样例', 'yangli',
    'yl', '{}', CASE WHEN female THEN 'f' ELSE 'm' END, born, '', '', 'roll',
    CASE WHEN opted_out THEN '{contact}' ELSE '{contact,publicity}' END::text[]
FROM bench_person ORDER BY id;

INSERT INTO residents_ordinalcounter (county_id, id, next_ordinal)
SELECT %(county)s, 1, max(id) + 1 FROM bench_person;

INSERT INTO residents_wechatidentity (county_id, id, external_userid, nickname, kind, resident_id)
SELECT %(county)s, %(id)s + id * %(step)s::bigint, 'wm' || id, '微信', 1,
    %(id)s + id * %(step)s::bigint
FROM bench_person WHERE linked OR id %% 25 = 0;

INSERT INTO residents_contact (county_id, id, officer_id, identity_id, state, remark, description,
    remark_mobile_indexes, wecom_tag_ids, added_at, add_way, way_state, seen_at, labelled_at)
SELECT %(county)s, %(id)s + id * %(step)s::bigint, 3000000 + home %% %(officers)s,
    %(id)s + id * %(step)s::bigint, CASE WHEN linked THEN 'linked' ELSE 'removed_by_resident' END,
    '', '', '{}', '{}', '2026-01-01', 0, '', '2026-01-01', '2026-01-01'
FROM bench_person WHERE linked OR id %% 25 = 0;

INSERT INTO tags_tagassignment (county_id, id, resident_id, tag_id, source, basis, set_by_id,
    confirmed_at, expires_on)
SELECT %(county)s, %(id)s + row_number() OVER (), %(id)s + person * %(step)s::bigint,
    bench_tag_id.id, 'visit', '', NULL, now(), current_date + 365
FROM bench_tag JOIN bench_tag_id USING (tag);

ALTER TABLE bench_tag ADD PRIMARY KEY (person, tag);
CREATE INDEX ON bench_tag (tag, person);
CREATE INDEX ON bench_person (lo);

CREATE TABLE bench_list_of_tags AS
SELECT person.*, ',' || coalesce(string_agg(md5(tag::text), ','), '') || ',' AS tag_ids,
    coalesce(jsonb_agg(tag) FILTER (WHERE tag IS NOT NULL), '[]') AS tags
FROM bench_person person LEFT JOIN bench_tag ON bench_tag.person = person.id GROUP BY person.id;

CREATE TABLE bench_linkwechat AS
SELECT id, lo, born, linked, opted_out, tag_ids FROM bench_list_of_tags;

CREATE TABLE bench_listmonk AS
SELECT id, 'enabled'::text AS status, jsonb_build_object('tags', tags, 'lo', lo, 'born', born,
    'linked', linked, 'opted_out', opted_out) AS attribs
FROM bench_list_of_tags;

DROP TABLE bench_list_of_tags
"""
