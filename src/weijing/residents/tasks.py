"""Where the queue comes in."""

from weijing.core import clock, jobs, line
from weijing.residents import (
    following,
    keeping,
    linking,
    pushing,
    remembering,
    trends,
)
from weijing.residents.models import Contact
from weijing.territory.models import County


@jobs.task("residents.push_remark")
def push_remark(*, contact_id: int) -> None:
    rows = Contact.objects.select_related("officer", "identity__resident__division__parent")
    contact = rows.get(pk=contact_id)
    pushing.push_remark(contact, wecom=line.wecom(contact.county_id), at=clock.now())


@jobs.task("residents.link_waiting", queue=jobs.BULK)
def link_waiting(*, county_id: int) -> None:
    linking.link_waiting(county_id, at=clock.now())


@jobs.periodic("* * * * * */3", "residents.fold_coverage")
def fold_coverage(timestamp: int) -> None:
    """Keep the tail short that every page has to count for itself."""
    at = clock.now()
    for county_id in keeping.counties_to_fold(at=at):
        keeping.fold(county_id, at=at)


@jobs.periodic("50 * * * *", "residents.note_coverage_of_day", queue=jobs.BULK)
def note_coverage_of_day(timestamp: int) -> None:
    """Every hour, so that a worker that is down at midnight does not lose the day."""
    at = clock.now()
    for county_id in County.objects.values_list("pk", flat=True):
        trends.write_day(county_id, at=at)


@jobs.task("residents.follow_merges")
def follow_merges(*, county_id: int) -> None:
    following.follow_recent(county_id, at=clock.now())


@jobs.periodic("40 2 * * *", "residents.keep_merges", queue=jobs.BULK)
def keep_merges(timestamp: int) -> None:
    """Every night: what came late follows, and old merges are forgotten."""
    at = clock.now()
    for county_id in County.objects.values_list("pk", flat=True):
        following.follow_all(county_id, at=at)
        remembering.forget(county_id, at=at)
