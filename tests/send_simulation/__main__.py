"""`./run simulate-sends`: seeded fault schedules against the code that sends.

It starts a PostgreSQL of its own and leaves nothing behind.

Exit status 0 only if no schedule broke a promise. A seed that did is told with its plan, what
happened and what was broken; `--seed N --schedules 1` plays it again.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

PER_REPORT = 100
KINDS = ("lost", "duplicated", "stuck")


@dataclass(frozen=True)
class Span:
    """Seeds from `first` on."""

    first: int
    count: int


def main() -> int:
    wanted = _arguments()
    if wanted.worker:
        return _work(Span(wanted.seed, wanted.schedules), wanted.show)
    started = time.monotonic()
    with ThreadPoolExecutor(wanted.processes) as pool:
        spans = list(_spans(wanted.seed, wanted.schedules, wanted.processes))
        results = list(pool.map(lambda span: _in_a_process(span, wanted.show), spans))
    total: Counter[str] = sum((Counter(result) for result in results), Counter())
    _tell(total, time.monotonic() - started, wanted.seed)
    return 1 if total["broken"] or total["schedules"] != wanted.schedules else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run simulate-sends", description=__doc__)
    parser.add_argument("--schedules", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--show", type=int, default=3, help="so many broken ones in full")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _spans(first: int, schedules: int, processes: int) -> list[Span]:
    each = -(-schedules // processes)
    ends = range(first, first + schedules, each)
    return [Span(at, min(each, first + schedules - at)) for at in ends]


def _in_a_process(span: Span, show: int) -> dict[str, int]:
    command = [sys.executable, "-m", "tests.send_simulation", "--worker"]
    options = ["--seed", span.first, "--schedules", span.count, "--show", show]
    done = subprocess.run(
        [*command, *map(str, options)], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        return {}
    found: dict[str, int] = json.loads(done.stdout)
    return found


def _work(span: Span, show: int) -> int:
    _set_up()
    from tests.send_simulation.running import verdicts

    total: Counter[str] = Counter()
    for verdict in verdicts(range(span.first, span.first + span.count)):
        total["schedules"] += 1
        total["boundaries"] += verdict.boundaries
        total.update({f"did {what}": n for what, n in verdict.did.items()})
        total.update({f"shares {state}": n for state, n in verdict.ended.items()})
        if verdict.broken:
            total["broken"] += 1
            total.update({what.split(":")[0] for what in verdict.broken} & {*KINDS})
            if total["broken"] <= show:
                print(verdict, file=sys.stderr, flush=True)
        if total["schedules"] % PER_REPORT == 0:
            said = f"{total['schedules']:,} of {span.count:,}, {total['broken']} broken"
            print(said, file=sys.stderr, flush=True)
    print(json.dumps(total))
    return 0


def _set_up() -> None:
    """A server that goes with this process, with our schema in it."""
    import django
    from django.core.management import call_command

    from tests import throwaway

    os.environ.pop("DATABASE_URL", None)
    os.environ["WEIJING_VAR"] = str(throwaway.make(server=True))
    os.environ["DJANGO_SETTINGS_MODULE"] = "weijing.settings"
    django.setup()
    call_command("migrate", verbosity=0)


def _tell(total: Counter[str], seconds: float, seed: int) -> None:
    last = seed + total["schedules"] - 1
    kinds = ", ".join(f"{total[kind]} {kind}" for kind in KINDS)
    shares = ", ".join(
        f"{n:,} {name.removeprefix('shares ')}"
        for name, n in sorted(total.items())
        if name.startswith("shares ")
    )
    print(
        f"{total['schedules']:,} schedules (seeds {seed}-{last}): {kinds}; {total['broken']} broken"
    )
    print(f"Shares ended: {shares}.")
    did = ", ".join(
        f"{n:,} {name.removeprefix('did ').removeprefix('campaigns.')}"
        for name, n in sorted(total.items())
        if name.startswith("did ")
    )
    print(f"Acts: {did}.")
    each = 1_000 * seconds / max(total["schedules"], 1)
    print(f"{total['boundaries']:,} boundaries passed; {seconds:,.0f} s, {each:.0f} ms a schedule.")


if __name__ == "__main__":
    raise SystemExit(main())
