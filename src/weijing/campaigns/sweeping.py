"""The periodic look at all that waits: hand out what is due, find what was forgotten."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, IntegerField, Q, Value, When

from weijing.campaigns import finishing, lapsing
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.moving import LIVE, State
from weijing.core import jobs
from weijing.core.logs import log

# Per tick and county. With a tick every five seconds it also keeps polling below WeCom's limits.
BATCH = 300
# A share handed out comes back by itself if nobody attends to it.
LEASE = timedelta(seconds=60)
FORGOTTEN_AFTER = timedelta(minutes=2)
NOTIFY_WITHIN = timedelta(hours=3)  # of being asked; WeCom drops a repeated card for four

_ASK_FIRST = Case(
    When(state__in=[State.WAITING, State.ASKING], then=Value(0)),
    default=Value(1),
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True)
class Due:
    """Shares to attend to one by one, and whether any waits for a look at WeCom's list."""

    share_ids: list[int]
    unsure: bool


@transaction.atomic
def take_due(county_id: int, *, at: datetime, limit: int = BATCH) -> Due:
    """Lease what is due; two sweeps at once never get the same share.

    Unsure shares are not leased: one list answers for all of them (`look_for_unsure`).
    """
    due = Share.objects.filter(county_id=county_id, due_at__lte=at, state__in=LIVE)
    unsure = due.filter(state=State.UNSURE).exists()
    ids = list(
        due.filter(state__in=[s for s in LIVE if s != State.UNSURE])
        .order_by(_ASK_FIRST, "due_at")
        .select_for_update(skip_locked=True)
        .values_list("pk", flat=True)[:limit]
    )
    leased = Share.objects.filter(county_id=county_id, pk__in=ids)
    leased.update(due_at=at + LEASE)
    return Due(ids, unsure)


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
    """Counties that have shares under way or campaigns that may end."""
    live = Share.objects.filter(state__in=LIVE).order_by().values_list("county_id", flat=True)
    running = Campaign.objects.filter(state=Campaign.State.RELEASED).order_by()
    return sorted({*live.distinct(), *running.values_list("county_id", flat=True).distinct()})
