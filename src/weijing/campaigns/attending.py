"""What a share needs now, by its state. Every state that waits leads here, and out again."""

import time
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from wecom_api import WeCom
from weijing.audit import trail
from weijing.campaigns import asking, receipts, reconciling, stopping
from weijing.campaigns.models import Share
from weijing.campaigns.moving import State, move


def attend(
    county_id: int,
    share_id: int,
    *,
    wecom: WeCom,
    at: datetime,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Take a share one step further. Runs twice, late or at the same time without harm."""
    share = (
        Share.objects.select_related("campaign", "officer")
        .filter(county_id=county_id, pk=share_id)
        .first()
    )
    if share is None:
        return
    match share.state:
        case State.WAITING if share.stop:
            _end_unasked(share, at=at)
        case State.WAITING:
            asking.ask(share, wecom=wecom, at=at, monotonic=monotonic)
        case State.ASKING:
            asking.give_up_waiting_for_worker(share, at=at)
        case State.UNSURE:
            reconciling.look(share, wecom=wecom, at=at)
        case State.ASKED if share.stop:
            stopping.cancel_in_wecom(share, wecom=wecom, at=at)
        case State.ASKED | State.CONFIRMED:
            receipts.poll(share, wecom=wecom, at=at)


@transaction.atomic
def _end_unasked(share: Share, *, at: datetime) -> None:
    if move(share, State.WAITING, to=share.stop, ended_at=at, due_at=None):
        trail.record(None, f"share.{share.stop}", share, at=at)
