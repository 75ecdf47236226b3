"""An officer who was asked to send finds the message wrong, and gives it back to the desk."""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.moving import State
from weijing.core.errors import DomainError

MAX_REASON_CHARS = 100
OBJECTED = "民辅警退回："


class NoReason(DomainError):
    """Who gives something back says what is wrong with it."""

    def __init__(self) -> None:
        super().__init__("请写明哪里有误，县局才能改。")


class NothingToGiveBack(DomainError):
    """Not asked yet, sent already, or ended."""

    def __init__(self) -> None:
        super().__init__("这条群发现在不能退回：已经发出，或者任务已经结束。")


@transaction.atomic
def give_back(campaign: Campaign, *, by: Officer, at: datetime, reason: str) -> None:
    """Tell the desk why this officer does not send. A person there decides; nothing is stopped yet.

    The officer may still send afterwards: then the objection is settled by itself.

    Raises `NoReason`, `NothingToGiveBack`.
    """
    reason = " ".join(reason.replace("\0", "").split())
    if not reason:
        raise NoReason
    asked = Share.objects.select_for_update().filter(
        county_id=by.county_id, campaign=campaign, officer=by, state=State.ASKED, stop=""
    )
    shares = list(asked)
    if not shares:
        raise NothingToGiveBack
    for share in shares:
        share.note = f"{OBJECTED}{reason[:MAX_REASON_CHARS]}"
        share.needs_person = True
        share.save(update_fields=["note", "needs_person"])
        trail.record(by, "share.given_back", share, at=at)


def reason_given(share: Share) -> str:
    """Why the officer gave the share back; "" when they did not."""
    given = share.state == State.ASKED and share.note.startswith(OBJECTED)
    return share.note.removeprefix(OBJECTED) if given else ""
