"""Where the queue comes in."""

from datetime import timedelta

from django.db import OperationalError

from wecom_api import errors
from weijing.core import clock, jobs, line
from weijing.core.logs import log
from weijing.residents.adding import walked
from weijing.residents.bulk import officers as officers  # a kind of bulk work
from weijing.residents.bulk import ordering, pieces, undoing
from weijing.residents.figures import keeping, trends
from weijing.residents.importing import running, uploads
from weijing.residents.labels import noticing, pushing
from weijing.residents.merges import duplicates, following, remembering
from weijing.residents.mirror import linking
from weijing.residents.models import (
    BulkWork,
    Contact,
    ContactWay,
    PrintOrder,
    RemarkWrite,
    RollImport,
)
from weijing.residents.printing import ordering as printing
from weijing.residents.record.taking_turns import Busy
from weijing.residents.ways import keeping as ways_keeping
from weijing.residents.ways import telling
from weijing.territory.models import County

BUSY_FOR = timedelta(seconds=20)  # somebody holds the people, such as an import
MAX_CHUNKS = 10  # per tick, so that one county's bulk change does not keep the others waiting


@jobs.task("residents.push_remark")
def push_remark(*, contact_id: int) -> None:
    """At once after labelling; whatever does not succeed now is taken up by `push_remarks_due`."""
    county_id = Contact.objects.values_list("county_id", flat=True).get(pk=contact_id)
    try:
        pushing.push_remark(county_id, contact_id, wecom=line.wecom(county_id), at=clock.now())
    except (errors.Unavailable, errors.Unanswered, errors.Misconfigured) as error:
        log.warning("residents.remark_waits", error_type=type(error).__name__)


@jobs.periodic("* * * * *", "residents.push_remarks_due", queue=jobs.BULK)
def push_remarks_due(timestamp: int) -> None:
    """Remarks that WeCom could not take when they were written, and those of bulk changes."""
    due = RemarkWrite.objects.filter(due_at__lte=clock.now())
    for county in County.objects.filter(pk__in=due.values("county_id")):
        for _ in range(MAX_CHUNKS):
            wecom, at = line.wecom(county.pk), clock.now()
            if pushing.push_due(county.pk, wecom=wecom, at=at) < pushing.CHUNK:
                break


@jobs.periodic("40 3 * * *", "residents.notice_remarks", queue=jobs.BULK)
def notice_remarks(timestamp: int) -> None:
    """Remarks in WeCom that differ from what we wrote, whatever the readings of the day missed."""
    for county in County.objects.all():
        noticing.notice_all(county.pk, at=clock.now())


@jobs.task("residents.link_waiting", queue=jobs.BULK)
def link_waiting(*, county_id: int) -> None:
    linking.link_waiting(county_id, at=clock.now())


@jobs.periodic("* * * * * */3", "residents.fold_coverage")
def fold_coverage(timestamp: int) -> None:
    """Keep the tail short that every page has to count for itself."""
    at = clock.now()
    for county_id in keeping.counties_to_fold(at=at):
        keeping.fold(county_id, at=at)


@jobs.periodic("*/5 * * * *", "residents.close_walked")
def close_walked(timestamp: int) -> None:
    """A list on which nothing is left to do ends by itself."""
    at = clock.now()
    for county_id in County.objects.values_list("pk", flat=True):
        walked.close_walked(county_id, at=at, on=clock.local_day(at))


@jobs.periodic("50 * * * *", "residents.note_coverage_of_day", queue=jobs.BULK)
def note_coverage_of_day(timestamp: int) -> None:
    """Every hour, so that a worker that is down at midnight does not lose the day."""
    at = clock.now()
    for county_id in County.objects.values_list("pk", flat=True):
        trends.write_day(county_id, at=at)


@jobs.task("residents.follow_merges")
def follow_merges(*, county_id: int) -> None:
    following.follow_recent(county_id, at=clock.now())


@jobs.task("residents.find_duplicates", queue=jobs.BULK)
def find_duplicates(*, county_id: int) -> None:
    """After a roll was imported: those labelled by hand may stand in it."""
    duplicates.find(county_id, at=clock.now())


@jobs.periodic("40 2 * * *", "residents.keep_merges", queue=jobs.BULK)
def keep_merges(timestamp: int) -> None:
    """Every night: what came late follows, new pairs are found, old merges are forgotten."""
    at = clock.now()
    for county_id in County.objects.values_list("pk", flat=True):
        following.follow_all(county_id, at=at)
        duplicates.find(county_id, at=at)
        remembering.forget(county_id, at=at)


@jobs.task("residents.run_roll", queue=jobs.BULK, attempts=1)
def run_roll(*, import_id: int) -> None:
    """Of a worker that is killed another one starts again: a roll is taken in whole or not."""
    county_id = RollImport.objects.values_list("county_id", flat=True).get(pk=import_id)
    running.run(county_id, import_id, at=clock.now())


@jobs.periodic("20 3 * * *", "residents.forget_uploads", queue=jobs.BULK)
def forget_uploads(timestamp: int) -> None:
    """Uploaded rolls that nobody has taken in do not lie about."""
    at = clock.now()
    for county_id in County.objects.values_list("pk", flat=True):
        uploads.forget_old(county_id, at=at)


@jobs.task("residents.tell_way")
def tell_way(*, way_id: int) -> None:
    """At once, for who waits before the page; what does not succeed `tell_ways_due` takes up."""
    county_id = ContactWay.objects.values_list("county_id", flat=True).get(pk=way_id)
    try:
        telling.tell(county_id, way_id, wecom=line.wecom(county_id), at=clock.now())
    except (errors.Unavailable, errors.Unanswered, errors.Misconfigured) as error:
        log.warning("residents.way_waits", error_type=type(error).__name__)


@jobs.periodic("* * * * *", "residents.tell_ways_due", queue=jobs.BULK)
def tell_ways_due(timestamp: int) -> None:
    due = ContactWay.objects.filter(due_at__lte=clock.now())
    for county in County.objects.filter(pk__in=due.values("county_id")):
        for _ in range(MAX_CHUNKS):
            wecom = line.wecom(county.pk)
            if telling.tell_due(county.pk, wecom=wecom, now=clock.now) < telling.CHUNK:
                break


@jobs.periodic("7-57/10 * * * *", "residents.keep_ways", queue=jobs.BULK)
def keep_ways(timestamp: int) -> None:
    """Postings begin and end by the clock; the codes follow within ten minutes."""
    at = clock.now()
    for county_id in County.objects.values_list("pk", flat=True):
        ways_keeping.keep(county_id, at=at)


@jobs.periodic("10 4 * * *", "residents.retry_refused_ways", queue=jobs.BULK)
def retry_refused_ways(timestamp: int) -> None:
    at = clock.now()
    for county_id in County.objects.values_list("pk", flat=True):
        ways_keeping.retry_refused(county_id, at=at)


@jobs.task("residents.run_bulk", queue=jobs.BULK)
def run_bulk(*, work_id: int) -> None:
    """A few seconds of it, then the others' turn."""
    county_id, at = (
        BulkWork.objects.values_list("county_id", flat=True).get(pk=work_id),
        clock.now(),
    )
    later = None
    try:
        if not pieces.run_slice(county_id, work_id, at=at):
            return
    except Busy:
        later = at + BUSY_FOR
    except OperationalError:
        raise  # the database went away: the queue tries again
    except Exception:
        pieces.fail(county_id, work_id, at=clock.now())
        raise
    jobs.enqueue("residents.run_bulk", once=f"bulk-{work_id}", at=later, work_id=work_id)


@jobs.periodic("* * * * *", "residents.take_up_bulk", queue=jobs.BULK)
def take_up_bulk(timestamp: int) -> None:
    """Works whose job was lost, such as after five times without a database."""
    for work in pieces.unfinished():
        ordering.begin(work)


@jobs.periodic("30 3 * * *", "residents.forget_bulk", queue=jobs.BULK)
def forget_bulk(timestamp: int) -> None:
    at = clock.now()
    for county_id in County.objects.values_list("pk", flat=True):
        undoing.forget_old(county_id, at=at)


@jobs.task("residents.print_order", queue=jobs.BULK)
def print_order(*, order_id: int) -> None:
    county_id = PrintOrder.objects.values_list("county_id", flat=True).get(pk=order_id)
    printing.draw(county_id, order_id, at=clock.now())


@jobs.periodic("25 3 * * *", "residents.forget_prints", queue=jobs.BULK)
def forget_prints(timestamp: int) -> None:
    at = clock.now()
    for county_id in County.objects.values_list("pk", flat=True):
        printing.forget_old(county_id, at=at)
