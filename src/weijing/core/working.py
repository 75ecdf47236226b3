"""The worker process: procrastinate, started so that it survives a database that comes and goes."""

import asyncio
import time

import psycopg
from procrastinate import exceptions
from procrastinate.contrib.django import app

from weijing.core.logs import log

RETRY_SECONDS = 2.0
STALLED_AFTER_SECONDS = 20


def work(*, concurrency: int, queues: list[str] | None, wait: bool = True) -> None:
    """Run jobs until told to stop; with `wait=False`, until none is left (tests, demo)."""
    while True:
        try:
            asyncio.run(_run(concurrency=concurrency, queues=queues, wait=wait))
        except (psycopg.OperationalError, exceptions.ConnectorException) as error:
            log.warning("worker.database_lost", error_type=type(error).__name__)
            time.sleep(RETRY_SECONDS)
        else:
            return


async def _run(*, concurrency: int, queues: list[str] | None, wait: bool) -> None:
    worker_app = app.with_connector(
        app.connector.get_worker_connector()  # type: ignore[attr-defined]
    )
    async with worker_app.open_async():
        await worker_app.run_worker_async(
            concurrency=concurrency,
            queues=queues,  # type: ignore[arg-type]  # None: all of them
            wait=wait,
            # Polling, not LISTEN/NOTIFY: its commit lock hurts under load.
            listen_notify=False,
            fetch_job_polling_interval=1.0 if wait else 0.1,
            delete_jobs="successful",
            install_signal_handlers=wait,
            shutdown_graceful_timeout=20,
            update_heartbeat_interval=5,
            stalled_worker_timeout=STALLED_AFTER_SECONDS,
        )
