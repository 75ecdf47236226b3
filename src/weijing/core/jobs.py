"""The queue behind one port. Jobs are enqueued in the transaction of the change that needs them,
carry ids only, and may run twice: every task is written to bear that.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.db import close_old_connections, transaction
from procrastinate import RetryStrategy, exceptions
from procrastinate.contrib.django import app as _app

MAX_ATTEMPTS = 5  # then the job is parked as failed, visible on the health page

# Which worker lane runs it; a worker serves all, a busy county may start one per lane.
URGENT, NORMAL, BULK = "urgent", "normal", "bulk"


def task(
    name: str, *, queue: str = NORMAL, attempts: int = MAX_ATTEMPTS, lock: str | None = None
) -> Callable[[Callable[..., None]], Any]:
    """Register a function of a `tasks.py` under a name that `enqueue` knows."""
    retry = RetryStrategy(max_attempts=attempts, exponential_wait=3)

    def register(function: Callable[..., None]) -> Any:
        return _app.task(name=name, queue=queue, retry=retry, lock=lock)(
            _with_live_database(function)
        )

    return register


def _with_live_database(function: Callable[..., None]) -> Callable[..., None]:
    """A worker's thread keeps its connection between jobs; drop it when the server went away."""

    @wraps(function)
    def run(**arguments: Any) -> None:
        close_old_connections()
        try:
            function(**arguments)
        finally:
            close_old_connections()

    return run


def periodic(cron: str, name: str, *, queue: str = NORMAL) -> Callable[[Callable[..., None]], Any]:
    """Register a function that the queue runs by the clock; it gets `timestamp`.

    The next tick is the retry; a slot that is still running is not started twice.
    """

    def register(function: Callable[..., None]) -> Any:
        registered = _app.task(name=name, queue=queue, queueing_lock=name, lock=name)(
            _with_live_database(function)
        )
        return _app.periodic(cron=cron)(registered)

    return register


def enqueue(
    name: str, *, once: str | None = None, at: datetime | None = None, **ids: int | str
) -> bool:
    """Put one job into the queue, as part of the caller's transaction.

    With `once`, a job with the same key that still waits is enough: returns False.
    """
    options: dict[str, Any] = {}
    if once:
        options["queueing_lock"] = once
    if at:
        options["schedule_at"] = at
    try:
        with transaction.atomic():  # a savepoint: a refused job must not spoil the caller's work
            _app.configure_task(name, **options).defer(**ids)
    except exceptions.AlreadyEnqueued:
        return False
    return True
