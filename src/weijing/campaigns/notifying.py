"""The officer gets a card in WeCom: what is asked of them, and where to read it."""

from datetime import datetime

from wecom_api import Rejected, WeCom
from wecom_api.app_messages import LONGEST_DUPLICATE_CHECK_SECONDS, Recipients
from weijing.campaigns.models import Share
from weijing.campaigns.moving import State
from weijing.core.clock import COUNTY_TIME
from weijing.core.env import environment


def notify(share: Share, *, wecom: WeCom, at: datetime) -> None:
    """Send the card once per share. WeCom itself drops the same card within four hours.

    Raises `Unavailable`, `Misconfigured`: call again.
    """
    if share.notified_at is not None or share.state != State.ASKED or share.stop:
        return
    campaign = share.campaign
    assert campaign.confirm_by is not None
    to = Recipients((share.officer.wecom_userid,))
    until = f"{campaign.confirm_by.astimezone(COUNTY_TIME):%m月%d日 %H:%M}"
    text = f"请发给您名下的 {share.people:,} 人，{until} 前在企业微信「群发助手」里确认。"
    url = environment().public_url
    try:
        if url:
            wecom.app_messages.textcard(
                to,
                title=f"待确认：{campaign.title}"[:128],
                description=text,
                url=f"{url}/o/campaigns/{campaign.number}/",
                btntxt="去看看",
                duplicate_check_seconds=LONGEST_DUPLICATE_CHECK_SECONDS,
            )
        else:
            wecom.app_messages.text(
                to,
                f"待确认：{campaign.title}（{campaign.number}）\n{text}",
                duplicate_check_seconds=LONGEST_DUPLICATE_CHECK_SECONDS,
            )
    except Rejected:
        pass  # WeCom's own task is in their list all the same; the card is a courtesy
    Share.objects.filter(county_id=share.county_id, pk=share.pk).update(notified_at=at)
