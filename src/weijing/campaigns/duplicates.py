"""Every two minutes: tasks in WeCom that carry our codes but that no share accounts for."""

from datetime import datetime, timedelta

from django.db.models import Min, Q

from wecom_api import WeCom, WeComError
from wecom_api.group_messages import GroupMessage
from weijing.campaigns import reconciling, strays
from weijing.campaigns.looking import tasks_by_code
from weijing.campaigns.models import Share, StrayTask
from weijing.campaigns.moving import LIVE, State
from weijing.core.logs import log
from weijing.territory.models import County

# An ended share may still get a task late: a list that lagged, an answer that never came.
WATCHED_AFTER_END = timedelta(days=1)


def sweep(county: County, *, wecom: WeCom, at: datetime) -> int:
    """Cancel what should not be there; how many were found. Harmless to repeat or to interrupt.

    Raises `WeComError` when WeCom's list cannot be read completely.
    """
    watched = Q(state__in=LIVE) | Q(ended_at__gt=at - WATCHED_AFTER_END)
    since = Share.objects.filter(watched, county=county).aggregate(
        since=Min("campaign__released_at")
    )["since"]
    # With nothing under way there may still be tasks that a restored database forgot.
    since = min(since or at, at - WATCHED_AFTER_END)
    found = tasks_by_code(wecom=wecom, since=since, at=at, short_name=county.short_name)
    shares = {
        share.code: share
        for share in Share.objects.filter(county=county, code__in=found).select_related(
            "campaign", "officer"
        )
    }
    handled = set(
        StrayTask.objects.filter(county=county, code__in=found).values_list("msgid", flat=True)
    )
    strayed = 0
    for code, tasks in found.items():
        left = [task for task in tasks if task.msgid not in handled]
        try:
            strayed += _handle(county, code, left, shares.get(code), wecom=wecom, at=at)
        except WeComError as error:
            log.warning("campaigns.stray_left", errcode=error.errcode, county=county.code)
    return strayed


def _handle(
    county: County,
    code: str,
    tasks: list[GroupMessage],
    share: Share | None,
    *,
    wecom: WeCom,
    at: datetime,
) -> int:
    if share is not None and share.msgid is None and tasks:
        if share.state in (State.ASKING, State.UNSURE):
            return 0  # its own look decides, with all the care that takes
        if share.state == State.WAITING and share.attempt:
            # We stopped looking too early. It is there, so the officer need not be asked again.
            reconciling.adopt(share, tasks[0].msgid, wecom=wecom, at=at)
            tasks = tasks[1:]
    own = share.msgid if share is not None else None
    extra = [task for task in tasks if task.msgid != own]
    for task in extra:
        strays.cancel(
            county.pk, task.msgid, code=code, share=share, wecom=wecom, at=at, text=task.text
        )
    return len(extra)
