"""The database was restored to an earlier moment: WeCom may have more of us than our rows know."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns import backoff
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.moving import State
from weijing.territory.models import County


@transaction.atomic
def after_restore(county: County, *, by: Officer | None, at: datetime) -> int:
    """Put every share that is not known to be in WeCom in doubt; how many. Before work goes on.

    Between the moment of the backup and the restore their officers may have been asked, and may
    have sent. `reconciling` looks for each as for an answer that was lost, and asks only for what
    two looks did not find.
    """
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
