"""The periodic look at all that waits: hand out what is due, find what was forgotten."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from weijing.campaigns import finishing, lapsing, pausing
from weijing.campaigns.models import Campaign, PlannedPeople, Share
from weijing.campaigns.moving import LIVE, State
from weijing.core import jobs
from weijing.core.logs import log

# Per tick and county. With a tick every five seconds it also keeps polling below WeCom's limits.
BATCH = 300
FOR_POLLS = 5  # one part in so many: however many wait to be asked for, results still come in
TO_BE_ASKED = (State.WAITING, State.ASKING)
# A share handed out comes back by itself if nobody attends to it.
LEASE = timedelta(seconds=60)
FORGOTTEN_AFTER = timedelta(minutes=2)
NOTIFY_WITHIN = timedelta(hours=3)  # of being asked; WeCom drops a repeated card for four


@dataclass(frozen=True, slots=True)
class Due:
    """Shares to attend to one by one, and whether any waits for a look at WeCom's list."""

    share_ids: list[int]
    unsure: bool


@transaction.atomic
def take_due(county_id: int, *, at: datetime, limit: int = BATCH) -> Due:
    """Lease what is due, asking first; two sweeps at once never get the same share.

    Unsure shares are not leased: one list answers for all of them (`look_for_unsure`). While the
    county is paused nobody who waits to be asked is handed out; what is stopped still ends.
    """
    due = Share.objects.filter(county_id=county_id, due_at__lte=at, state__in=LIVE)
    unsure = due.filter(state=State.UNSURE).exists()
    asks = due.filter(state__in=TO_BE_ASKED)
    if pausing.is_paused(county_id):
        asks = asks.filter(~Q(state=State.WAITING, stop=""))
    polls = _first(due.filter(state__in=[State.ASKED, State.CONFIRMED]), limit)
    ids = _first(asks, limit)[: limit - min(len(polls), limit // FOR_POLLS)]
    ids += polls[: limit - len(ids)]
    leased = Share.objects.filter(county_id=county_id, pk__in=ids)
    leased.update(due_at=at + LEASE)
    return Due(ids, unsure)


def _first(due: QuerySet[Share], limit: int) -> list[int]:
    rows = due.order_by("due_at").select_for_update(skip_locked=True)
    return list(rows.values_list("pk", flat=True)[:limit])


@transaction.atomic
def take_unsure(county_id: int, *, at: datetime) -> list[Share]:
    """Lease every unsure share whose look is due."""
    shares = list(
        Share.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("campaign", "officer")
        .filter(county_id=county_id, due_at__lte=at, state=State.UNSURE)
    )
    Share.objects.filter(county_id=county_id, pk__in=[share.pk for share in shares]).update(
        due_at=at + LEASE
    )
    return shares


@transaction.atomic
def hand_out(county_id: int, *, at: datetime) -> int:
    """Lapse, finish, and put a job into the queue for each share that is due; how many."""
    lapsing.lapse(county_id, at=at)
    finishing.finish_campaigns(county_id, at=at)
    due = take_due(county_id, at=at)
    for share_id in due.share_ids:
        jobs.enqueue(
            "campaigns.attend", once=f"share:{share_id}", county_id=county_id, share_id=share_id
        )
    if due.unsure:
        jobs.enqueue("campaigns.look", once=f"look:{county_id}", county_id=county_id)
    return len(due.share_ids)


@transaction.atomic
def find_forgotten(county_id: int, *, at: datetime) -> int:
    """Live shares that wait without a time, or that nobody has come for; how many.

    Independent of `hand_out` on purpose: if that one leaves something behind, this one finds it.
    """
    live = Share.objects.filter(county_id=county_id, state__in=LIVE)
    forgotten = live.filter(Q(due_at=None) | Q(due_at__gt=at + timedelta(days=1)))
    found = forgotten.update(due_at=at, needs_person=True)
    if found:
        log.error("campaigns.forgotten", count=found)
    if PlannedPeople.objects.filter(county_id=county_id).exists():
        jobs.enqueue("campaigns.list_people", once=f"list:{county_id}", county_id=county_id)
    unnotified = live.filter(
        state=State.ASKED,
        stop="",
        notified_at=None,
        asked_at__lt=at - FORGOTTEN_AFTER,
        asked_at__gt=at - NOTIFY_WITHIN,
    )
    for share_id in unnotified.values_list("pk", flat=True)[:BATCH]:
        jobs.enqueue(
            "campaigns.notify", once=f"notify:{share_id}", county_id=county_id, share_id=share_id
        )
    return found


def counties_with_work() -> list[int]:
    """Counties that have shares under way or to be listed, or campaigns that may end."""
    live = Share.objects.filter(state__in=LIVE).order_by().values_list("county_id", flat=True)
    running = Campaign.objects.filter(state=Campaign.State.RELEASED).order_by()
    unlisted = PlannedPeople.objects.order_by().values_list("county_id", flat=True)
    running_in = running.values_list("county_id", flat=True)
    return sorted({*live.distinct(), *running_in.distinct(), *unlisted.distinct()})
