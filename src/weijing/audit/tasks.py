"""Where the clock comes in."""

from weijing.audit import checkpoints, sealing
from weijing.core import jobs
from weijing.core.clock import now
from weijing.territory.models import County


@jobs.periodic("* * * * * 30", "audit.seal")
def seal(timestamp: int) -> None:
    for county in County.objects.all():
        sealing.seal(county.pk, at=now())
        checkpoints.write(county)
