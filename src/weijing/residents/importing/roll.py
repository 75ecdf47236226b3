"""Checking a roll and taking it in: the use case."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.residents.importing.opening import BadRoll
from weijing.residents.importing.reports import Progress, RollReport, Source
from weijing.residents.importing.verdicts import checked
from weijing.residents.importing.working_through import Run
from weijing.residents.mirror import linking
from weijing.residents.models import RollImport
from weijing.territory.models import County

MAX_FILE_NAME_CHARS = 200


def import_roll(
    path: Path,
    *,
    county: County,
    by: Officer | None,
    at: datetime,
    apply: bool,
    columns: Mapping[str, str] | None = None,
    source: Source | None = None,
    errors_to: Path | None = None,
    progress: Progress = lambda stage, done, total: None,
    record: RollImport | None = None,
) -> RollReport:
    """Check the file; with `apply` also take in every good row, in one transaction.

    Bad rows never stop good ones: they are written to `errors_to` (a workbook beneath `var` unless
    given) to be corrected and handed in again. Nobody is removed: who is missing is proposed as
    moved away. What somebody has corrected since the last roll stays, or is put to a person.
    `progress` hears a stage (read, compare, write, index), a number of rows and, where known, of
    how many; whatever it raises stops the import, with nothing taken in. `record` is the row of a
    file that was uploaded; without it one is made.

    Raises `BadRoll` when the file is no roll; nothing was imported then, and a RollImport says so.
    """
    source = source or Source(columns=columns or {})
    record = record or RollImport(
        county=county, file_name=path.name[:MAX_FILE_NAME_CHARS], started_at=at, started_by=by,
        state=RollImport.State.FAILED,
    )  # fmt: skip
    try:
        checked(source.all_policies())
        with Run(path, county, source, by, at, progress) as run:
            record.file_sha256 = _sha256(path)
            report = run.import_roll(record, apply=apply, errors_to=errors_to)
    except BadRoll as refusal:
        record_refusal(record, refusal, by=by, at=at)
        raise
    if apply and (report.created or report.updated):
        report.linked = len(linking.link_waiting(county.pk, at=at))
    return report


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@transaction.atomic
def record_refusal(
    record: RollImport, refusal: BadRoll, *, by: Officer | None, at: datetime
) -> None:
    record.state, record.finished_at = RollImport.State.FAILED, at
    record.columns = {"refused": str(refusal)}
    record.save()
    trail.record(by, "roll.refused", record, at=at)


__all__ = ["BadRoll", "RollReport", "Source", "import_roll"]
