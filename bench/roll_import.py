"""How fast a roll is taken in: `./run bench roll_import` (or `--rows N`).

Generates a synthetic roll (seeded; nobody's phone, nobody's ID number), imports it as CSV and as
XLSX into fresh databases of a PostgreSQL of its own, and again unchanged. Beside them, from the
same run: the same work row by row through the ORM, an upsert of everything, and openpyxl reading.
Prints a table and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

CODE = "430524"
SAMPLE_ROWS = 2_000  # one at a time they take as long as a million together
READING_SAMPLE_ROWS = 20_000
SHEET_ROWS = 1_000_000
SEED = 20260101
HEADINGS = (
    "乡镇", "村社区", "组", "户号", "姓名", "与户主关系", "身份证号", "手机号", "地址", "备注",
)  # fmt: skip
SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何罗高林阳曾彭肖邹廖"
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅建国志文辉"
    "力永健世广义兴良海山仁波宁贵福生龙元全"
)


def roll(rows: int) -> pl.DataFrame:
    """Households of four, village after village, as a county would list them."""
    from weijing.territory.loading import read_divisions, shipped_file

    random = np.random.default_rng(SEED)
    divisions = read_divisions(shipped_file(CODE), CODE)
    names = {row.code: row.name for row in divisions}
    villages = np.array([row.code for row in divisions if len(row.code) == 12])
    homes = np.sort(random.integers(0, rows * 10 // 39 + 1, rows))
    at_home = np.arange(rows) - np.searchsorted(homes, homes)
    village_of = np.minimum(homes * len(villages) // (homes.max() + 1), len(villages) - 1)
    group_of = homes % 11 + 1
    surname, given = np.array(list(SURNAMES)), np.array(list(GIVEN))
    family = random.integers(0, len(surname), homes.max() + 1)[homes]
    two = np.where(random.random(rows) < 0.8, given[random.integers(0, len(given), rows)], "")
    person = np.char.add(
        surname[family], np.char.add(given[random.integers(0, len(given), rows)], two)
    )
    roles = np.array(["户主", "妻", "子", "女", "母亲", "孙子"])
    child = (at_home >= 2) & (random.random(rows) < 0.6)
    codes = villages[village_of]
    return pl.DataFrame(
        {
            "乡镇": [names[code[:9]] for code in codes],
            "村社区": [names[code] for code in codes],
            "组": [f"{n}组" for n in group_of],
            "户号": [f"43{n:09}" for n in homes],
            "姓名": person,
            "与户主关系": roles[np.minimum(at_home, 5)],
            "身份证号": _id_numbers(rows, child, random),
            "手机号": _phones(rows, child, random),
            "地址": [f"{n % 90 + 1}号{'附' + str(n % 4) if n % 5 == 0 else ''}" for n in homes],
            "备注": [""] * rows,
        }
    )


def _id_numbers(rows: int, child: Any, random: np.random.Generator) -> list[str]:
    """Right check digits, but of places that do not exist (99…); some children have none."""
    from weijing.residents.importing.id_numbers import CHECK_CHARACTERS, WEIGHTS

    year = np.where(child, random.integers(2009, 2026, rows), random.integers(1935, 2008, rows))
    birth = year * 10_000 + random.integers(1, 13, rows) * 100 + random.integers(1, 29, rows)
    order = np.arange(rows) % 1_000
    place = 990_000 + np.arange(rows) // 1_000 % 10_000
    digits = np.empty((rows, 17), dtype=np.int32)
    for column, power in enumerate(range(5, -1, -1)):
        digits[:, column] = place // 10**power % 10
    for column, power in enumerate(range(7, -1, -1)):
        digits[:, 6 + column] = birth // 10**power % 10
    for column, power in enumerate(range(2, -1, -1)):
        digits[:, 14 + column] = order // 10**power % 10
    check = CHECK_CHARACTERS[digits @ WEIGHTS % 11]
    text = np.concatenate([(digits + ord("0")).astype(np.uint8), check[:, None]], axis=1)
    numbers = text.tobytes().decode()
    none = child & (random.random(rows) < 0.1)
    return ["" if none[n] else numbers[n * 18 : n * 18 + 18] for n in range(rows)]


def _phones(rows: int, child: Any, random: np.random.Generator) -> list[str]:
    """154… fits the format; no operator has that range."""
    number = random.permutation(rows) + 15_400_000_000
    none = child | (random.random(rows) < 0.15)
    return ["" if none[n] else str(number[n]) for n in range(rows)]


def write_xlsx(frame: pl.DataFrame, path: Path) -> None:
    """As a county would hand it over: a sheet ends at a million rows."""
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_numbers": False})
    for start in range(0, frame.height, SHEET_ROWS):
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, frame.columns)
        for number, row in enumerate(frame.slice(start, SHEET_ROWS).iter_rows()):
            for column, cell in enumerate(row):
                if cell:
                    sheet.write_string(number + 1, column, cell)
    book.close()


class Memory:
    """Peak resident memory of this process and its children, in MB, watched five times a second."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.2):
            self.peak_mb = max(self.peak_mb, _tree_mb(os.getpid()))


def _tree_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    return pages * 4096 / 1e6 + sum(_tree_mb(int(child)) for child in children)


@contextmanager
def server() -> Iterator[None]:
    """A PostgreSQL of our own, durable as in production, gone afterwards."""
    from weijing.core import crypto, embedded_postgres

    var = Path(tempfile.mkdtemp(prefix="weijing-bench-"))
    var.chmod(0o711)
    os.environ["WEIJING_VAR"] = str(var)
    os.environ.pop("DATABASE_URL", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "weijing.settings"
    crypto.create_secrets(var / "secrets.json")
    embedded_postgres.up(var)
    try:
        yield
    finally:
        embedded_postgres.remove(var)
        shutil.rmtree(var, ignore_errors=True)


def fresh(name: str) -> Any:
    """An empty database with the county's divisions in it."""
    from django.db import connection

    from weijing.territory.loading import load_county, read_divisions, shipped_file

    connection.close()
    connection.settings_dict["NAME"] = "weijing"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE empty')
    connection.close()
    connection.settings_dict["NAME"] = name
    return load_county(read_divisions(shipped_file(CODE), CODE), source="bench").county


def prepare() -> None:
    """The template of every `fresh` database."""
    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    with connection.cursor() as cursor:
        cursor.execute('CREATE DATABASE "empty"')
    connection.close()
    connection.settings_dict["NAME"] = "empty"
    call_command("migrate", verbosity=0)
    connection.close()


def cpu_seconds() -> float:
    """Used so far by this process, its ended children, and our connection's server process."""
    from django.db import connection

    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        fields = Path(f"/proc/{cursor.fetchone()[0]}/stat").read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    server = (int(fields[11]) + int(fields[12])) / ticks
    return sum(one.ru_utime + one.ru_stime for one in used) + server


def take_in(path: Path, county: Any) -> tuple[float, Any, dict[str, float]]:
    """Seconds, report, and seconds by stage (cpu: of all processes together)."""
    from weijing.core import clock
    from weijing.residents.importing.roll import import_roll

    cpu, began = cpu_seconds(), time.perf_counter()
    stages: dict[str, float] = {}

    def progress(stage: str, done: int, total: int | None) -> None:
        stages[stage] = time.perf_counter() - began

    report = import_roll(
        path, county=county, by=None, at=clock.now(), apply=True, progress=progress
    )
    seconds = time.perf_counter() - began
    return seconds, report, {**stages, "cpu": cpu_seconds() - cpu}


def upsert_all(path: Path, county: Any) -> tuple[float, float]:
    """The usual way to import again: seal everything, stage it, INSERT … ON CONFLICT.

    Seconds for all of it, and without reading and checking, which are the same as ours.
    """
    from django.db import connection, transaction

    from weijing.core import clock, env
    from weijing.core.ids import new_ids
    from weijing.residents.importing import opening, spool, taking_in, workers
    from weijing.residents.importing.copy_rows import COLUMNS
    from weijing.residents.importing.copying import put_lines
    from weijing.residents.importing.gathering import gather
    from weijing.residents.importing.known_places import gazetteer
    from weijing.residents.importing.marks import Marker
    from weijing.residents.importing.placing import division_column, division_ids

    began = time.perf_counter()
    key, store = spool.new_key(), spool.Spool(env.environment().var / "rolls")
    pool = workers.pool(env.keyring(), gazetteer(county.pk), on=clock.today(), spool_key=key)
    with pool as executor, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        gathered = gather(
            path, opening.kind_of(path), {}, executor=executor, spool=store,
            progress=lambda rows, total: None,
        )  # fmt: skip
        checked = time.perf_counter()
        cursor.execute(
            "SELECT number, id FROM residents_household WHERE county_id = %s", [county.pk]
        )
        homes = dict(cursor.fetchall())
        divisions = division_ids(county.pk)
        rows = gathered.rows.filter(pl.col("id_index").is_not_null()).select(
            "n",
            pl.col("household").replace_strict(homes, return_dtype=pl.Int64).alias("household_id"),
            division_column(gathered, divisions),
        )  # fmt: skip
        ids = np.array(new_ids(rows.height))
        cursor.execute(
            f"CREATE TEMP TABLE staged ON COMMIT DROP AS SELECT county_id, lifecycle, consents, "
            f"ordinal, {', '.join(COLUMNS)} FROM residents_resident WHERE false"
        )
        marker = Marker(env.keyring())
        writing = taking_in.Writing(
            county.pk, marker.source(""), marker, gathered.places,
            np.zeros(gathered.count, dtype=np.uint8), clock.today(), gathered.pieces, store,
            executor, lambda stage, done, total: None,
        )  # fmt: skip
        lines = taking_in._sealed(
            writing, rows, ids,
            lambda a, b: [f"{county.pk}\troll\t{{}}\t{10**8 + n}\t" for n in range(a, b)],
        )  # fmt: skip
        put_lines(f"staged (county_id, lifecycle, consents, ordinal, {', '.join(COLUMNS)})", lines)
        columns = [name for name in COLUMNS if name != "id"]
        cursor.execute(
            f"INSERT INTO residents_resident AS person (county_id, lifecycle, consents, ordinal, "
            f"{', '.join(COLUMNS)}) SELECT * FROM staged "
            f"ON CONFLICT (county_id, id_number_index) WHERE id_number_index IS NOT NULL "
            f"DO UPDATE SET "
            f"{', '.join(f'{name} = excluded.{name}' for name in columns)} "
            f"WHERE person.roll_digest IS DISTINCT FROM excluded.roll_digest"
        )
    store.close()
    return time.perf_counter() - began, time.perf_counter() - checked


def by_orm(frame: pl.DataFrame, county: Any) -> float:
    """A straightforward import: one row at a time, checked with stdnum, saved through the ORM."""
    from django.db import transaction
    from stdnum.cn import ric

    from weijing.core.env import keyring
    from weijing.residents.finding.grams import grams
    from weijing.residents.finding.names import sound
    from weijing.residents.models import Household, Resident
    from weijing.territory.grouping import add_groups
    from weijing.territory.queries import villages_named

    began = time.perf_counter()
    index = keyring().blind_index
    divisions: dict[tuple[str, str, str], Any] = {}
    with transaction.atomic():
        for ordinal, row in enumerate(frame.iter_rows()):
            town, village_name, group, number, name, _role, id_number, phone, address, _ = row
            ric.compact(id_number)
            place = (town, village_name, group)
            if place not in divisions:
                village = villages_named(county.pk, village_name, township=town)[0]
                (divisions[place],) = add_groups(village, [group], source="bench")
            division = divisions[place]
            home, _made = Household.objects.update_or_create(
                county=county, number=number, defaults={"division": division, "address": address}
            )
            found = Resident.objects.filter(
                county=county,
                id_number_index=index(id_number, purpose="id_number") if id_number else None,
            ).first()
            person = found or Resident(county=county, ordinal=ordinal)
            person.household, person.division, person.name = home, division, name
            person.pinyin, person.initials = sound(name)
            person.grams = grams(name, address)
            if id_number:
                person.id_number = id_number
                person.id_number_index = index(id_number, purpose="id_number")
            if phone:
                person.phone = phone
                person.phone_index = index(phone, purpose="phone")
                person.phone_tail_index = index(phone[-4:], purpose="phone_tail")
            person.save()
    return time.perf_counter() - began


def by_openpyxl(path: Path) -> float:
    import openpyxl

    began = time.perf_counter()
    for sheet in openpyxl.load_workbook(path, read_only=True):
        for _ in sheet.iter_rows(values_only=True):
            pass
    return time.perf_counter() - began


def by_reading(path: Path) -> float:
    """Our own reading process alone."""
    from weijing.residents.importing import opening, reading

    began = time.perf_counter()
    for _ in reading.read(path, opening.kind_of(path), {}):
        pass
    return time.perf_counter() - began


def write_files(rows: int, folder: Path) -> tuple[Path, Path, Path]:
    """The roll as CSV and XLSX, and its beginning as a small XLSX; those that are there stay."""
    csv, xlsx, small = (folder / f"{rows}{end}" for end in (".csv", ".xlsx", "-small.xlsx"))
    if not small.exists():
        folder.mkdir(parents=True, exist_ok=True)
        frame = roll(rows)
        frame.write_csv(csv)
        write_xlsx(frame, xlsx)
        write_xlsx(frame.head(READING_SAMPLE_ROWS), small)
    return csv, xlsx, small


def measure(rows: int, folder: Path) -> tuple[list[tuple[str, str, str]], dict[str, Any]]:
    """Table lines (what, figure, beside) and the JSON object."""
    lines: list[tuple[str, str, str]] = []
    figures: dict[str, Any] = {"bench": "roll_import", "rows": rows}
    csv, xlsx, small = write_files(rows, folder)
    sample = pl.read_csv(csv, infer_schema=False, n_rows=SAMPLE_ROWS).fill_null("")

    orm = sample.height / by_orm(sample, fresh("orm"))
    for kind, path in (("csv", csv), ("xlsx", xlsx)):
        county = fresh(kind)
        with Memory() as memory:
            seconds, report, stages = take_in(path, county)
        _expect(report.created + report.bad_rows == rows and not report.unchanged, report)
        figures[kind] = {
            "seconds": round(seconds, 1),
            "rows_per_second": round(rows / seconds),
            "peak_mb": round(memory.peak_mb),
            "bad_rows": report.bad_rows,
            "stages": {name: round(at, 1) for name, at in stages.items()},
            "times_orm": round(rows / seconds / orm, 1),
        }
        lines.append(
            (f"first import, {kind.upper()}", _rate(rows, seconds), f"ORM row by row {orm:,.0f}/s")
        )
        lines.append(("  peak memory, all processes", f"{memory.peak_mb:,.0f} MB", ""))
        if kind == "csv":
            again, report, stages = take_in(path, county)
            _expect(not report.created and not report.updated, report)
            upsert, upsert_alone = upsert_all(path, county)
            alone = again - stages["compare"]
            figures["again_unchanged"] = {
                "seconds": round(again, 1),
                "rows_per_second": round(rows / again),
                "stages": {name: round(at, 1) for name, at in stages.items()},
                "on_conflict_seconds": round(upsert, 1),
                "times_on_conflict": round(upsert / again, 1),
                "after_checking_seconds": round(alone, 1),
                "on_conflict_after_checking_seconds": round(upsert_alone, 1),
                "times_on_conflict_after_checking": round(upsert_alone / alone, 1),
            }
            lines.append(
                ("again, nothing changed", _rate(rows, again), f"ON CONFLICT {upsert:,.1f} s")
            )
            lines.append(
                ("  after checking", f"{alone:,.1f} s", f"ON CONFLICT {upsert_alone:,.1f} s")
            )
    figures["orm_rows_per_second"] = round(orm)
    figures["load_average"] = round(os.getloadavg()[0], 1)  # 2 cores shared with others: see cpu
    ours, theirs = rows / by_reading(xlsx), min(READING_SAMPLE_ROWS, rows) / by_openpyxl(small)
    figures["reading_xlsx"] = {
        "rows_per_second": round(ours),
        "openpyxl_rows_per_second": round(theirs),
        "times_openpyxl": round(ours / theirs, 1),
    }
    lines.append(("reading XLSX alone", f"{ours:,.0f} rows/s", f"openpyxl {theirs:,.0f} rows/s"))
    return lines, figures


def _rate(rows: int, seconds: float) -> str:
    return f"{rows / seconds:,.0f} rows/s ({seconds:,.1f} s)"


def _expect(holds: bool, report: Any) -> None:
    if not holds:
        raise SystemExit(f"The import did something else than expected: {report}")


def main(announce: Callable[[str], None] = print) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_300_000)
    parser.add_argument("--files", type=Path, help="Keep the generated files here.")
    options = parser.parse_args()
    rows = options.rows
    with server():
        prepare()
        lines, figures = measure(rows, options.files or Path(os.environ["WEIJING_VAR"]))
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Roll of {rows:,} residents")
    for name in ("", "ours", "baseline, same run"):
        table.add_column(name)
    for line in lines:
        table.add_row(*line)
    Console().print(table)
    announce(json.dumps(figures, ensure_ascii=False))


if __name__ == "__main__":
    main()
