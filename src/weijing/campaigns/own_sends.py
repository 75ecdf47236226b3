"""What officers send in WeCom by themselves, read back every hour: who got it, and on which day."""

from datetime import UTC, datetime, timedelta

from wecom_api import Rejected, WeCom
from wecom_api.errors import StillDispatching
from wecom_api.group_messages import BY_MEMBER, SENT, TASK_SENT
from weijing.accounts.models import Officer
from weijing.campaigns.models import OwnMessage
from weijing.core.clock import local_day
from weijing.residents.models import WechatIdentity
from weijing.territory.models import County

# An officer may make a message and send it days later.
LOOKED_BACK = timedelta(days=7)
KEPT = timedelta(days=62)  # the month that counts, and the one before for whoever asks


def take_down(county: County, *, wecom: WeCom, at: datetime) -> int:
    """Store what is new; how many messages. Harmless to repeat.

    Raises `WeComError` when WeCom's list cannot be read completely; what was read stays.
    """
    OwnMessage.objects.filter(county=county, sent_on__lt=local_day(at - KEPT)).delete()
    listed = wecom.group_messages.list_v2(
        start_time=int((at - LOOKED_BACK).timestamp()),
        end_time=int(at.timestamp()),
        filter_type=BY_MEMBER,
    )
    known = set(
        OwnMessage.objects.filter(
            county=county, msgid__in=[message.msgid for message in listed]
        ).values_list("msgid", flat=True)
    )
    return sum(
        _take_down(county, message.msgid, wecom=wecom, at=at)
        for message in listed
        if message.msgid not in known
    )


def _take_down(county: County, msgid: str, *, wecom: WeCom, at: datetime) -> int:
    """One message: of each officer who has sent it, whom it reached."""
    try:
        tasks = wecom.group_messages.task(msgid)
        sent = {
            task.userid: (task, wecom.group_messages.send_result(msgid, task.userid))
            for task in tasks
            if task.status == TASK_SENT
        }
    except (Rejected, StillDispatching):  # cancelled, or just made: the next hour knows more
        return 0
    new = 0
    for officer in Officer.objects.filter(county=county, wecom_userid__in=sent):
        task, results = sent[officer.wecom_userid]
        sent_at = datetime.fromtimestamp(task.send_time, UTC) if task.send_time else at
        accounts = {one.external_userid for one in results if one.status == SENT}
        people = WechatIdentity.objects.filter(county=county, external_userid__in=accounts)
        ordinals = sorted(set(people.values_list("resident__ordinal", flat=True)))
        _, is_new = OwnMessage.objects.get_or_create(
            county=county,
            msgid=msgid,
            officer=officer,
            defaults={"sent_on": local_day(sent_at), "people": ordinals},
        )
        new += is_new
    return new
