"""Where the queue comes in."""

from weijing.audiences.index import checkpoints, keeping
from weijing.core import jobs
from weijing.territory.models import County


@jobs.periodic("7 * * * *", "audiences.keep_checkpoints", queue=jobs.BULK)
def keep_checkpoints(timestamp: int) -> None:
    """Indexes as new processes start from them, where enough has changed."""
    for county_id in County.objects.values_list("pk", flat=True):
        with keeping.current(county_id) as index:
            checkpoints.write_if_worth_it(county_id, index)
