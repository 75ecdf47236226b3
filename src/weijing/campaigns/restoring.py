"""The database was restored to an earlier moment: WeCom may have more of us than our rows know.

Nobody is asked before WeCom's own list has been read, late enough to show what was asked last.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Max

from wecom_api import WeCom
from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.audit.models import AuditEntry
from weijing.campaigns import backoff, pausing, strays
from weijing.campaigns.looking import LONGEST, tasks_by_code
from weijing.campaigns.models import Campaign, Restore, Share
from weijing.campaigns.moving import State
from weijing.territory.models import County

PAUSED = "数据库已恢复到较早的时刻，先核对企业微信里已有的任务。"
DOUBT = "数据库恢复过：这条可能已经发出，请先核对企业微信里的任务，确实没发过再审批。"


@transaction.atomic
def after_restore(county: County, *, by: Officer | None, at: datetime) -> Restore:
    """Pause all asking and put in doubt whatever may have gone out since. Before work goes on.

    Shares not known to be in WeCom: `reconciling` looks for each as for an answer that was lost,
    and asks only for what two looks did not find. Messages waiting for their time or for approval:
    a person decides, with what `look` found before their eyes.
    """
    known = AuditEntry.objects.filter(county=county, at__lte=at).aggregate(at=Max("at"))["at"]
    schedules = _take_back_schedules(county, by=by, at=at)
    Campaign.objects.filter(county=county, state=Campaign.State.SUBMITTED).update(
        returned_reason=DOUBT
    )
    restore = Restore.objects.create(
        county=county,
        restored_at=at,
        knows_until=known or at - LONGEST,
        shares=_doubt_shares(county, by=by, at=at),
        schedules=schedules,
    )
    pausing.pause(county, by=by, at=at, reason=PAUSED)
    trail.record(by, "database.restored", restore, at=at, shares=restore.shares,
                 schedules=schedules)  # fmt: skip
    return restore


def _take_back_schedules(county: County, *, by: Officer | None, at: datetime) -> int:
    """Their time may have come since the backup: by themselves they would all go out again."""
    rows = Campaign.objects.select_for_update(of=("self",)).order_by("pk")
    scheduled = list(rows.filter(county=county, state=Campaign.State.SCHEDULED))
    Campaign.objects.filter(county=county, pk__in=[each.pk for each in scheduled]).update(
        state=Campaign.State.SUBMITTED,
        scheduled_at=None,
        scheduled_by=None,
        scheduled_people=None,
    )
    for campaign in scheduled:
        trail.record(by, "campaign.doubted_after_restore", campaign, at=at)
    return len(scheduled)


def _doubt_shares(county: County, *, by: Officer | None, at: datetime) -> int:
    waiting = Share.objects.filter(county=county, state__in=[State.WAITING, State.ASKING])
    campaigns = list(Campaign.objects.filter(county=county, shares__in=waiting).distinct())
    shares = waiting.update(
        state=State.UNSURE,
        attempt=F("attempt") + 1,  # a worker that still runs from before comes too late
        intent_at=at,
        deadline_at=at,
        due_at=at + backoff.doubt_lasts(),
        looks=0,
        looked_at=None,
        note="数据库已恢复到较早的时刻，正在核对任务是否已建立。",
    )
    for campaign in campaigns:
        trail.record(by, "campaign.doubted_after_restore", campaign, at=at)
    return shares


def unsettled(county_id: int) -> Restore | None:
    """The last restore after which WeCom's list has not been read in time yet."""
    rows = Restore.objects.filter(county_id=county_id, looked_at=None)
    return rows.order_by("restored_at").last()


def settles_from(restore: Restore) -> datetime:
    """From then on WeCom's list shows what was asked before the restore, and a look counts."""
    return restore.restored_at + backoff.doubt_lasts() + backoff.between_looks()


def look(county: County, *, wecom: WeCom, at: datetime) -> int:
    """List WeCom's tasks since the backup under codes that no row knows; how many were new.

    What officers have not confirmed yet is cancelled there, and all of it shown to a person.
    Harmless to repeat. Raises `WeComError` when WeCom did not say everything; nothing is settled.
    """
    waiting = Restore.objects.filter(county=county, looked_at=None)
    since = min((restore.knows_until for restore in waiting), default=None)
    if since is None:
        return 0
    unknown = 0
    found = tasks_by_code(wecom=wecom, since=since, at=at, short_name=county.short_name)
    ours = Share.objects.filter(county=county, code__in=found).values_list("code", flat=True)
    for code in found.keys() - set(ours):
        for task in found[code]:
            strays.cancel(county.pk, task.msgid, code=code, share=None, wecom=wecom, at=at,
                          text=task.text)  # fmt: skip
            unknown += 1
    settled = [restore for restore in waiting if at >= settles_from(restore)]
    Restore.objects.filter(county=county, pk__in=[restore.pk for restore in settled]).update(
        looked_at=at, unknown=unknown
    )
    return unknown
