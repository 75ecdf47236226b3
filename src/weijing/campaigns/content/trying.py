"""试发: the author sends a draft to their own WeCom, as an application message, to see it there."""

from datetime import datetime, timedelta

from django.db import transaction

from wecom_api import Rejected, WeCom
from wecom_api.app_messages import Recipients
from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns import codes, policies
from weijing.campaigns.content import attaching, filling, uploading
from weijing.campaigns.content.models import Attachment, TrialSend
from weijing.campaigns.models import Campaign
from weijing.core import jobs
from weijing.core.errors import DomainError, PermissionDenied

MARK = "【试发】只发给你自己，群众收不到。\n"
LONGEST_APP_TEXT = 2_048  # bytes; WeCom cuts application messages off where mass messages go on
# Its job has been given up long before: WeCom could not be reached.
GIVEN_UP_AFTER = timedelta(minutes=5)
AT_MOST, WITHIN = 10, timedelta(hours=1)  # WeCom drops what is more than 30 a minute silently


NOT_REACHED = "企业微信连不上，没有试发成，请再试。"


class CannotTry(DomainError):
    """There is nothing to send, or no WeCom account to send it to."""


class FileMissing(DomainError):
    """WeCom does not have what hangs on the message."""


@transaction.atomic
def ask(campaign: Campaign, *, by: Officer, at: datetime) -> TrialSend:
    """Send the draft to its author, by a job. Raises `PermissionDenied`, `CannotTry`."""
    if not policies.can_edit(by, campaign):
        raise PermissionDenied
    if not by.wecom_userid:
        raise CannotTry("没有试发：你的账号没有绑定企业微信，请找系统管理员绑定。")
    if not campaign.body.strip() and not attaching.attachments_of(campaign).exists():
        raise CannotTry("没有试发：先写正文或加附件。")
    lately = TrialSend.objects.filter(county_id=by.county_id, officer=by, asked_at__gt=at - WITHIN)
    if lately.count() >= AT_MOST:
        raise CannotTry(f"没有试发：一小时内最多试发 {AT_MOST} 次，请过一会儿再试。")
    trial = TrialSend.objects.create(
        county_id=by.county_id, campaign=campaign, officer=by, asked_at=at
    )
    trail.record(by, "campaign.tried", campaign, at=at)
    jobs.enqueue("campaigns.try_out", county_id=by.county_id, trial_id=trial.pk)
    return trial


def send(trial: TrialSend, *, wecom: WeCom, at: datetime) -> None:
    """Send the words and then each attachment; what the author has got is not sent again.

    WeCom itself drops the same message within half an hour, so repeating after a lost answer does
    no harm. Raises `Unavailable`, `Unanswered`, `Misconfigured`: call again.
    """
    if trial.sent_at is not None or trial.problem:
        return
    if problem := problem_of(trial, at=at):
        _ended(trial, problem, at=at)
        return
    campaign, officer = trial.campaign, trial.officer
    body = filling.filled(
        campaign.body, filling.values_of([officer], campaign.county, at=at)[officer.pk]
    )
    to = Recipients((officer.wecom_userid,))
    try:
        _send_words(to, _marked(body, campaign.county.short_name), wecom)
        for row in attaching.attachments_of(campaign):
            _send_attachment(to, row, wecom=wecom, at=at)
    except FileMissing as missing:
        _ended(trial, str(missing), at=at)
    except Rejected as refusal:
        code = f"（{refusal.errcode}）" if refusal.errcode else ""
        _ended(trial, f"企业微信没有收下试发的内容{code}。", at=at)
    else:
        _ended(trial, "", at=at)


def _ended(trial: TrialSend, problem: str, *, at: datetime) -> None:
    TrialSend.objects.filter(county_id=trial.county_id, pk=trial.pk).update(
        sent_at=None if problem else at, problem=problem[:200]
    )


def problem_of(trial: TrialSend, *, at: datetime) -> str:
    """Why it did not arrive; "" when it has or still may."""
    if trial.sent_at is None and not trial.problem and at > trial.asked_at + GIVEN_UP_AFTER:
        return NOT_REACHED
    return trial.problem


def latest(campaign: Campaign) -> TrialSend | None:
    rows = TrialSend.objects.filter(county_id=campaign.county_id, campaign=campaign)
    return rows.order_by("-asked_at", "-pk").first()


def _marked(body: str, short_name: str) -> str:
    return f"{MARK}{codes.with_reference(body, short_name=short_name, code='试发')}"


def _send_words(to: Recipients, text: str, wecom: WeCom) -> None:
    """In pieces, as application messages are shorter than mass messages."""
    for piece in pieces(text, LONGEST_APP_TEXT):
        wecom.app_messages.text(to, piece)


def pieces(text: str, most_bytes: int) -> list[str]:
    """The text cut between characters, none longer than that."""
    found, room = [""], most_bytes
    for sign in text:
        size = len(sign.encode())
        if size > room:
            found.append("")
            room = most_bytes
        found[-1] += sign
        room -= size
    return found


def _send_attachment(to: Recipients, row: Attachment, *, wecom: WeCom, at: datetime) -> None:
    if row.kind == Attachment.Kind.LINK:
        text = "\n".join(filter(None, ["【链接】" + row.title, row.description, row.url]))
        _send_words(to, text, wecom)
        return
    if row.kind == Attachment.Kind.MINIPROGRAM:
        wecom.app_messages.text(to, f"【小程序】{row.title}（群众看到的是卡片）")
    assert row.file is not None
    if not uploading.is_ready(row.file, at=at):
        uploading.upload(row.file, wecom=wecom, at=at)
        row.file.refresh_from_db()
    if not row.file.media_id:
        problem = row.file.problem or "企业微信还没有收到。"
        raise FileMissing(f"没有试发成：附件「{row.file.name}」{problem}")
    wecom.app_messages.media(to, row.file.kind, row.file.media_id)
