"""One import from the file to the commit: its processes, its spool, its report."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
from django.db import connection, transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.core import env, jobs
from weijing.core.clock import local_day
from weijing.residents.importing import (
    absences,
    following_up,
    noting,
    opening,
    placing,
    previewing,
    refusing,
    spool,
    taking_in,
    weighing,
    workers,
)
from weijing.residents.importing.columns import HEADINGS
from weijing.residents.importing.differing import Difference
from weijing.residents.importing.gathering import Gathered, gather
from weijing.residents.importing.known_places import gazetteer
from weijing.residents.importing.marks import Marker
from weijing.residents.importing.opening import BadRoll
from weijing.residents.importing.reports import Progress, RollReport, Source
from weijing.residents.importing.spool import Spool
from weijing.residents.importing.verdicts import checked
from weijing.residents.importing.weighing import Against, Weighed
from weijing.residents.importing.writing import Writing
from weijing.residents.models import RollImport
from weijing.territory.models import County

INLINE_BYTES = 1024 * 1024  # some ten thousand rows


class Run:
    """A context: its processes and its spool are gone at the end, whatever happens."""

    def __init__(
        self,
        path: Path,
        county: County,
        source: Source,
        by: Officer | None,
        at: datetime,
        progress: Progress,
    ) -> None:
        self.path, self.county, self.at, self.progress = path, county, at, progress
        self.source, self.by = source, by
        self.marker = Marker(env.keyring())
        self.said = _fields(source.all_columns())
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

    def __enter__(self) -> "Run":
        self.executor = self._pool.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.__exit__(None, None, None)
        self.spool.close()

    def import_roll(self, record: RollImport, *, apply: bool, errors_to: Path | None) -> RollReport:
        gathered = gather(
            self.path, self.kind, self.said, executor=self.executor, spool=self.spool,
            progress=lambda rows, total: self.progress("read", rows, total),
        )  # fmt: skip
        report = RollReport(record, applied=apply)
        with transaction.atomic():
            self._prepare(apply)
            weighed = self._take_in(gathered, report, apply)
            self._write_errors(gathered, report, errors_to)
            self._record(gathered, weighed, report)
        return report

    def _prepare(self, apply: bool) -> None:
        with connection.cursor() as cursor:
            # The other processes may work for a while between two statements.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        if apply:  # one at a time; foreign keys to the county are not held up
            County.objects.select_for_update(no_key=True).get(pk=self.county.pk)

    def _take_in(self, gathered: Gathered, report: RollReport, apply: bool) -> Weighed:
        self.progress("compare", 0, gathered.count)
        divisions = self._divisions(gathered, report, apply)
        against = Against(
            self.county.pk, self.marker, checked(self.source.all_policies()), self.executor,
            self.spool,
        )  # fmt: skip
        weighed = weighing.weigh(gathered, divisions, against, self._note if apply else _nothing)
        self.progress("compare", gathered.count, gathered.count)
        self._count(gathered, weighed, report)
        absent = self._absent(gathered, weighed, report)
        if apply:
            self._apply(gathered, weighed, absent, report)
        return weighed

    def _divisions(self, gathered: Gathered, report: RollReport, apply: bool) -> dict[str, int]:
        known = placing.division_ids(self.county.pk)
        missing = placing.missing_groups(gathered, known)
        report.groups_created = sum(len(names) for names in missing.values())
        if not apply or not missing:
            return known
        source = f"roll {report.roll_import.pk}"
        taking_in.make_groups(self.county.pk, missing, source=source)
        return placing.division_ids(self.county.pk)

    def _note(self, differences: Sequence[Difference]) -> None:
        by_id = self.by.pk if self.by else None
        noting.changes(self.county.pk, differences, by_id=by_id, at=self.at)

    def _count(self, gathered: Gathered, weighed: Weighed, report: RollReport) -> None:
        numbers = gathered.rows["n"].to_numpy()
        known = weighed.ids[numbers] != 0
        report.created = int((~known).sum())
        changed = known & ~weighed.same[numbers] & weighed.touched[numbers]
        report.updated = int(changed.sum())
        report.unchanged = len(numbers) - report.created - report.updated
        report.conflicts = len(weighed.conflicts)
        homes = weighed.homes.frame
        report.households_created = homes.filter(pl.col("id") == 0).height
        report.households_updated = homes.filter(pl.col("changed")).height

    def _absent(self, gathered: Gathered, weighed: Weighed, report: RollReport) -> absences.Absent:
        nobody = absences.Absent(np.empty(0, dtype=np.int64), 0)
        known = weighed.ids[weighed.ids != 0]
        if not self.source.is_whole or not len(known):
            return nobody
        if weighed.same[weighed.ids != 0].all() and absences.names_everybody(self.county.pk, known):
            return nobody
        used = gathered.rows["place"].unique().to_list()
        villages = {gathered.places[number].village_code for number in used}
        source = self.marker.source(self.source.name)
        absent = absences.find(self.county.pk, known, villages, source)
        report.absent, report.partial_villages = len(absent.ids), absent.partial_villages
        return absent

    def _apply(
        self, gathered: Gathered, weighed: Weighed, absent: absences.Absent, report: RollReport
    ) -> None:
        county_id, record = self.county.pk, report.roll_import
        by_id = self.by.pk if self.by else None
        rows = gathered.rows.select("n", "household")
        rows = rows.filter(pl.Series(~weighed.same[rows["n"].to_numpy()]))
        homes = weighed.homes.frame.select("household", "division_id")
        rows = rows.join(homes, on="household", how="left", maintain_order="left")
        made = taking_in.write(
            Writing(
                county_id, self.marker.source(self.source.name), self.marker, gathered.places,
                weighed.kept, local_day(self.at), gathered.pieces, self.spool, self.executor,
                self.progress,
            ),
            weighed.homes, rows, weighed.ids,
        )  # fmt: skip
        record.made = vars(made)
        record.vanished = following_up.follow_up(
            weighed, absent, county_id=county_id, import_id=record.pk, by_id=by_id, at=self.at
        )
        if report.created or report.updated:
            jobs.enqueue(
                "residents.find_duplicates", once=f"duplicates-{county_id}", county_id=county_id
            )

    def _write_errors(self, gathered: Gathered, report: RollReport, errors_to: Path | None) -> None:
        report.reasons = refusing.counted(gathered)
        report.bad_rows = gathered.bad_rows + gathered.refused.height
        report.rows = gathered.checked
        if report.bad_rows:
            name = f"{report.roll_import.pk}-errors.xlsx"
            report.errors_file = errors_to or env.environment().var / "rolls" / name
            refusing.write(gathered, report.errors_file, spooled=self.spool, key=self.spool_key)

    def _record(self, gathered: Gathered, weighed: Weighed, report: RollReport) -> None:
        rolls = [sheet for sheet in gathered.sheets if sheet.is_roll]
        report.columns = rolls[0].headings or {}
        report.ignored_columns = rolls[0].ignored
        report.ignored_sheets = [one.name for one in gathered.sheets if not one.is_roll]
        record = report.roll_import
        record.state = RollImport.State.APPLIED if report.applied else RollImport.State.CHECKED
        record.profile, record.is_whole = self.source.profile, self.source.is_whole
        record.columns, record.policies = report.columns, self.source.all_policies()
        for name in ("rows", "bad_rows", "created", "updated", "unchanged", "conflicts"):
            setattr(record, name, getattr(report, name))
        if not report.applied:
            record.vanished = report.absent
        record.preview = previewing.preview(gathered, weighed, report)
        record.progress = {}
        record.errors_file = str(report.errors_file or "")[-300:]
        record.finished_at = self.at
        record.save()
        trail.record(
            self.by,
            "roll.imported" if report.applied else "roll.checked",
            record,
            at=self.at,
            rows=report.rows,
            bad_rows=report.bad_rows,
            created=report.created,
            updated=report.updated,
        )


def _nothing(differences: Sequence[Difference]) -> None:
    """A check writes nothing down."""


def _fields(said: dict[str, str]) -> dict[str, str]:
    for name in said:
        if name not in HEADINGS:
            raise BadRoll(f"没有“{name}”这一项，可以指定的有：{'、'.join(HEADINGS)}。")
    return dict(said)
