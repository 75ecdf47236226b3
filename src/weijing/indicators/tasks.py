"""Where the queue comes in."""

from weijing.core import jobs
from weijing.core.clock import now
from weijing.indicators import messages
from weijing.territory.models import County


@jobs.periodic("23 * * * *", "indicators.keep_messages")
def keep_messages(timestamp: int) -> None:
    for county in County.objects.all():
        messages.keep(county.pk, at=now())
