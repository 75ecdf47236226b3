"""Jobs about the queue itself."""

import asyncio

from procrastinate.contrib.django import app

from wecom_api import WeComError
from weijing.core import jobs, line
from weijing.core.logs import log
from weijing.core.working import STALLED_AFTER_SECONDS


@jobs.periodic("* * * * * */10", "core.retry_stalled", queue=jobs.URGENT)
def retry_stalled(timestamp: int) -> None:
    """A killed worker leaves its jobs `doing` for ever; give them to another."""
    asyncio.run(_retry())


async def _retry() -> None:
    manager = app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_SECONDS):
        await manager.retry_job(job)


@jobs.task("core.fetch_tickets", queue=jobs.URGENT)
def fetch_tickets() -> None:
    """Somebody's page waits for the tickets of WeCom's JS-SDK."""
    _keep_tickets()


@jobs.periodic("*/2 * * * *", "core.keep_tickets")
def keep_tickets(timestamp: int) -> None:
    """They last two hours and are renewed five minutes before; a page never fetches them itself."""
    _keep_tickets()


def _keep_tickets() -> None:
    try:
        line.wecom().js_sdk.keep_tickets()
    except WeComError as error:  # the next tick tries again; the health page shows the line
        log.warning("core.tickets_wait", error_type=type(error).__name__, errcode=error.errcode)
