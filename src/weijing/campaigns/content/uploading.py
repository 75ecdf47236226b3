"""A file goes up to WeCom, and again before WeCom forgets it: by the worker, never by a page.

An upload reaches nobody, so a second one does no harm: what was not answered is simply repeated.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from wecom_api import Misconfigured, Rejected, Unanswered, Unavailable, WeCom
from wecom_api.errors import InvalidRequest, MediaRefused
from weijing.campaigns.content import files
from weijing.campaigns.content.models import Attachment, MediaFile
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.moving import State
from weijing.core import jobs

MEDIA_LIVES = timedelta(days=3)  # developer.work.weixin.qq.com/document/path/90253
# Renewed long before: a worker may be down for a night.
RENEW_BEFORE = timedelta(hours=24)
# What must be left when a share is asked for: clocks differ, and calls take their time.
LEAST_LEFT = timedelta(hours=1)
HELD = "附件「"  # so the notes of shares begin that wait for a file


def is_ready(file: MediaFile, *, at: datetime) -> bool:
    """Whether WeCom has it, and will for long enough."""
    return file.media_until is not None and file.media_until >= at + LEAST_LEFT


def upload(file: MediaFile, *, wecom: WeCom, at: datetime) -> None:
    """Give WeCom the file unless it has it for another day.

    Raises `Unavailable`, `Unanswered`: call again.
    """
    if file.is_refused or (file.media_until and file.media_until > at + RENEW_BEFORE):
        return
    try:
        uploaded = wecom.media.upload(
            file.kind,
            filename=file.name,
            content=files.content(file),
            content_type=file.content_type,
        )
    except (Unavailable, Unanswered):
        _failed(file, "企业微信暂时连不上，稍后自动再传。")
        raise
    except Misconfigured:
        _failed(file, "企业微信的密钥或权限不对，请系统管理员检查。")
    except (MediaRefused, InvalidRequest) as refusal:
        code = f"（{refusal.errcode}）" if refusal.errcode else ""
        _failed(file, f"企业微信不收这个文件{code}，请换一个。", is_refused=True)
    except Rejected as refusal:  # a code that says nothing about the file
        _failed(file, f"企业微信没有收下（{refusal.errcode}），稍后自动再传。")
    else:
        _has(file, uploaded.media_id, at=at)


@transaction.atomic
def _has(file: MediaFile, media_id: str, *, at: datetime) -> None:
    """WeCom has it. What waited for it is due, in one statement: each by itself would come late."""
    _row(file).update(
        media_id=media_id,
        media_until=at + MEDIA_LIVES,  # by our clock, from before the call: never too late
        failures=0,
        problem="",
    )
    carried = Attachment.objects.filter(county_id=file.county_id, file=file)
    held = Share.objects.filter(
        county_id=file.county_id,
        campaign__in=carried.filter(campaign__isnull=False).values("campaign_id"),
        state=State.WAITING,
        note__startswith=HELD,
    )
    ids = list(held.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    if Share.objects.filter(county_id=file.county_id, pk__in=ids, state=State.WAITING).update(
        due_at=at, needs_person=False
    ):
        jobs.enqueue("campaigns.sweep_now", county_id=file.county_id)


def forget(file_ids: tuple[int, ...], county_id: int) -> None:
    """WeCom says it does not know these any more: they go up again before anything is sent."""
    MediaFile.objects.filter(county_id=county_id, pk__in=file_ids).update(
        media_id="", media_until=None
    )


def renew(county_id: int, *, at: datetime) -> int:
    """Queue the upload of every file that an open message needs and WeCom will soon forget."""
    carried = Attachment.objects.filter(county_id=county_id, file=OuterRef("pk"))
    waiting = Share.objects.filter(county_id=county_id, state__in=[State.WAITING, State.ASKING])
    needed = carried.filter(
        Q(campaign__state__in=[Campaign.State.SUBMITTED, Campaign.State.SCHEDULED])
        | Q(campaign__in=waiting.values("campaign_id")),
    )
    due = MediaFile.objects.filter(
        Q(media_until=None) | Q(media_until__lte=at + RENEW_BEFORE),
        Exists(needed),
        county_id=county_id,
        is_refused=False,
    )
    for file in due:
        files.fetch_media_id(file)
    return len(due)


def _failed(file: MediaFile, problem: str, *, is_refused: bool = False) -> None:
    _row(file).update(problem=problem, failures=file.failures + 1, is_refused=is_refused)


def _row(file: MediaFile) -> QuerySet[MediaFile]:
    return MediaFile.objects.filter(county_id=file.county_id, pk=file.pk)
