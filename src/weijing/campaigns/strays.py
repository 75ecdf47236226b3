"""A task in WeCom that should not be there is cancelled before its officer confirms it."""

from contextlib import suppress
from datetime import datetime

from django.db import transaction

from wecom_api import Rejected, WeCom
from wecom_api.errors import Cancelled
from wecom_api.group_messages import TASK_SENT
from weijing.audit import trail
from weijing.campaigns.models import Share, StrayTask


def was_sent(msgid: str, *, wecom: WeCom) -> bool:
    """Whether a member has confirmed this task. A cancelled one has not been.

    Raises `Unavailable`, also (41063) for a task too young to be read.
    """
    try:
        return any(task.status == TASK_SENT for task in wecom.group_messages.task(msgid))
    except Cancelled:
        return False


def cancel(
    county_id: int,
    msgid: str,
    *,
    code: str,
    share: Share | None,
    wecom: WeCom,
    at: datetime,
    text: str = "",
) -> StrayTask:
    """Cancel it in WeCom, keep a row of it and bring it before a person. Harmless to repeat.

    Raises `Unavailable`, `Misconfigured`; then nothing is written and the next sweep comes back.
    """
    known = StrayTask.objects.filter(county_id=county_id, msgid=msgid).first()
    if known is not None:
        return known
    with suppress(Rejected):  # cancelled before us, or gone: what counts is what we find next
        wecom.group_messages.cancel(msgid)
    sent = was_sent(msgid, wecom=wecom)
    return _note(county_id, msgid, code, share, sent, at, text)


@transaction.atomic
def _note(
    county_id: int,
    msgid: str,
    code: str,
    share: Share | None,
    sent: bool,
    at: datetime,
    text: str,
) -> StrayTask:
    stray, created = StrayTask.objects.get_or_create(
        county_id=county_id,
        msgid=msgid,
        defaults={
            "code": code,
            "text": text.replace("\0", ""),
            "share": share,
            "seen_at": at,
            "cancelled_at": None if sent else at,
            "was_sent": sent,
        },
    )
    if created and share is not None:
        note = "发现重复的任务，民辅警已经发出，请核实。" if sent else "发现重复的任务，已撤销。"
        Share.objects.filter(county_id=county_id, pk=share.pk).update(needs_person=True, note=note)
    if created:
        trail.record(None, "stray_task.cancelled", stray, at=at, was_sent=sent)
    return stray
