"""The index when something comes between: a large import during its load, a lost connection."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from tests.builders import division, make_county, make_resident
from weijing.audiences import counting
from weijing.audiences.expression import parse
from weijing.audiences.index import checkpoints, comparing, keeping, rows, ticking
from weijing.residents import audience_changes
from weijing.residents.models import Resident
from weijing.territory.models import County

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def county() -> County:
    county = make_county()
    make_resident(division(county, "小沙江镇", "桃李村", "1组"), "人0", sex="m")
    return county


def women(county: County) -> int:
    return counting.count(parse({"sex": "f"}, county_id=county.pk), county_id=county.pk)


class Import:
    """Another connection's transaction that changes so much that it names nobody."""

    def __init__(self, county: County, sex: str) -> None:
        self._county, self._sex = county, sex
        self._may_commit, self._is_written = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._is_written.wait(20)

    def _run(self) -> None:
        with transaction.atomic():
            Resident.objects.filter(county=self._county).update(sex=self._sex)
            audience_changes.everything(self._county.pk)
            self._is_written.set()
            self._may_commit.wait(20)
        connections.close_all()

    def commit(self) -> None:
        self._may_commit.set()
        self._thread.join()


@pytest.fixture
def commits_while_loading(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Import]]:
    """The rows have been read, the index is not yet there: now the import commits."""
    waiting: list[Import] = []
    really = rows.everybody

    def everybody(*args: Any, **options: Any) -> Any:
        read = really(*args, **options)
        if waiting:
            waiting.pop(0).commit()
        return read

    monkeypatch.setattr(rows, "everybody", everybody)
    yield waiting
    for each in waiting:
        each.commit()


def test_an_import_that_commits_during_the_load_counts(
    county: County, commits_while_loading: list[Import]
) -> None:
    commits_while_loading.append(Import(county, "f"))
    assert women(county) == 1
    with keeping.current(county.pk) as index:
        checkpoints.write(county.pk, index)
    keeping.forget()
    assert women(county) == 1, "a checkpoint does not carry the old state on"
    assert comparing.differences(county.pk) == []


def test_an_index_that_is_there_is_read_anew_after_an_import(
    county: County, commits_while_loading: list[Import]
) -> None:
    assert women(county) == 0
    Import(county, "f").commit()
    assert women(county) == 1


def test_the_doctor_finds_no_difference_where_everybody_is_read_anew(county: County) -> None:
    with keeping.current(county.pk) as index:
        checkpoints.write(county.pk, index)
    Import(county, "f").commit()
    assert comparing.differences(county.pk) == []
    assert women(county) == 1


def test_ones_own_import_counts_before_its_commit_and_not_after_its_rollback(
    county: County,
) -> None:
    assert women(county) == 0
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Resident.objects.filter(county=county).update(sex="f")
        audience_changes.everything(county.pk)
        assert women(county) == 1
        raise ZeroDivisionError
    assert women(county) == 0


def lose_the_connection() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()

    def kill() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", backend)
        connections.close_all()

    thread = threading.Thread(target=kill)
    thread.start()
    thread.join()


@pytest.mark.parametrize("is_there", [True, False])
def test_a_lost_connection_is_what_the_ticking_thread_expects(
    county: County, is_there: bool
) -> None:
    if is_there:
        ticking.tick()
    lose_the_connection()
    with pytest.raises(DatabaseError), keeping.current(county.pk):
        pass
    connections.close_all()
    ticking.tick()
    assert women(county) == 0


def test_the_ticking_thread_survives_a_lost_connection(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    class Enough(BaseException):
        pass

    def tick() -> None:
        if "lost" in done:
            done.append("went on")
            raise Enough
        done.append("lost")
        County.objects.count()
        lose_the_connection()
        with keeping.current(county.pk):
            pass

    monkeypatch.setattr(ticking, "tick", tick)
    monkeypatch.setattr(ticking, "AFTER_A_FAILURE_SECONDS", 0)
    with pytest.raises(Enough):
        ticking._tick_for_ever()
    connections.close_all()
    assert done == ["lost", "went on"]
