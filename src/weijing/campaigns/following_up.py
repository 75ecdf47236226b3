"""A message that is over goes on: once more to whom it did not reach, corrected to whom it did."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import scope_of
from weijing.audit import trail
from weijing.campaigns import policies
from weijing.campaigns.content import attaching
from weijing.campaigns.drafting import draft
from weijing.campaigns.models import Campaign, Delivery
from weijing.core.errors import DomainError, PermissionDenied

ENDED = (Campaign.State.FINISHED, Campaign.State.CANCELLED, Campaign.State.LAPSED)
# Who has taken consent back is not asked again by the next message either.
UNREACHED = (
    Delivery.Result.PENDING, Delivery.Result.OVER_QUOTA, Delivery.Result.UNUSABLE,
    Delivery.Result.NOT_FRIEND,
)  # fmt: skip
MOST_TITLE_CHARS = 60


class StillRunning(DomainError):
    """Who has not got it yet may still."""

    def __init__(self) -> None:
        super().__init__("这条群发还没结束，没有起草。请等它结束，或先停止没确认的。")


class NothingChosen(DomainError):
    """It would be for nobody."""

    def __init__(self) -> None:
        super().__init__("没有起草：请至少选一种没发出的结果。")


def can_follow_up(by: Officer, campaign: Campaign, *, at: datetime) -> bool:
    """An author, after a message they may see; an event's messages are followed by its updates."""
    seen = policies.visible_to(scope_of(by, at=at)).filter(pk=campaign.pk)
    return policies.can_draft(by) and not campaign.is_urgent and seen.exists()


@transaction.atomic
def resend(campaign: Campaign, *, by: Officer, at: datetime, results: Sequence[str]) -> Campaign:
    """A draft of the same words for those whose result is one of these, of `UNREACHED`.

    Who they are is looked up when it is counted and when it goes, as with any audience; all limits
    hold. Raises `PermissionDenied`, `StillRunning`, `NothingChosen`.
    """
    chosen = [result.value for result in UNREACHED if result in results]
    if not chosen:
        raise NothingChosen
    new = _followed(campaign, chosen, by=by, at=at, word="补发", body=campaign.body)
    attaching.copy(campaign, new)
    return new


@transaction.atomic
def correct(campaign: Campaign, *, by: Officer, at: datetime) -> Campaign:
    """A draft for whom the message reached, to be written on. Raises `PermissionDenied`,
    `StillRunning`.
    """
    body = f"更正：前面发的「{campaign.title}」有误，请以这一条为准。\n"
    return _followed(campaign, [Delivery.Result.SENT.value], by=by, at=at, word="更正", body=body)


def _followed(
    campaign: Campaign, results: list[str], *, by: Officer, at: datetime, word: str, body: str
) -> Campaign:
    if not can_follow_up(by, campaign, at=at):
        raise PermissionDenied
    fresh = Campaign.objects.get(county_id=by.county_id, pk=campaign.pk)
    if fresh.state not in ENDED:
        raise StillRunning
    meant = {"outcome": {"message": fresh.number, "result": results}}
    title = fresh.title[: MOST_TITLE_CHARS - len(word) - 2]
    new = draft(
        by=by, at=at, title=f"{title}（{word}）", topic=fresh.topic, body=body,
        confirm_hours=fresh.confirm_hours, audience={"all": [meant]},
    )  # fmt: skip
    trail.record(by, "campaign.followed_up", new, at=at, after=fresh.pk, results=results)
    return new
