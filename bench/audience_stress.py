"""Whether a count is ever wrong: `./run bench audience_stress` (or `--transactions N`).

Twelve writers in four processes change tags, consents, places, birthdays and contacts of the same
people, one at a time and two thousand at a time, in transactions with savepoints; some roll back,
some stay open so that they do not end in the order in which they began. Two readers ask the index
and the rows in one REPEATABLE READ snapshot, now and then in a new index from a checkpoint, while
the log is being shortened behind them. Prints a table and, as its last line, one JSON object; ends
with an error when a single count or list differed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from audience_parts import county

PROCESSES, THREADS, READERS = 4, 3, 2
ROLLED_BACK, HELD_OPEN, BULK = 0.15, 0.30, 0.01
BULK_PEOPLE = 2_000
FOUGHT_OVER = 60  # people whom half of the single changes concern
TAGS = 12
HELD_SECONDS = 0.15
KEEP_LOG, MAX_IDLE = timedelta(seconds=20), 12.0  # as a day's work in a minute
CHECKPOINT_EVERY_SECONDS = 4.0


class RolledBackError(Exception):
    """As when a use case raises."""


@dataclass
class Writer:
    """One connection's worth of changes."""

    county_id: int
    people: list[int]
    tags: list[int]
    places: list[int]
    seed: int
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    def run(self, transactions: int) -> None:
        from django.db import OperationalError, connections, transaction

        for _ in range(transactions):
            self.done["transactions"] += 1
            try:
                with transaction.atomic():
                    for _ in range(self.random.randrange(1, 4)):
                        self._in_a_savepoint()
                    if self.random.random() < HELD_OPEN:
                        self.done["held open"] += 1
                        time.sleep(self.random.random() * HELD_SECONDS)
                    if self.random.random() < ROLLED_BACK:
                        raise RolledBackError
            except RolledBackError:
                self.done["rolled back"] += 1
            except OperationalError:  # two who fought over the same people: PostgreSQL ends one
                self.done["deadlocks"] += 1
        connections.close_all()

    def _in_a_savepoint(self) -> None:
        from django.db import transaction

        try:
            with transaction.atomic():
                self._change()
                if self.random.random() < ROLLED_BACK:
                    raise RolledBackError
        except RolledBackError:
            self.done["savepoints rolled back"] += 1

    def _change(self) -> None:
        if self.random.random() < BULK:
            some = sorted(self.random.sample(self.people, min(BULK_PEOPLE, len(self.people))))
            self.random.choice([self._carry, self._drop, self._move])(some)
            return
        crowd = self.people[:FOUGHT_OVER] if self.random.random() < 0.5 else self.people
        kinds = [self._carry, self._carry, self._drop, self._alter, self._alter, self._contact,
                 self._move]  # fmt: skip
        self.random.choice(kinds)([self.random.choice(crowd)])

    def _carry(self, some: list[int]) -> None:
        from weijing.core.ids import new_ids
        from weijing.residents import audience_changes

        tag = self.random.choice(self.tags)
        days = self.random.choice([-1, 0, 30, 365])
        self._do(CARRY, ids=new_ids(len(some)), some=some, tag=tag, days=days)
        audience_changes.tags(self.county_id, {tag: some})

    def _drop(self, some: list[int]) -> None:
        from weijing.residents import audience_changes

        tag = self.random.choice(self.tags)
        self._do(DROP, some=some, tag=tag)
        audience_changes.tags(self.county_id, {tag: some})

    def _alter(self, some: list[int]) -> None:
        what, value = self.random.choice([
            ("sex", "f"), ("sex", "m"), ("sex", ""), ("born_on", None),
            ("born_on", date(1930 + self.random.randrange(95), 1 + self.random.randrange(12), 28)),
            ("lifecycle", "moved"), ("lifecycle", "roll"), ("lifecycle", "roll"),
            ("consents", ["contact", "publicity"]), ("consents", []),
        ])  # fmt: skip
        self._people(some, **{what: value})

    def _move(self, some: list[int]) -> None:
        self._people(some, division_id=self.random.choice([*self.places, None]))

    def _people(self, some: list[int], **fields: Any) -> None:
        from weijing.residents import audience_changes
        from weijing.residents.models import Resident

        people = Resident.objects.filter(county_id=self.county_id, pk__in=some)
        self.done["changes"] += people.update(**fields)
        audience_changes.people(self.county_id, some)

    def _contact(self, some: list[int]) -> None:
        from weijing.residents import audience_changes

        state = self.random.choice(["linked", "linked", "removed_by_resident"])
        self._do(CONTACT, some=some, state=state)
        audience_changes.people(self.county_id, some)

    def _do(self, statement: str, **values: Any) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(statement, {"county": self.county_id, **values})
            self.done["changes"] += cursor.rowcount


CARRY = """
INSERT INTO tags_tagassignment (county_id, id, resident_id, tag_id, source, basis, confirmed_at,
    expires_on)
SELECT %(county)s, pair.id, pair.resident, %(tag)s, 'visit', '', now(),
    (now() AT TIME ZONE 'Asia/Shanghai')::date + %(days)s
FROM unnest(%(ids)s::bigint[], %(some)s::bigint[]) AS pair (id, resident)
ON CONFLICT (county_id, tag_id, resident_id) DO UPDATE SET expires_on = excluded.expires_on
"""
DROP = """
DELETE FROM tags_tagassignment
WHERE county_id = %(county)s AND tag_id = %(tag)s AND resident_id = ANY(%(some)s::bigint[])
"""
CONTACT = """
UPDATE residents_contact contact SET state = %(state)s FROM residents_wechatidentity identity
WHERE contact.county_id = %(county)s AND identity.county_id = %(county)s
    AND identity.id = contact.identity_id AND identity.resident_id = ANY(%(some)s::bigint[])
"""


class Reader:
    """Asks both, in one snapshot."""

    def __init__(self, place: Any, seed: int) -> None:
        from weijing.territory.models import Division

        self.county, self.random = place, Random(seed)
        self.tags = [tag.code for tag in county.tags_by_rank(place)[:TAGS]]
        levels = Division.objects.filter(county=place, level__in=["township", "village", "county"])
        self.places = list(levels.values_list("code", flat=True))
        self.done: Counter[str] = Counter()
        self.kept_at = time.monotonic()

    def compare(self) -> None:
        from django.db import connection, transaction

        from weijing.audiences import by_rows, counting
        from weijing.audiences.expression import parse
        from weijing.audiences.index import checkpoints, keeping

        if self.random.random() < 0.05:
            keeping.forget()
            self.done["new indexes"] += 1
        if time.monotonic() - self.kept_at > CHECKPOINT_EVERY_SECONDS:
            with keeping.current(self.county.pk) as index:
                checkpoints.write(self.county.pk, index)
            self.kept_at = time.monotonic()
            self.done["checkpoints"] += 1
        node = parse(self._tree(3), county_id=self.county.pk)
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            count = counting.count(node, county_id=self.county.pk)
            people = counting.people(node, county_id=self.county.pk)
            found = list(counting.resident_ids(people, county_id=self.county.pk))
            true = list(
                by_rows.matching(node, county_id=self.county.pk)
                .order_by("ordinal").values_list("pk", flat=True)
            )  # fmt: skip
        self.done["comparisons"] += 1
        if found != true or count != len(true):
            self.done["mismatches"] += 1
            print(f"differs: {node}: {count}, {len(found)}, {len(true)}", file=sys.stderr)

    def _tree(self, depth: int) -> Any:
        if depth and self.random.random() < 0.6:
            key = self.random.choice(["all", "any", "except"])
            return {key: [self._tree(depth - 1) for _ in range(self.random.randrange(1, 4))]}
        return self.random.choice([
            {"tag": self.random.sample(self.tags, self.random.randrange(1, 3))},
            {"tag": [self.random.choice(self.tags)]},
            {"division": self.random.sample(self.places, 2)},
            {"age": {"from": self.random.randrange(40), "to": 40 + self.random.randrange(60)}},
            {"sex": self.random.choice("fm")},
            {"contact": self.random.choice(["linked", "unlinked"])},
            {"consent": "publicity"},
        ])  # fmt: skip


def write(name: str, number: int, transactions: int, told: Any) -> None:
    """One process of writers."""
    place = _begin(name)
    from weijing.residents.models import Resident
    from weijing.territory.models import Division

    people = list(Resident.objects.order_by("ordinal").values_list("pk", flat=True))
    tags = [tag.pk for tag in county.tags_by_rank(place)[:TAGS]]
    places = list(Division.objects.filter(level="group").values_list("pk", flat=True)[:500])
    writers = [
        Writer(place.pk, people, tags, places, seed=number * THREADS + one)
        for one in range(THREADS)
    ]
    threads = [
        threading.Thread(target=one.run, args=(transactions // (PROCESSES * THREADS) + 1,))
        for one in writers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told.put(sum((one.done for one in writers), Counter()))


def read(name: str, number: int, over: Any, told: Any) -> None:
    place = _begin(name)
    reader = Reader(place, seed=100 + number)
    while not over.is_set():
        reader.compare()
    for _ in range(20):
        reader.compare()  # of the end
    told.put(reader.done)


def _begin(name: str) -> Any:
    import django

    django.setup()
    county.use(name)
    from weijing.audiences.index import checkpoints, keeping
    from weijing.territory.models import County

    checkpoints.KEEP_LOG, keeping.MAX_IDLE = KEEP_LOG, MAX_IDLE
    return County.objects.get()


def quarrel(name: str, transactions: int) -> Counter[str]:
    """What everybody did and found."""
    spawning = multiprocessing.get_context("spawn")
    told, over = spawning.Queue(), spawning.Event()
    readers = [
        spawning.Process(target=read, args=(name, one, over, told)) for one in range(READERS)
    ]
    writers = [
        spawning.Process(target=write, args=(name, one, transactions, told))
        for one in range(PROCESSES)
    ]
    for process in [*readers, *writers]:
        process.start()
    done: Counter[str] = Counter()
    for process in writers:
        process.join()
    over.set()
    for process in readers:
        process.join()
    if any(process.exitcode for process in [*readers, *writers]):
        raise SystemExit("A writer or reader fell over; see above.")
    for _ in [*readers, *writers]:
        done += told.get()
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transactions", type=int, default=12_000)
    parser.add_argument("--residents", type=int, default=20_000)
    options = parser.parse_args()
    with county.server():
        place = county.county(options.residents)
        began = time.perf_counter()
        done = quarrel(f"{county.NAME}_{options.residents}", options.transactions)
        seconds = time.perf_counter() - began
        from weijing.audiences.index import comparing

        differences = comparing.differences(place.pk)
    from rich.console import Console
    from rich.table import Table

    table = Table("", "", title=f"{options.residents:,} residents, {seconds:,.0f} s")
    done["mismatches"] += len(differences)
    for what, number in done.items():
        table.add_row(what, f"{number:,}")
    Console().print(table)
    for one in differences:
        print(f"the checkpoint differs in {one}", file=sys.stderr)
    print(json.dumps({
        "bench": "audience_stress", "residents": options.residents, "seconds": round(seconds),
        **done, "mismatches": done["mismatches"], "load_average": round(os.getloadavg()[0], 1),
    }))  # fmt: skip
    if done["mismatches"] or not done["comparisons"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
