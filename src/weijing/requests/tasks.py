"""Where the queue comes in."""

from weijing.core import clock, jobs, line
from weijing.requests.lost import ending, matching
from weijing.requests.missing import finding, publishing, reminding, telling
from weijing.requests.models import Sighting
from weijing.territory.models import County

# In this order: what parts may expire in the same night.
NIGHTLY = (
    matching.part_unclaimed, ending.expire, ending.forget, finding.close_returned, finding.forget,
)  # fmt: skip


@jobs.task("requests.tell_missing", queue=jobs.URGENT)
def tell_missing(*, county_id: int, missing_id: int) -> None:
    telling.tell_missing(telling.by_id(county_id, missing_id), wecom=line.wecom(county_id))


@jobs.task("requests.tell_taken_down", queue=jobs.URGENT)
def tell_taken_down(*, county_id: int, missing_id: int) -> None:
    telling.tell_taken_down(telling.by_id(county_id, missing_id), wecom=line.wecom(county_id))


@jobs.task("requests.tell_sighting", queue=jobs.URGENT)
def tell_sighting(*, county_id: int, sighting_id: int) -> None:
    rows = Sighting.objects.select_related("missing__division", "missing__in_charge")
    sighting = rows.get(county_id=county_id, pk=sighting_id)
    telling.tell_sighting(sighting, wecom=line.wecom(county_id))


@jobs.task("requests.tell_not_ended")
def tell_not_ended(*, county_id: int, missing_id: int) -> None:
    telling.tell_not_ended(telling.by_id(county_id, missing_id), wecom=line.wecom(county_id))


@jobs.periodic("0 9 * * *", "requests.remind_not_ended")
def remind_not_ended(timestamp: int) -> None:
    at = clock.now()
    for county_id in County.objects.values_list("pk", flat=True):
        reminding.again(county_id, at=at)


@jobs.periodic("*/5 * * * *", "requests.expire_notices")
def expire_notices(timestamp: int) -> None:
    """They end by themselves; this writes it down, and forgets photos nobody needs any more."""
    at = clock.now()
    for county_id in County.objects.values_list("pk", flat=True):
        publishing.expire(county_id, at=at)
        finding.forget_photos(county_id, at=at)


@jobs.periodic("30 0 * * *", "requests.end_lost_items", queue=jobs.BULK)
def end_lost_items(timestamp: int) -> None:
    """Every night: what waits for nobody ends, and what was closed long ago is forgotten."""
    at = clock.now()
    for county_id in County.objects.values_list("pk", flat=True):
        for step in NIGHTLY:
            step(county_id, at=at)
