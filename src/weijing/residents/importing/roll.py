"""Checking a roll and taking it in: the use case."""

import hashlib
import io
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl
from django.db import connection, transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.core import env, jobs
from weijing.core.clock import local_day
from weijing.residents import linking
from weijing.residents.importing import comparing, opening, spool, taking_in, workers
from weijing.residents.importing.columns import HEADINGS
from weijing.residents.importing.error_workbook import FIELDS, ErrorWorkbook
from weijing.residents.importing.gathering import Gathered, gather
from weijing.residents.importing.known_places import gazetteer
from weijing.residents.importing.opening import BadRoll
from weijing.residents.importing.spool import Spool
from weijing.residents.models import Resident, RollImport
from weijing.territory.models import County, Division

Progress = Callable[[str, int], None]
MAX_FILE_NAME_CHARS = 200
INLINE_BYTES = 1024 * 1024  # some ten thousand rows


@dataclass
class RollReport:
    """What a file says, and what taking it in does (or would do). Counts of rows and of people."""

    roll_import: RollImport
    applied: bool
    rows: int = 0
    bad_rows: int = 0
    reasons: dict[str, int] = field(default_factory=dict)  # most frequent first
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    absent: int = 0  # on the roll until now, not in this file; they stay
    households_created: int = 0
    households_updated: int = 0
    groups_created: int = 0
    linked: int = 0  # residents who found their WeChat account by this
    columns: dict[str, str] = field(default_factory=dict)  # field → heading
    ignored_columns: list[str] = field(default_factory=list)
    ignored_sheets: list[str] = field(default_factory=list)
    errors_file: Path | None = None


def import_roll(
    path: Path,
    *,
    county: County,
    by: Officer | None,
    at: datetime,
    apply: bool,
    columns: Mapping[str, str] | None = None,
    errors_to: Path | None = None,
    progress: Progress = lambda stage, done: None,
) -> RollReport:
    """Check the file; with `apply` also take in every good row, in one transaction.

    Bad rows never stop good ones: they are written to `errors_to` (a workbook beneath `var` unless
    given) to be corrected and handed in again. Nobody is removed. `columns` says field → heading
    where the guess would be wrong; `progress` hears a stage (read, compare, write, index) and a
    number of rows.

    Raises `BadRoll` when the file is no roll; nothing was imported then, and a RollImport says so.
    """
    record = RollImport(
        county=county, file_name=path.name[:MAX_FILE_NAME_CHARS], started_at=at, started_by=by,
        state=RollImport.State.FAILED,
    )  # fmt: skip
    try:
        with _Run(path, county, columns or {}, at, progress) as run:
            record.file_sha256 = _sha256(path)
            return run.import_roll(record, by=by, apply=apply, errors_to=errors_to)
    except BadRoll as refusal:
        _record_refusal(record, refusal, by=by, at=at)
        raise


class _Run:
    """One import: its processes, its spool, its report."""

    def __init__(
        self,
        path: Path,
        county: County,
        said: Mapping[str, str],
        at: datetime,
        progress: Progress,
    ) -> None:
        self.path, self.county, self.at, self.progress = path, county, at, progress
        self.said = _fields(said)
        self.kind = opening.kind_of(path)
        self.spool_key = spool.new_key()
        self.spool = Spool(env.environment().var / "rolls")
        self._pool = workers.pool(
            env.keyring(),
            gazetteer(county.pk),
            on=local_day(at),
            spool_key=self.spool_key,
            inline=path.stat().st_size < INLINE_BYTES,
        )

    def __enter__(self) -> "_Run":
        self.executor = self._pool.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.__exit__(None, None, None)
        self.spool.close()

    def import_roll(
        self, record: RollImport, *, by: Officer | None, apply: bool, errors_to: Path | None
    ) -> RollReport:
        gathered = gather(
            self.path, self.kind, self.said, executor=self.executor, spool=self.spool,
            progress=lambda rows: self.progress("read", rows),
        )  # fmt: skip
        report = RollReport(record, applied=apply)
        with transaction.atomic():
            self._prepare(apply)
            self._take_in(gathered, report, apply)
            self._write_errors(gathered, report, errors_to)
            self._record(gathered, report, by)
        if apply and (report.created or report.updated):
            report.linked = len(linking.link_waiting(self.county.pk, at=self.at))
            # Who was labelled by hand before may stand in the roll now.
            jobs.enqueue(
                "residents.find_duplicates",
                once=f"find-duplicates-{self.county.pk}",
                county_id=self.county.pk,
            )
        return report

    def _prepare(self, apply: bool) -> None:
        with connection.cursor() as cursor:
            # The other processes may work for a while between two statements.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        if apply:  # one at a time; foreign keys to the county are not held up
            County.objects.select_for_update(no_key=True).get(pk=self.county.pk)

    def _take_in(self, gathered: Gathered, report: RollReport, apply: bool) -> None:
        self.progress("compare", gathered.count)
        division_ids = _division_ids(self.county.pk)
        missing = _missing_groups(gathered, division_ids)
        report.groups_created = sum(len(names) for names in missing.values())
        if apply and missing:
            source = f"roll {report.roll_import.pk}"
            taking_in.make_groups(self.county.pk, missing, source=source)
            division_ids = _division_ids(self.county.pk)
        division = _division_column(gathered, division_ids)
        people = comparing.compare_residents(self.county.pk, gathered.rows, gathered.count)
        gathered.refuse(people.ambiguous)
        accepted = gathered.rows
        homes = comparing.compare_homes(self.county.pk, _homes(gathered).with_columns(division))
        numbers = accepted["n"].to_numpy()
        known, same = people.ids[numbers] != 0, people.unchanged[numbers]
        report.created = int((~known).sum())
        report.unchanged = int(same.sum())
        report.updated = accepted.height - report.created - report.unchanged
        report.absent = _on_roll(self.county.pk) - int(known.sum())
        report.households_created = homes.frame.filter(pl.col("id") == 0).height
        report.households_updated = homes.frame.filter(pl.col("changed")).height
        if apply:
            rows = accepted.select("n", "household", division).filter(pl.Series(~same))
            writing = taking_in.Writing(
                self.county.pk, gathered.pieces, self.spool, self.executor, self.progress
            )
            taking_in.write(writing, homes, rows, people.ids)

    def _write_errors(self, gathered: Gathered, report: RollReport, errors_to: Path | None) -> None:
        refused = gathered.refused
        report.reasons = _counted(gathered.reasons, refused)
        report.bad_rows = gathered.reasons.total() + refused.height
        report.rows = gathered.checked
        if not report.bad_rows:
            return
        name = f"{report.roll_import.pk}-errors.xlsx"
        report.errors_file = errors_to or env.environment().var / "rolls" / name
        try:
            with ErrorWorkbook(report.errors_file) as book:
                for piece in gathered.pieces:
                    bad = self._bad_rows(gathered, piece.first_n, piece.good, piece.bad)
                    sheet = gathered.sheets[piece.sheet].name
                    for row, reason, *cells in bad.iter_rows():
                        book.add(sheet, row, reason, cells)
        except OSError as error:
            raise BadRoll(f"写不了错误清单：{error.strerror}。") from error

    def _bad_rows(
        self, gathered: Gathered, first_n: int, good: int, bad: int | None
    ) -> pl.DataFrame:
        """row, reason and cells of a part's bad rows, in the order of the file."""
        frames = []
        if bad is not None:
            frames.append(self._unlocked(bad).select("row", "reason", *FIELDS))
        refused = gathered.refused
        if refused.height:
            rows = self._unlocked(good).rename({"born_on": "born"})
            n = pl.int_range(first_n, first_n + rows.height, dtype=pl.UInt32).alias("n")
            late = rows.with_columns(n).join(refused, on="n")
            frames.append(late.select("row", "reason", *FIELDS))
        return pl.concat(frames).sort("row") if frames else pl.DataFrame()

    def _unlocked(self, number: int) -> pl.DataFrame:
        data = spool.unlock(self.spool.get(number), self.spool_key)
        return pl.read_ipc_stream(io.BytesIO(data))

    def _record(self, gathered: Gathered, report: RollReport, by: Officer | None) -> None:
        rolls = [sheet for sheet in gathered.sheets if sheet.is_roll]
        report.columns = rolls[0].headings or {}
        report.ignored_columns = rolls[0].ignored
        report.ignored_sheets = [one.name for one in gathered.sheets if not one.is_roll]
        record = report.roll_import
        record.state = RollImport.State.APPLIED if report.applied else RollImport.State.CHECKED
        record.columns = report.columns
        record.rows, record.bad_rows = report.rows, report.bad_rows
        record.created, record.updated = report.created, report.updated
        record.unchanged = report.unchanged
        record.errors_file = str(report.errors_file or "")[-300:]
        record.finished_at = self.at
        record.save(force_insert=True)
        trail.record(
            by,
            "roll.imported" if report.applied else "roll.checked",
            record,
            at=self.at,
            rows=report.rows,
            bad_rows=report.bad_rows,
            created=report.created,
            updated=report.updated,
        )


def _fields(said: Mapping[str, str]) -> dict[str, str]:
    for name in said:
        if name not in HEADINGS:
            raise BadRoll(f"没有“{name}”这一项，可以指定的有：{'、'.join(HEADINGS)}。")
    return dict(said)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _division_ids(county_id: int) -> dict[str, int]:
    """Division by the key of its place (`places.Place.key`)."""
    rows = Division.objects.filter(county_id=county_id)
    groups = rows.filter(level=Division.Level.GROUP).values_list("code", "name", "pk")
    villages = rows.filter(level=Division.Level.VILLAGE).values_list("code", "pk")
    found = {f"{code[:12]}/{name}": pk for code, name, pk in groups}
    return found | {f"{code}/": pk for code, pk in villages}


def _missing_groups(gathered: Gathered, division_ids: Mapping[str, int]) -> dict[str, list[str]]:
    missing: dict[str, list[str]] = {}
    for number in gathered.rows["place"].unique().sort().to_list():
        place = gathered.places[number]
        if place.key not in division_ids:
            missing.setdefault(place.village_code, []).append(place.group)
    return missing


def _division_column(gathered: Gathered, division_ids: Mapping[str, int]) -> pl.Expr:
    """`division_id` for the number of a place; 0 where the division is not made yet."""
    ids = {number: division_ids.get(p.key, 0) for number, p in enumerate(gathered.places)}
    return pl.col("place").replace_strict(ids, return_dtype=pl.Int64).alias("division_id")


def _homes(gathered: Gathered) -> pl.DataFrame:
    """household, place, address, kind: the head's own words, else the first row's."""
    said = gathered.homes.sort("is_head", descending=True, maintain_order=True)
    said = said.unique(["household", "place"], keep="first", maintain_order=True)
    used = gathered.rows.select("household", "place").unique("household", maintain_order=True)
    joined = used.join(said, on=["household", "place"], how="left", maintain_order="left")
    return joined.select("household", "place", "address", "kind")


def _on_roll(county_id: int) -> int:
    return Resident.objects.filter(
        county_id=county_id, lifecycle=Resident.Lifecycle.ROLL, household__isnull=False
    ).count()


def _counted(reasons: Counter[str], refused: pl.DataFrame) -> dict[str, int]:
    """Reasons that name another row count as one."""
    every = reasons.copy()
    for reason in refused["reason"].to_list() if refused.height else ():
        every[re.sub(r"(“.*”)?第 \d+ 行", "别的行", reason)] += 1
    return dict(every.most_common())


@transaction.atomic
def _record_refusal(
    record: RollImport, refusal: BadRoll, *, by: Officer | None, at: datetime
) -> None:
    record.state, record.finished_at = RollImport.State.FAILED, at
    record.columns = {"refused": str(refusal)}
    record.save(force_insert=True)
    trail.record(by, "roll.refused", record, at=at)


__all__ = ["BadRoll", "RollReport", "import_roll"]
