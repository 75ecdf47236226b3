"""An uploaded roll is checked or taken in by a worker, watched from a page, and may be stopped."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.core import jobs
from weijing.core.errors import DomainError
from weijing.residents.importing import mapping, uploads, verdicts
from weijing.residents.importing.columns import HEADINGS
from weijing.residents.importing.reports import Source
from weijing.residents.importing.roll import BadRoll, import_roll, record_refusal
from weijing.residents.models import ImportProfile, RollImport

State = RollImport.State
TOLD_EVERY_SECONDS = 1.0
CRASHED = "程序出错，一行也没有导入，原有资料没有动。请联系系统管理员。"


class Stopped(DomainError):
    """Somebody has stopped the import; nothing of it stays."""


class NotNow(DomainError):
    """The import is running already, is over, or its file is gone."""


@transaction.atomic
def start(
    record: RollImport,
    *,
    by: Officer,
    at: datetime,
    apply: bool,
    columns: Mapping[str, str] | None = None,
    policies: Mapping[str, str] | None = None,
    profile: ImportProfile | None = None,
    is_whole: bool = True,
) -> None:
    """Have a worker check the file, or with `apply` take it in as it was checked.

    Raises `NotNow`, `mapping.ColumnsMissing`, `verdicts.NoSuchPolicy`.
    """
    record = _locked(record)
    ready = (State.CHECKED,) if apply else (State.UPLOADED, State.CHECKED, State.STOPPED)
    if record.state not in ready or not uploads.is_kept(record):
        raise NotNow("这份名册现在不能导入：它正在处理、已经导入，或者文件已删除。请刷新后再看。")
    if not apply:
        mapping.check(columns or {})
        verdicts.checked(policies or {})
        record.columns, record.policies = dict(columns or {}), dict(policies or {})
        record.profile, record.is_whole = profile, is_whole
    record.state, record.finished_at, record.stop_asked_at = State.WAITING, None, None
    record.progress = {"apply": apply}
    record.save()
    trail.record(by, "roll.import_asked" if apply else "roll.check_asked", record, at=at)
    jobs.enqueue("residents.run_roll", once=f"roll-{record.pk}", import_id=record.pk)


@transaction.atomic
def ask_to_stop(record: RollImport, *, by: Officer, at: datetime) -> None:
    """Stop before the commit; what waits is stopped at once. Later it is too late, and harmless."""
    record = _locked(record)
    if record.state == State.WAITING:
        record.state, record.finished_at, record.progress = State.STOPPED, at, {}
    elif record.state == State.RUNNING:
        record.stop_asked_at = at
    else:
        raise NotNow("已经处理完了，没有取消。")
    record.save(update_fields=["state", "finished_at", "progress", "stop_asked_at"])
    trail.record(by, "roll.stop_asked", record, at=at)


def refuse(record: RollImport, refusal: BadRoll, *, by: Officer, at: datetime) -> None:
    """The file is no roll: that stays on the row, the file does not."""
    record_refusal(record, refusal, by=by, at=at)
    uploads.forget(record)


def _locked(record: RollImport) -> RollImport:
    rows = RollImport.objects.select_for_update(no_key=True, of=("self",))
    return rows.get(county_id=record.county_id, pk=record.pk)


def run(county_id: int, import_id: int, *, at: datetime) -> None:
    """The job. Killed and run again, it starts from the beginning: nothing was left behind."""
    with _teller(county_id, import_id) as teller:
        if teller is None:
            return  # another worker has it
        record = _taken_up(county_id, import_id)
        if record is None:
            return
        apply = bool(record.progress.get("apply"))
        # What nobody said is not to be guessed: a person has seen the columns.
        columns = {field: record.columns.get(field, "") for field in HEADINGS}
        source = Source(record.profile, columns, record.policies, record.is_whole)
        try:
            with uploads.opened(record) as path:
                import_roll(
                    path, county=record.county, by=record.started_by, at=at, apply=apply,
                    source=source, progress=teller.tell, record=record,
                )  # fmt: skip
        except Stopped:
            _end(record, State.STOPPED, at)
        except BadRoll:
            uploads.forget(record)  # the refusal is on the row already
        except Exception:
            RollImport.objects.filter(county_id=county_id, pk=import_id).update(
                columns={"refused": CRASHED}
            )
            _end(record, State.FAILED, at)
            raise
        else:
            if apply:
                uploads.forget(record)


def _taken_up(county_id: int, import_id: int) -> RollImport | None:
    rows = RollImport.objects.filter(county_id=county_id, pk=import_id)
    if not rows.filter(state__in=[State.WAITING, State.RUNNING]).update(state=State.RUNNING):
        return None
    return rows.select_related("county", "profile", "started_by").get()


def _end(record: RollImport, state: RollImport.State, at: datetime) -> None:
    RollImport.objects.filter(county_id=record.county_id, pk=record.pk).update(
        state=state, finished_at=at, progress={}
    )


@contextmanager
def _teller(county_id: int, import_id: int) -> Iterator["_Teller | None"]:
    """Holds the import for this process, on a connection outside the import's transaction."""
    side = connection.copy()
    try:
        with side.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [import_id])
            is_ours = cursor.fetchone()[0]
        yield _Teller(side, county_id, import_id) if is_ours else None
    finally:
        side.close()


class _Teller:
    """Writes how far the import is, where a page sees it, and hears whether to stop."""

    def __init__(self, side: Any, county_id: int, import_id: int) -> None:
        self._side, self._county_id, self._import_id = side, county_id, import_id
        self._told_at, self._stage = 0.0, ""

    def tell(self, stage: str, done: int, total: int | None) -> None:
        """Raises `Stopped`."""
        now = time.monotonic()
        if stage == self._stage and now - self._told_at < TOLD_EVERY_SECONDS:
            return
        self._told_at, self._stage = now, stage
        progress = json.dumps({"stage": stage, "done": done, "total": total})
        with self._side.cursor() as cursor:
            cursor.execute(_TELL, [progress, self._county_id, self._import_id])
            row = cursor.fetchone()
        if row is not None and row[0] is not None:
            raise Stopped("已取消，一行也没有导入。")


# A killed job starts again from what the row says, so `apply` stays on it.
_TELL = """
UPDATE residents_rollimport SET progress = progress || %s::jsonb
WHERE county_id = %s AND id = %s RETURNING stop_asked_at
"""
