"""The real queue's rows, worked off as a worker would: taken, run and gone, failed, or stalled."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError, connection

from tests.send_simulation.boundaries import Killed
from wecom_api import WeComError
from weijing.core.working import STALLED_AFTER_SECONDS

ONCE = frozenset({"campaigns.attend", "campaigns.look"})  # their share comes due again by itself
ATTEMPTS = 5

_NEXT = """
DELETE FROM procrastinate_jobs WHERE id = (
    SELECT id FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id LIMIT 1)
RETURNING task_name, args
"""


@dataclass
class Job:
    name: str
    args: dict[str, Any]
    attempts: int = 0


@dataclass
class Queue:
    """`run(name, args)` does the job and raises what the job raises.

    A job that is being done is in no row here: nobody waits for its lock, as for one that is
    `doing`. `later`: jobs that failed or whose worker died, and when others may have them.
    """

    run: Callable[[str, dict[str, Any]], None]
    now: Callable[[], float]
    later: list[tuple[float, Job]] = field(default_factory=list)

    def work_off(self) -> None:
        ready = [job for at, job in self.later if at <= self.now()]
        self.later = [(at, job) for at, job in self.later if at > self.now()]
        for job in ready:
            self._do(job)
        while (found := _take_next()) is not None:
            self._do(found)

    def restart(self) -> None:
        """After a restore there are the jobs of its rows, and no others."""
        self.later.clear()

    def _do(self, job: Job) -> None:
        try:
            self.run(job.name, job.args)
        except Killed:
            self.later.append((self.now() + STALLED_AFTER_SECONDS, job))
        except (WeComError, OperationalError):
            job.attempts += 1
            if job.name not in ONCE and job.attempts < ATTEMPTS:
                self.later.append((self.now() + 3**job.attempts, job))


def _take_next() -> Job | None:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT)
        row = cursor.fetchone()
    if row is None:
        return None
    return Job(row[0], json.loads(row[1]) if isinstance(row[1], str) else row[1])
