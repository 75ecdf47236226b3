"""Ids never repeat, however many are made, by however many."""

import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

from weijing.core import ids
from weijing.core.ids import ID_STEP, RANDOM_BITS, new_id, new_ids, reserve

MANY = 200_000


def made(_: int) -> list[int]:
    return [new_id() for _ in range(MANY // 4)]


def test_one_process_in_a_hurry_never_repeats_itself():
    found = [new_id() for _ in range(MANY)] + new_ids(MANY)
    assert len(set(found)) == 2 * MANY
    assert found == sorted(found)


def test_threads_never_share_an_id():
    with ThreadPoolExecutor(4) as pool:
        found = [one for some in pool.map(made, range(4)) for one in some]
    assert len(set(found)) == MANY


def test_forked_processes_never_share_an_id():
    new_id()
    with ProcessPoolExecutor(4, mp_context=get_context("fork")) as pool:
        found = [one for some in pool.map(made, range(4)) for one in some]
    assert len(set(found)) == MANY


def test_ids_fit_63_bits_and_begin_with_the_time(monkeypatch):
    # Other tests may have made ids in a hurry, or under a clock set to next year.
    monkeypatch.setattr(ids, "_ticks", ids._Ticks())
    before = time.time_ns() // 1_000_000
    one = new_id()
    assert 0 < one < 2**63
    assert before <= one >> RANDOM_BITS < before + 5_000


def test_a_reserved_run_meets_no_other_id():
    first = reserve(1_000)
    run = {first + n * ID_STEP for n in range(1_000)}
    assert len(run) == 1_000
    assert run.isdisjoint(new_ids(10_000))
