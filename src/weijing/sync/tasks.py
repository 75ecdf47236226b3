"""Where the queue comes in. Every job may run twice, late, or beside another of its kind."""

from datetime import timedelta

from wecom_api import WeCom, WeComError
from weijing.core import jobs, line
from weijing.core.clock import now
from weijing.core.env import WECOM_FIELDS, environment
from weijing.core.logs import log
from weijing.sync import address_book, behaviour, contacts_full, greeting, inbox, refreshing
from weijing.sync.models import ContactRefresh
from weijing.territory.models import County

MAX_BATCHES = 25  # per tick, so that other urgent jobs get their turn
RECONCILE_EVERY = timedelta(minutes=5)


@jobs.periodic("* * * * * */2", "sync.take_inbox", queue=jobs.URGENT)
def take_inbox(timestamp: int) -> None:
    for _ in range(MAX_BATCHES):
        if inbox.take_waiting(at=now()).total < inbox.BATCH:
            return


@jobs.task("sync.greet", queue=jobs.URGENT, attempts=1)  # never twice
def greet(*, county_id: int, greeting_id: int) -> None:
    greeting.greet(county_id, greeting_id, line.wecom(county_id), now=now)


@jobs.periodic("* * * * * */2", "sync.refresh")
def refresh(timestamp: int) -> None:
    """Contacts whose events came in; one chunk after another while WeCom answers."""
    due = ContactRefresh.objects.filter(parked_because="", due_at__lte=now())
    for county_id in list(due.values_list("county_id", flat=True).distinct()):
        for _ in range(MAX_BATCHES):
            fulfilled = refreshing.refresh_due(county_id, line.wecom(county_id), at=now())
            if fulfilled.done < refreshing.CHUNK:
                break


# Five minutes apart and never at :00 or :30, when everybody calls.
@jobs.periodic("3-58/5 * * * *", "sync.reconcile", queue=jobs.BULK)
def reconcile(timestamp: int) -> None:
    """A slice of officers is read from beginning to end: what callbacks missed is repaired."""
    for county, wecom in _counties():
        userids = contacts_full.officers_due(county.pk, at=now(), every=RECONCILE_EVERY)
        if not userids:
            continue
        try:
            numbers = contacts_full.read_officers(county.pk, userids, wecom)
        except WeComError as error:  # these officers stay due; the health page tells why
            log.warning("sync.not_reconciled", errcode=error.errcode)
        else:
            log.info("sync.reconciled", count=numbers.contacts)


@jobs.task("sync.read_contacts", queue=jobs.BULK, lock="sync.read_contacts")
def read_contacts(*, county_id: int) -> None:
    """The whole county, on demand; a killed worker's reading goes on where it stopped."""
    contacts_full.read_all(county_id, line.wecom(county_id))


@jobs.task("sync.read_departments", queue=jobs.BULK, lock="sync.read_departments")
def read_departments(*, county_id: int) -> None:
    address_book.read_address_book(county_id, line.wecom(county_id))


# An ordinary app hears nothing of the address book by callback (doc 90970).
@jobs.periodic("17 3,12 * * *", "sync.read_all_departments", queue=jobs.BULK)
def read_all_departments(timestamp: int) -> None:
    for county, _ in _counties():
        jobs.enqueue(
            "sync.read_departments", once=f"sync.read_departments {county.pk}", county_id=county.pk
        )


# Nobody tells what the console changes between callbacks, or when one got lost.
@jobs.periodic("47 2 * * *", "sync.read_all_tags", queue=jobs.BULK)
def read_all_tags(timestamp: int) -> None:
    for county, _ in _counties():
        jobs.enqueue(
            "tags.sync_catalogue", once=f"tags.sync_catalogue {county.pk}", county_id=county.pk
        )


# Yesterday's figures come during the morning: ask until they are there, then ask nothing.
@jobs.periodic("17 6-23 * * *", "sync.pull_behaviour", queue=jobs.BULK)
def pull_behaviour(timestamp: int) -> None:
    for county, wecom in _counties():
        try:
            behaviour.pull(county.pk, wecom, at=now())
        except WeComError as error:  # the next hour asks again
            log.warning("sync.behaviour_later", errcode=error.errcode)


@jobs.periodic("41 1 * * *", "sync.tidy", queue=jobs.BULK)
def tidy(timestamp: int) -> None:
    inbox.forget_raw(at=now())
    greeting.give_up_on_forgotten(at=now())


def _counties() -> list[tuple[County, WeCom]]:
    """The counties that have a corp to call; none before WeCom is configured."""
    if not all(getattr(environment(), field) for field in WECOM_FIELDS):
        return []
    ours = environment().county
    return [(c, line.wecom(c.pk)) for c in County.objects.all() if c.wecom_corpid or c.code == ours]
