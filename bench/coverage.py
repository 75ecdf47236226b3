"""How long a chief waits for coverage: `./run bench coverage [--residents N]`.

A synthetic county is written by SQL (nobody's name, nobody's phone): households of four in the
572 villages and 11 groups of each, two thirds of the people linked. Then the figures as the pages
read them, kept and with places changed since the last fold, and the pages themselves. Baseline in
the same run: GROUP BY over the rows, as a page without kept figures would. Every reading is
compared with the rows. Prints a table and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from statistics import quantiles
from typing import Any

import roll_import

RUNS = 40
BASELINE_RUNS = 5
PAGE_RUNS = 20
OFFICERS = 1_400
TOUCHED = (50, 200)


def load(county: Any, residents: int) -> None:
    """The county's groups, homes, people, and who is whose contact."""
    from django.db import connection, transaction

    from weijing.core.ids import reserve
    from weijing.residents.importing.bulk_load import without_indexes

    values = {
        "county": county.pk, "residents": residents, "homes": residents // 4,
        "officers": OFFICERS, "step": 1 << 18, "id": reserve(1),
    }  # fmt: skip
    tables = [f"residents_{name}" for name in ("contact", "wechatidentity", "resident")]
    with transaction.atomic(), without_indexes(tables), connection.cursor() as cursor:
        for statement in LOAD.split(";"):
            if statement.strip():
                cursor.execute(statement, values)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


LOAD = """
INSERT INTO territory_division
    (county_id, id, code, name, short_name, level, parent_id, lo, hi, source)
SELECT %(county)s, 1000000 + row_number() OVER (ORDER BY village.lo, n),
    village.code || lpad(n::text, 3, '0'), n || '组', n || '组', 'group', village.id,
    village.lo + n, village.lo + n, 'bench'
FROM territory_division village, generate_series(1, 11) n WHERE village.level = 'village';

CREATE TEMP TABLE spot ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY lo) - 1 AS n, id, count(*) OVER () AS of
FROM territory_division WHERE level = 'group';

INSERT INTO accounts_officer (county_id, id, password, username, name, rank_kind, wecom_userid,
    is_active, serves_residents)
SELECT %(county)s, 3000000 + n, '', 'o' || n, '民警' || n, 'police', 'o' || n, true, true
FROM generate_series(0, %(officers)s - 1) n;

INSERT INTO accounts_posting (county_id, id, officer_id, kind, beat_id, starts_at)
SELECT %(county)s, 3000000 + n, 3000000 + n %% %(officers)s, 'primary', id, '2026-01-01'
FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM territory_beat) beat;

INSERT INTO residents_household (county_id, id, division_id, number, address, kind, ended_on)
SELECT %(county)s, 10000000 + h, spot.id, 'H' || h, (h / spot.of + 1) || '号', 'family', NULL
FROM generate_series(0, %(homes)s - 1) h JOIN spot ON spot.n = h %% spot.of;

INSERT INTO residents_resident (county_id, id, ordinal, household_id, division_id, household_role,
    name, pinyin, initials, grams, sex, born_on, reach, away_at, lifecycle, consents)
SELECT %(county)s, 100000000 + n, n, home.id, home.division_id,
    (ARRAY['head', 'spouse', 'child', 'parent'])[n %% 4 + 1], '样例', 'yangli', 'yl', '{}', '',
    CASE WHEN n %% 4 = 2 THEN date '2012-01-01' + n %% 3000 ELSE date '1950-01-01' + n %% 15000 END,
    CASE WHEN n %% 97 = 0 THEN 'no_phone' ELSE '' END,
    CASE WHEN n %% 11 < 2 THEN '广东' ELSE '' END, 'roll', '{}'
FROM generate_series(0, %(residents)s - 1) n
JOIN residents_household home ON home.county_id = %(county)s AND home.id = 10000000 + n / 4;

INSERT INTO residents_wechatidentity (county_id, id, external_userid, nickname, kind, resident_id)
SELECT %(county)s, 200000000 + n, 'wm' || n, '微信', 1, 100000000 + n
FROM generate_series(0, %(residents)s - 1) n WHERE n::bigint * 7919 %% 13 < 9;

INSERT INTO residents_contact (county_id, id, officer_id, identity_id, state, remark, description,
    remark_mobile_indexes, wecom_tag_ids, added_at, add_way, way_state, seen_at, labelled_at)
SELECT %(county)s, id, 3000000 + id %% %(officers)s, id,
    CASE WHEN id %% 29 = 0 THEN 'removed_by_resident' ELSE 'linked' END, '桃李1组-样例', '', '{}',
    '{}', timestamptz '2026-01-01' + (id %% 300) * interval '1 day', 0, '', '2026-11-01',
    CASE WHEN id %% 200 > 0 THEN timestamptz '2026-11-01' END
FROM residents_wechatidentity WHERE county_id = %(county)s;

INSERT INTO residents_doorvisit (county_id, id, household_id, officer_id, outcome, note, at,
    recorded_at, phone_key)
SELECT %(county)s, 300000000 + home.id, home.id, 3000000,
    (ARRAY['absent', 'refused', 'away', 'no_phone'])[home.id %% 4 + 1], '',
    now() - (home.id %% 300) * interval '1 day', now(), gen_random_uuid()
FROM residents_household home WHERE home.county_id = %(county)s AND home.id %% 9 = 0
"""

# What one would write without kept figures: the least that a coverage table needs.
BASELINE = """
SELECT place.id, count(DISTINCT home.id), count(DISTINCT home.id) FILTER (WHERE live.person_id
    IS NOT NULL AND person.born_on <= current_date - interval '18 years'),
    count(person.id), count(person.id) FILTER (WHERE live.person_id IS NOT NULL)
FROM territory_division place
JOIN territory_division leaf ON leaf.county_id = place.county_id
    AND leaf.lo BETWEEN place.lo AND place.hi
JOIN residents_household home ON home.county_id = leaf.county_id AND home.division_id = leaf.id
LEFT JOIN residents_resident person ON person.county_id = home.county_id
    AND person.household_id = home.id AND person.lifecycle = 'roll'
LEFT JOIN (
    SELECT DISTINCT identity.resident_id AS person_id FROM residents_wechatidentity identity
    JOIN residents_contact contact ON contact.county_id = identity.county_id
        AND contact.identity_id = identity.id AND contact.state = 'linked'
    WHERE identity.county_id = %(county)s
) live ON live.person_id = person.id
WHERE place.county_id = %(county)s AND place.level = %(level)s
GROUP BY place.id
"""


def measured(work: Callable[[], object], runs: int) -> tuple[float, float, float]:
    """Median and 95th percentile, and processor time of both sides for each run, in ms."""
    work()
    took, cpu = [], roll_import.cpu_seconds()
    for _ in range(runs):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1e3)
    cut = quantiles(took, n=20)
    return cut[9], cut[18], (roll_import.cpu_seconds() - cpu) * 1e3 / runs


def by_rows(county: Any, level: str) -> list[Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(BASELINE, {"county": county.pk, "level": level})
        return list(cursor.fetchall())


def touch_some(county: Any, count: int) -> None:
    from weijing.residents.figures import touching
    from weijing.territory.models import Division

    groups = Division.objects.filter(county=county, level="group").order_by("lo")
    touching.touch(county.pk, groups.values_list("pk", flat=True)[:: groups.count() // count])


class Report:
    """Lines of the table, and the JSON object."""

    def __init__(self, residents: int) -> None:
        self.figures: dict[str, Any] = {"bench": "coverage", "residents": residents}
        self.lines: list[tuple[str, str, str, str]] = []

    def time(self, name: str, work: Callable[[], object], runs: int, beside: float = 0) -> float:
        p50, p95, cpu = measured(work, runs)
        figures = {"p50_ms": round(p50, 1), "p95_ms": round(p95, 1), "cpu_ms": round(cpu, 1)}
        self.figures[name] = figures
        if beside:
            figures["live_ms"] = round(beside, 1)
        shown = f"{beside:,.0f} ({beside / p50:,.0f}x)" if beside else ""
        self.lines.append((name, f"{p50:,.1f} / {p95:,.1f}", f"{cpu:,.1f}", shown))
        return p50

    def once(self, name: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - began
        self.figures[name] = {"seconds": round(seconds, 2)}
        self.lines.append((name, f"{seconds * 1e3:,.0f}", "", ""))
        return result

    def print(self, title: str) -> None:
        from rich.console import Console
        from rich.table import Table

        table = Table(title=title)
        for name in ("", "ms: median / 95th", "cpu", "GROUP BY, same run"):
            table.add_column(name)
        for line in self.lines:
            table.add_row(*line)
        Console().print(table)
        print(json.dumps(self.figures, ensure_ascii=False))


def readings(county: Any, report: Report) -> None:
    from weijing.accounts.scope import Scope
    from weijing.core import clock
    from weijing.residents.figures import coverage, keeping
    from weijing.territory import queries

    scope = Scope(county.pk, 1, frozenset({"campaign_author"}), True, (), (), ())
    root, on = queries.root(county.pk), clock.today()
    town = queries.townships(county.pk)[0]
    live = {
        level: measured(lambda level=level: by_rows(county, level), BASELINE_RUNS)[0]
        for level in ("township", "village", "group")
    }
    wanted: tuple[tuple[str, str, Callable[[], list[Any]]], ...] = (
        ("25 townships", "township", lambda: coverage.of_children(root, scope=scope, on=on)),
        ("villages of a township", "", lambda: coverage.of_children(town, scope=scope, on=on)),
        ("572 villages", "village", lambda: coverage.of_level(root, "village", scope=scope, on=on)),
        ("6,292 groups", "group", lambda: coverage.of_level(root, "group", scope=scope, on=on)),
    )
    for name, level, work in wanted:
        report.time(name, work, RUNS, live.get(level, 0))
        if level:
            truth = {row[0]: row[1:] for row in by_rows(county, level)}
            ours = {
                r.id: (r.households, r.households_linked, r.residents, r.linked) for r in work()
            }
            assert all(ours[id] == figures for id, figures in truth.items()), name
    for count in TOUCHED:
        touch_some(county, count)
        report.time(f"25 townships, {count} places changed", wanted[0][2], RUNS, live["township"])
        report.once(f"fold {count} changed places", lambda: keeping.fold(county.pk, at=clock.now()))


def pages(county: Any, report: Report) -> None:
    """Server time of whole pages, signed in as the county desk; and their queries."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from weijing.accounts.models import Officer, Posting, Role, RoleGrant
    from weijing.core import clock
    from weijing.territory import queries

    at = clock.now()
    desk = Officer.objects.create(county=county, username="desk", name="指挥室", password="!")
    RoleGrant.objects.create(county=county, officer=desk, role=Role.CAMPAIGN_AUTHOR, granted_at=at)
    Posting.objects.create(county=county, officer=desk, kind="county", starts_at=at)
    client = Client()
    client.force_login(desk)
    town = queries.townships(county.pk)[0]
    for address in (
        "/desk/coverage/",
        "/desk/coverage/?level=village&view=table",
        "/desk/coverage/?level=group&view=table&sort=-missing",
        "/desk/coverage/?level=officer",
        "/desk/walks/visits/?days=30",
        f"/desk/grids/{town.code}/",
    ):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200, address
        queries = len(captured)
        report.time(f"page {address}", lambda address=address: client.get(address), PAGE_RUNS)
        report.figures[f"page {address}"]["queries"] = queries


def phone_pages(county: Any, report: Report) -> None:
    """What an officer opens on the way from door to door, and what the phone sends."""
    import uuid

    from django.test import Client

    from weijing.accounts.models import Officer, Role, RoleGrant
    from weijing.core import clock
    from weijing.residents.models import Household
    from weijing.territory.models import BeatDivision, Division

    at = clock.now()
    officer = Officer.objects.get(county=county, username="o7")
    RoleGrant.objects.create(
        county=county, officer=officer, role=Role.VILLAGE_AUXILIARY, granted_at=at
    )
    client = Client()
    client.force_login(officer, backend="weijing.accounts.signing_in.PasswordBackend")
    beats = BeatDivision.objects.filter(county=county, beat__postings__officer=officer)
    village = beats.select_related("division")[0].division
    group = Division.objects.filter(county=county, level="group", lo__gt=village.lo).earliest("lo")
    home = Household.objects.filter(county=county, division=group).earliest("pk")

    def send() -> None:
        said = {
            "outcome": "absent", "key": uuid.uuid4(), "officer": officer.pk, "seconds_ago": 0,
            "seen": 0,
        }  # fmt: skip
        address = f"/o/grid/households/{home.pk}/visits/new/"
        answer = client.post(address, said, headers={"accept": "application/json"})
        assert answer.status_code == 200, answer.content

    for address in ("/o/today/", "/o/grid/unlinked/", f"/o/grid/unlinked/?group={group.code}"):
        assert client.get(address).status_code == 200, address
        report.time(f"page {address}", lambda address=address: client.get(address), PAGE_RUNS)
    report.time("a visit sent by a phone", send, PAGE_RUNS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, default=1_300_000)
    options = parser.parse_args()
    os.environ["WEIJING_HOSTS"] = "*"
    report = Report(options.residents)
    with roll_import.server():
        roll_import.prepare()
        county = roll_import.fresh("coverage")
        report.once("write the county", lambda: load(county, options.residents))
        from weijing.core import clock
        from weijing.residents.figures import keeping, trends

        at = clock.now()
        report.once("first count, all places", lambda: keeping.fold(county.pk, at=at))
        assert report.once("verify", lambda: keeping.wrong_figures(county.pk, at=at)) == []
        report.once("note the day", lambda: trends.write_day(county.pk, at=at))
        readings(county, report)
        pages(county, report)
        phone_pages(county, report)
    report.print(f"Coverage of {options.residents:,} residents")


if __name__ == "__main__":
    main()
