"""Where the queue comes in."""

from weijing.core import clock, jobs, line
from weijing.tags import assigning, catalogue_sync, marking, projecting
from weijing.tags import bulk_tagging as bulk_tagging
from weijing.tags.catalogue import carrying
from weijing.tags.models import TagProjection
from weijing.territory.models import County

MAX_CHUNKS = 50  # per tick, so that a change elsewhere is not kept waiting for an hour


@jobs.periodic("* * * * * */5", "tags.project", queue=jobs.BULK)
def project(timestamp: int) -> None:
    """Pairs whose person changed, one chunk after another while WeCom answers.

    The queue runs one of these at a time.
    """
    waiting = TagProjection.objects.filter(parked_because="", wanted_at__lte=clock.now())
    for county in County.objects.filter(pk__in=waiting.values("county_id")):
        for _ in range(MAX_CHUNKS):
            wecom, at = line.wecom(county.pk), clock.now()
            if marking.project_due(county.pk, wecom=wecom, at=at) < marking.CHUNK:
                break


@jobs.periodic("20 3 * * *", "tags.nightly", queue=jobs.BULK)
def nightly(timestamp: int) -> None:
    """Tags that ran out go; pairs that differ in WeCom are noted."""
    for county in County.objects.all():
        assigning.end_expired(county.pk, at=clock.now())
        carrying.settle(county.pk, at=clock.now())
        projecting.want_all_differing(county.pk, at=clock.now())


@jobs.task("tags.sync_catalogue", queue=jobs.BULK, lock="tags.sync_catalogue")
def sync_catalogue(*, county_id: int) -> None:
    county = County.objects.get(pk=county_id)
    catalogue_sync.sync_catalogue(county, wecom=line.wecom(county.pk))
    projecting.want_all_differing(county.pk, at=clock.now())


@jobs.task("tags.compare_pairs", queue=jobs.BULK)
def compare_pairs(*, county_id: int) -> None:
    """After a change of many people at once."""
    projecting.want_all_differing(county_id, at=clock.now())
