"""Killed, doubled and disturbed for real: nothing half-imported, nobody twice."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection, connections, transaction

from tests.residents.rolls import DIVISIONS, as_csv, person, refused, small_county
from weijing.residents import ordinals
from weijing.residents.importing.roll import import_roll
from weijing.residents.models import (
    Household,
    ImportProfile,
    OrdinalCounter,
    Resident,
    RollImport,
)
from weijing.territory.models import County, Division

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
MANY = 12_000  # more than INLINE_BYTES: other processes take part


@pytest.fixture
def place() -> County:
    return small_county()


def many(path: Path, count: int = MANY) -> Path:
    rows = [
        person(n % 1_000, 户号=f"H{n // 4:06}", 姓名=f"阳{chr(0x4E00 + n % 20_000)}", 身份证号="",
               组=f"{n // 4 % 9 + 1}组", 手机号=f"154{n:08}")
        for n in range(count)
    ]  # fmt: skip
    for row in rows:
        row["地址"] = f"很长的一条老街第{row['户号']}号后院左手边二楼右边的房间" * 2
    return as_csv(path, rows)


def command(path: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """`weijing import-roll` in a process group of its own, on the tests' database."""
    settings = connection.settings_dict
    login = f"{quote(settings['USER'])}:{quote(settings['PASSWORD'])}"
    where = f"{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
    return subprocess.Popen(
        [sys.executable, "-m", "weijing", "import-roll", str(path), *arguments],
        env={**os.environ, "DATABASE_URL": f"postgresql://{login}@{where}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def group_of(leader: int) -> list[int]:
    """The processes that still run in a process group."""
    alive = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == leader and fields[0] != "Z":
                alive.append(int(entry.name))
    return alive


def wait_until(condition: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def copying() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_stat_progress_copy "
            "WHERE relid = 'residents_resident'::regclass AND tuples_processed > 100)"
        )
        return bool(cursor.fetchone()[0])


def test_killed_while_writing_nothing_is_imported_and_no_process_stays(
    place: County, tmp_path: Path
) -> None:
    path = many(tmp_path / "roll.csv", 3 * MANY)
    process = command(path, "--apply")
    try:
        wait_until(lambda: process.poll() is not None or copying())
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert len(group_of(process.pid)) >= 3
        process.send_signal(signal.SIGKILL)
        process.wait()
        wait_until(lambda: not group_of(process.pid))
    finally:
        for pid in group_of(process.pid):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not copying())

    assert not Resident.objects.exists()
    assert not Household.objects.exists()
    assert not Division.objects.filter(level="group").exists()
    assert not OrdinalCounter.objects.exists()
    assert not RollImport.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_indexes WHERE tablename = 'residents_resident'")
        assert cursor.fetchone()[0] >= 9

    again = command(path, "--apply")
    _, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors.decode()
    assert Resident.objects.count() == 3 * MANY


def test_a_worker_that_is_killed_leaves_nothing(place: County, tmp_path: Path) -> None:
    path = many(tmp_path / "roll.csv", 6 * MANY)  # four parts
    process = command(path, "--apply")
    wait_until(lambda: process.poll() is not None or copying())
    workers = [pid for pid in group_of(process.pid) if pid != process.pid]
    spawned = [pid for pid in workers if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(spawned[0], signal.SIGKILL)
    process.communicate(timeout=60)

    assert process.returncode != 0
    wait_until(lambda: not group_of(process.pid))
    assert not Resident.objects.exists()
    assert not Household.objects.exists()


def test_the_same_file_twice_at_once_imports_everyone_once(place: County, tmp_path: Path) -> None:
    path = many(tmp_path / "roll.csv", 400)

    def take(number: int) -> tuple[int, int]:
        try:
            report = import_roll(
                path, county=place, by=None, at=AT, apply=True,
                errors_to=tmp_path / f"errors{number}.xlsx",
            )  # fmt: skip
            return report.created, report.unchanged
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as threads:
        results = sorted(threads.map(take, range(3)))

    assert results == [(0, 400), (0, 400), (400, 0)]
    assert Resident.objects.count() == 400
    assert sorted(Resident.objects.values_list("ordinal", flat=True)) == list(range(400))


def test_strangers_who_come_during_an_import_get_ordinals_of_their_own(
    place: County, tmp_path: Path
) -> None:
    path = many(tmp_path / "roll.csv", 600)
    stop = False

    def strangers() -> int:
        made = 0
        try:
            while not stop:
                with transaction.atomic():
                    ordinal = ordinals.take(place.pk, 1)
                    Resident.objects.create(
                        county=place, ordinal=ordinal, name="微信用户", lifecycle="provisional"
                    )
                made += 1
        finally:
            connections.close_all()
        return made

    with ThreadPoolExecutor(1) as threads:
        coming = threads.submit(strangers)
        report = import_roll(path, county=place, by=None, at=AT, apply=True)
        stop = True
        made = coming.result()

    assert report.created == 600
    assert made > 0
    assert sorted(Resident.objects.values_list("ordinal", flat=True)) == list(range(600 + made))


def test_a_rolled_back_taking_leaves_no_gap(place: County) -> None:
    with transaction.atomic():
        assert ordinals.take(place.pk, 5) == 0
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        ordinals.take(place.pk, 100)
        raise ZeroDivisionError
    with transaction.atomic():
        assert ordinals.take(place.pk, 0) == 5
        assert ordinals.take(place.pk, 1) == 5


def test_the_command_says_what_it_did(place: County, tmp_path: Path) -> None:
    assert DIVISIONS[0].code == "430524"
    rows = [person(1), person(2, 手机号="1")]
    path = as_csv(tmp_path / "roll.csv", [{"编码": row.pop("户号"), **row} for row in rows])
    errors = tmp_path / "bad.xlsx"
    process = command(path, "--map", "户号=编码", "--errors", str(errors))
    said, complaints = process.communicate(timeout=60)

    assert process.returncode == 0, complaints.decode()
    assert "nothing was changed" in said.decode()
    assert "手机号应为 11 位" in said.decode()
    assert refused(errors) == [("", 3, "手机号应为 11 位")]
    assert not Resident.objects.exists()

    process = command(path)
    said, complaints = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "缺少列：户号" in complaints.decode()
    assert "Traceback" not in complaints.decode()


def test_a_saved_source_reads_its_columns_on_the_command_line(
    place: County, tmp_path: Path
) -> None:
    rows = [person(1), person(2)]
    path = as_csv(tmp_path / "roll.csv", [{"编码": row.pop("户号"), **row} for row in rows])
    ImportProfile.objects.create(
        county=place, name="户籍名册", columns={"household": "编码"}, saved_at=AT
    )

    unknown = command(path, "--profile", "没有这个")
    _, complaints = unknown.communicate(timeout=60)
    assert unknown.returncode != 0
    assert "户籍名册" in complaints.decode(), "says which there are"

    process = command(path, "--profile", "户籍名册", "--apply")
    _, complaints = process.communicate(timeout=60)
    assert process.returncode == 0, complaints.decode()
    assert Resident.objects.count() == 2
    assert RollImport.objects.get().profile == ImportProfile.objects.get()


def test_stopped_by_ctrl_c_nothing_is_imported_and_the_command_says_so(
    place: County, tmp_path: Path
) -> None:
    process = command(many(tmp_path / "roll.csv", 3 * MANY), "--apply")
    wait_until(lambda: process.poll() is not None or copying())
    os.killpg(process.pid, signal.SIGINT)
    _, complaints = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "Nothing was changed" in complaints.decode()
    assert "Traceback" not in complaints.decode()
    wait_until(lambda: not group_of(process.pid), 10)  # its children are leaving too
    assert not Resident.objects.exists()
    assert not RollImport.objects.exists()
