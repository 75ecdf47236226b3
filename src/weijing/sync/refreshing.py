"""Fulfilling wishes: the present state of one contact, read from WeCom and written down."""

import random
from collections.abc import Container
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from wecom_api import Misconfigured, Throttled, Unavailable, WeCom, WeComError
from wecom_api.customers import Customer, ExternalContact
from wecom_api.errors import NotAFollower, UnknownCustomer
from weijing.core.logs import log
from weijing.residents.mirror import contacts
from weijing.residents.mirror.contacts import Seen
from weijing.residents.models import Contact
from weijing.sync import hints, keeping
from weijing.sync.models import ContactRefresh
from weijing.sync.serving import officer_ids

CHUNK = 100
THREADS = 8
LEASE = timedelta(minutes=5)
MAX_FAILURES = 5  # then a person looks
MISCONFIGURED_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE_SECONDS = 900


@dataclass(frozen=True)
class Wish:
    """A claimed row. Whoever holds `leased_until` may write."""

    id: int
    county_id: int
    external_userid: str
    version: int
    attempts: int
    leased_until: datetime


@dataclass
class Fulfilled:
    done: int = 0
    postponed: int = 0
    parked: int = 0


def refresh_due(
    county_id: int, wecom: WeCom, *, at: datetime, limit: int = CHUNK, threads: int = THREADS
) -> Fulfilled:
    """Read and write down up to `limit` contacts that are due. One call each, several at a time."""
    wishes = _claim(county_id, at=at, limit=limit)
    fulfilled = Fulfilled()
    if not wishes:
        return fulfilled
    # Threads only call WeCom; the database is used by this one alone.
    with ThreadPoolExecutor(min(threads, len(wishes))) as pool:
        answers = pool.map(lambda wish: _read(wecom, wish), wishes)
        for wish, answer in zip(wishes, answers, strict=True):
            if isinstance(answer, WeComError):
                _put_off(wish, answer, fulfilled, at=at)
            elif _write_down(wish, answer, at=at):
                fulfilled.done += 1
    return fulfilled


def refresh_one(
    county_id: int,
    external_userid: str,
    wecom: WeCom,
    *,
    read_at: datetime,
    wait_seconds: float | None = None,
) -> None:
    """Now, for somebody who waits for it, but no longer than `wait_seconds`.

    Raises `wecom_api.WeComError`, `TimeoutError`.
    """
    pool = ThreadPoolExecutor(1)  # it only calls WeCom; whoever waits in vain leaves it behind
    try:
        customer = pool.submit(_customer, wecom, external_userid).result(wait_seconds)
    finally:
        pool.shutdown(wait=False)
    with transaction.atomic():
        _apply(county_id, external_userid, customer, {}, read_at=read_at)


@transaction.atomic
def _claim(county_id: int, *, at: datetime, limit: int) -> list[Wish]:
    rows = list(
        ContactRefresh.objects.select_for_update(skip_locked=True)
        .filter(Q(leased_until=None) | Q(leased_until__lt=at))
        .filter(county_id=county_id, parked_because="", due_at__lte=at)
        .order_by("due_at")[:limit]
    )
    lease = at + LEASE
    ContactRefresh.objects.filter(county_id=county_id, pk__in=[row.pk for row in rows]).update(
        leased_until=lease
    )
    return [
        Wish(row.pk, county_id, row.external_userid, row.version, row.attempts, lease)
        for row in rows
    ]


def _read(wecom: WeCom, wish: Wish) -> Customer | WeComError:
    try:
        return _customer(wecom, wish.external_userid)
    except WeComError as error:
        return error


def _customer(wecom: WeCom, external_userid: str) -> Customer:
    """With no followers when nobody visible has the person as a customer any more."""
    try:
        return wecom.customers.get(external_userid)
    except (NotAFollower, UnknownCustomer):
        return Customer(ExternalContact(external_userid))


@transaction.atomic
def _write_down(wish: Wish, customer: Customer, *, at: datetime) -> bool:
    row = (
        ContactRefresh.objects.select_for_update()
        .filter(county_id=wish.county_id, pk=wish.id, leased_until=wish.leased_until)
        .first()
    )
    if row is None:
        return False  # our lease ran out: somebody else reads it again, and ours may be older
    _apply(wish.county_id, wish.external_userid, customer, row.hints, read_at=at)
    if row.version == wish.version:
        row.delete()
    else:
        row.leased_until = None  # an event came while we were asking
        row.save(update_fields=["leased_until"])
    return True


def _apply(
    county_id: int,
    external_userid: str,
    customer: Customer,
    hinted: hints.Hints,
    *,
    read_at: datetime,
) -> None:
    """Make every pair of this contact equal to what WeCom showed."""
    officers = officer_ids(county_id)
    following = {f.userid.lower(): f for f in customer.follow_user if f.userid.lower() in officers}
    seen = [
        Seen(officers[userid], customer.external_contact, follow)
        for userid, follow in following.items()
    ]
    recorded = keeping.keep(county_id, seen, read_at=read_at)
    keeping.want_tags_of(county_id, recorded.touched, at=read_at)
    for userid, follow in following.items():
        if hints.ended_by_resident(hinted, userid, createtime=follow.createtime):
            contacts.end_contact(
                county_id, officers[userid], external_userid, by_resident=True, at=read_at
            )
    gone = _open_but_gone(county_id, external_userid, officers, following, read_at)
    for userid, officer_id in gone:
        by_resident = hints.vanished_by_resident(hinted, userid)
        contacts.end_contact(
            county_id, officer_id, external_userid, by_resident=by_resident, at=read_at
        )
    for userid in hints.waiting_for_officer(hinted):
        if userid in officers and userid not in following:
            contacts.record_half(county_id, officers[userid], customer.external_contact, at=read_at)


def _open_but_gone(
    county_id: int,
    external_userid: str,
    officers: dict[str, int],
    following: Container[str],
    read_at: datetime,
) -> list[tuple[str, int]]:
    """Live pairs of serving officers that WeCom no longer shows. Who has left the corp is not
    shown either: those pairs wait for the handover."""
    userids = {officer_id: userid for userid, officer_id in officers.items()}
    live = Contact.objects.filter(
        county_id=county_id,
        identity__external_userid=external_userid,
        state=Contact.State.LINKED,
        officer_id__in=userids,
        seen_at__lte=read_at,
    ).values_list("officer_id", flat=True)
    return [(userids[id], id) for id in live if userids[id] not in following]


@transaction.atomic
def _put_off(wish: Wish, error: WeComError, fulfilled: Fulfilled, *, at: datetime) -> None:
    """An error that time cures waits as long as it takes; one that does not is parked."""
    mine = ContactRefresh.objects.filter(
        county_id=wish.county_id, pk=wish.id, leased_until=wish.leased_until
    )
    attempts = wish.attempts + 1
    if isinstance(error, Throttled):
        pause = timedelta(seconds=error.retry_after_seconds)
    elif isinstance(error, Misconfigured):
        pause = MISCONFIGURED_PAUSE
    else:
        longest = min(LONGEST_PAUSE_SECONDS, 2 ** min(attempts, 10))
        pause = timedelta(seconds=random.uniform(1, longest))  # noqa: S311
    curable = isinstance(error, Unavailable | Misconfigured)
    changes: dict[str, object] = {
        "leased_until": None,
        "attempts": min(attempts, 1_000),
        "due_at": at + pause,
    }
    if not curable and attempts >= MAX_FAILURES:
        changes["parked_because"] = f"errcode {error.errcode}" if error.errcode else "unanswered"
        fulfilled.parked += 1
        log.error("sync.refresh_parked", errcode=error.errcode, attempt=attempts)
    else:
        fulfilled.postponed += 1
    mine.filter(version=wish.version).update(**changes)
    mine.update(leased_until=None)  # wished again meanwhile: due at once
