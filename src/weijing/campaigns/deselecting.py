"""An officer leaves single people of their share out, with a reason.

Leaving out happens in WeCom, where the officer unticks people before sending; WeCom says of them
"not sent", and never why. The reason is ours: noted before, or asked for afterwards.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns.models import Campaign, Delivery, Deselection, Share
from weijing.campaigns.moving import State
from weijing.core.errors import DomainError

Reason = Deselection.Reason
MAX_WORDS = 100
MOST_AT_ONCE = 200
SENT_BY_NOW = (State.CONFIRMED, State.FINISHED)


class NoReason(DomainError):
    """Who leaves somebody out says why."""

    def __init__(self) -> None:
        super().__init__("没有记下：请勾选人，再选一个原因；选「其他」要写明。")


class NobodyLeftOut(DomainError):
    """All of them have it, or the task has ended without being sent."""

    def __init__(self) -> None:
        super().__init__("没有记下：这些人已经发出，或者任务已经结束。请刷新后再看。")


@transaction.atomic
def note(
    campaign: Campaign,
    delivery_ids: Collection[int],
    *,
    reason: str,
    words: str,
    by: Officer,
    at: datetime,
) -> int:
    """Note why these people of the officer's own share do not get it; of how many.

    Who got it meanwhile is passed over. A second note takes the place of the first.
    Raises `NoReason`, `NobodyLeftOut`.
    """
    words = " ".join(words.replace("\0", "").split())[:MAX_WORDS]
    if not delivery_ids or reason not in Reason.values or (reason == Reason.OTHER and not words):
        raise NoReason
    unsent = _unsent(campaign, delivery_ids, by=by)
    if not unsent:
        raise NobodyLeftOut
    _notes(campaign.county_id, unsent).delete()
    Deselection.objects.bulk_create(
        Deselection(
            county_id=campaign.county_id, delivery=delivery, reason=reason, words=words,
            noted_by=by, noted_at=at,
        )
        for delivery in unsent
    )  # fmt: skip
    for share, people in _by_share(unsent).items():
        trail.record(by, "share.deselected", share, at=at, people=people, reason=reason)
    return len(unsent)


@transaction.atomic
def take_back(
    campaign: Campaign, delivery_ids: Collection[int], *, by: Officer, at: datetime
) -> int:
    """They are to get it after all; of how many a note was taken back."""
    unsent = _unsent(campaign, delivery_ids, by=by)
    gone: int = _notes(campaign.county_id, unsent).delete()[0]
    for share in _by_share(unsent) if gone else ():
        trail.record(by, "share.selected_again", share, at=at, people=gone)
    return gone


def unsent(shares: Iterable[Share]) -> QuerySet[Delivery]:
    """People of these shares, of one county, whom their officer may leave out or has left out."""
    shares = [share for share in shares if share.state in (State.ASKED, *SENT_BY_NOW)]
    county_id = shares[0].county_id if shares else 0
    return Delivery.objects.filter(
        county_id=county_id, share__in=shares, result=Delivery.Result.PENDING
    )


def unexplained(shares: Iterable[Share]) -> int:
    """People whom officers have left out without saying why: sent by now, and not to them."""
    shares = [share for share in shares if share.state in SENT_BY_NOW]
    if not any(share.results.get(Delivery.Result.PENDING) for share in shares):
        return 0
    noted = Deselection.objects.filter(county_id=shares[0].county_id, delivery=OuterRef("pk"))
    return unsent(shares).filter(~Exists(noted)).count()


def reasons_of(county_id: int, delivery_ids: Collection[int]) -> dict[int, str]:
    """By delivery id, why the officer leaves the person out, in the officer's words."""
    rows = Deselection.objects.filter(county_id=county_id, delivery__in=delivery_ids)
    return {row.delivery_id: said(row) for row in rows}


def said(row: Deselection) -> str:
    label = row.get_reason_display()
    if row.reason == Reason.OTHER:
        return row.words
    return f"{label}（{row.words}）" if row.words else label


def _unsent(campaign: Campaign, delivery_ids: Collection[int], *, by: Officer) -> list[Delivery]:
    """Of the officer's own shares, locked: a receipt that comes now waits, or was first."""
    shares = list(
        Share.objects.select_for_update(of=("self",), no_key=True)
        .filter(county_id=by.county_id, campaign=campaign, officer=by, stop="")
        .order_by("pk")
    )
    rows = unsent(shares).filter(pk__in=list(delivery_ids)[:MOST_AT_ONCE])
    return list(rows.select_related("share").order_by("pk"))


def _notes(county_id: int, deliveries: list[Delivery]) -> QuerySet[Deselection]:
    return Deselection.objects.filter(county_id=county_id, delivery__in=deliveries)


def _by_share(deliveries: list[Delivery]) -> dict[Share, int]:
    return dict(Counter(delivery.share for delivery in deliveries))
