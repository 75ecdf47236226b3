"""Jobs about the queue itself."""

import asyncio

from procrastinate.contrib.django import app

from weijing.core import jobs
from weijing.core.working import STALLED_AFTER_SECONDS


@jobs.periodic("* * * * * */10", "core.retry_stalled", queue=jobs.URGENT)
def retry_stalled(timestamp: int) -> None:
    """A killed worker leaves its jobs `doing` for ever; give them to another."""
    asyncio.run(_retry())


async def _retry() -> None:
    manager = app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_SECONDS):
        await manager.retry_job(job)
