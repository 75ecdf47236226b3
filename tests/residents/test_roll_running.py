"""An uploaded roll in the worker: watched, stopped, killed, handed to two workers at once."""

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from tests.builders import make_officer
from tests.residents.rolls import as_csv, person, small_county
from tests.residents.test_roll_faults import many
from tests.sync.ingest_process import eventually
from weijing.accounts.models import Officer, Role
from weijing.core import clock, env
from weijing.residents.importing import running, taking_in, uploads
from weijing.residents.importing.columns import HEADINGS, assign
from weijing.residents.models import Household, Resident, RollFilePart, RollImport

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin() -> Officer:
    return make_officer(small_county(), "admin", Role.SYSTEM_ADMIN, county_desk=True)


def checked(path: Path, by: Officer, *, run: bool = True) -> RollImport:
    at = clock.now()
    record = uploads.keep(path.name, [path.read_bytes()], county_id=by.county_id, by=by, at=at)
    headings = path.read_text().splitlines()[0].split(",")
    found = assign(headings, {}).headings
    columns = {field: found.get(field, "") for field in HEADINGS}
    running.start(record, by=by, at=at, apply=False, columns=columns)
    if run:
        work(record)
    return record


def work(record: RollImport) -> None:
    running.run(record.county_id, record.pk, at=clock.now())
    record.refresh_from_db()


def test_progress_is_seen_from_outside_while_the_import_runs(
    admin: Officer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = checked(many(tmp_path / "roll.csv", 300), admin)
    running.start(record, by=admin, at=clock.now(), apply=True)
    seen: list[Any] = []
    write = taking_in.write

    def looked_at(*arguments: Any) -> Any:
        def look() -> None:
            seen.append(RollImport.objects.get(pk=record.pk))
            connections.close_all()

        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        return write(*arguments)

    monkeypatch.setattr(taking_in, "write", looked_at)
    work(record)

    assert (seen[0].state, seen[0].progress["stage"]) == ("running", "compare")
    assert seen[0].progress["total"] == 300
    assert (record.state, record.created) == ("applied", 300)


def test_stopped_in_the_middle_of_writing_nothing_stays(
    admin: Officer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = checked(many(tmp_path / "roll.csv", 300), admin)
    running.start(record, by=admin, at=clock.now(), apply=True)
    insert = taking_in._insert

    def stop_first(*arguments: Any) -> int:
        def ask() -> None:
            running.ask_to_stop(record, by=admin, at=clock.now())
            connections.close_all()

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        return insert(*arguments)

    monkeypatch.setattr(taking_in, "_insert", stop_first)
    work(record)

    assert record.state == "stopped"
    assert not Resident.objects.exists()
    assert not Household.objects.exists()
    assert uploads.is_kept(record), "to be checked again"


def test_two_workers_with_one_import_take_it_in_once(admin: Officer, tmp_path: Path) -> None:
    record = checked(many(tmp_path / "roll.csv", 300), admin)
    running.start(record, by=admin, at=clock.now(), apply=True)

    def take(number: int) -> None:
        try:
            running.run(record.county_id, record.pk, at=clock.now())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(take, range(2)))

    record.refresh_from_db()
    assert (record.state, record.created, record.updated) == ("applied", 300, 0)
    assert Resident.objects.count() == 300


def test_a_killed_worker_leaves_a_job_that_another_one_finishes(
    admin: Officer, tmp_path: Path
) -> None:
    record = checked(as_csv(tmp_path / "roll.csv", [person(1)]), admin)
    running.start(record, by=admin, at=clock.now(), apply=True)
    RollImport.objects.update(state="running")  # as the killed one left it

    work(record)
    assert (record.state, record.created) == ("applied", 1)


def test_a_crash_says_so_and_imports_nothing(
    admin: Officer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = checked(as_csv(tmp_path / "roll.csv", [person(1)]), admin)
    running.start(record, by=admin, at=clock.now(), apply=True)

    def broken(*_: Any) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(taking_in, "_insert", broken)
    with pytest.raises(ZeroDivisionError):
        work(record)
    record.refresh_from_db()
    assert record.state == "failed"
    assert "没有导入" in record.columns["refused"]
    assert not Resident.objects.exists()


def gone(files: Iterable[Path]) -> bool:
    """Other runs of the tests beside this one open files in the same place, and close them."""
    there = list(files)
    return eventually(lambda: not any(file.exists() for file in there))


def test_an_upload_is_unreadable_at_rest_and_forgotten_after_days(
    admin: Officer, tmp_path: Path
) -> None:
    record = checked(as_csv(tmp_path / "roll.csv", [person(1)]), admin)

    assert b"15400000001" not in bytes(RollFilePart.objects.get().data)
    assert gone((env.environment().var / "rolls").glob("open-*"))
    late = clock.now() + timedelta(days=4)
    assert uploads.forget_old(admin.county_id, at=late) == 1
    record.refresh_from_db()
    assert not uploads.is_kept(record)
    with pytest.raises(running.NotNow):
        running.start(record, by=admin, at=late, apply=True)
    assert connection.is_usable()
