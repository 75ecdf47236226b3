"""What hangs on a message, as WeCom takes it when an officer is asked to send."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from wecom_api import attachments as parts
from weijing.campaigns import backoff
from weijing.campaigns.content import attaching, files, uploading
from weijing.campaigns.content.models import Attachment
from weijing.campaigns.models import Campaign


@dataclass(frozen=True, slots=True)
class Load:
    """`digest` says what hangs on it whatever ids WeCom gave the uploads; "" when nothing does."""

    attachments: tuple[parts.Attachment, ...] = ()
    file_ids: tuple[int, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """WeCom does not have a file yet, so nothing is sent. `needs_person`: trying has not helped."""

    because: str
    needs_person: bool = False


def load(campaign: Campaign, *, at: datetime) -> Load | Held:
    """Everything that goes with the message; never a part of it.

    Files that WeCom does not have are put into the queue.
    """
    rows = list(attaching.attachments_of(campaign))
    missing = [row for row in rows if row.file and not uploading.is_ready(row.file, at=at)]
    if missing:
        return _held(missing)
    return Load(
        tuple(as_wecom_takes_it(row) for row in rows),
        tuple(row.file_id for row in rows if row.file_id is not None),
        _digest(rows) if rows else "",
    )


def as_wecom_takes_it(row: Attachment) -> parts.Attachment:
    """Raises `InvalidRequest` for what is too long; adding it has been refused before."""
    media_id = row.file.media_id if row.file else ""
    match row.kind:
        case Attachment.Kind.IMAGE:
            return parts.Image(media_id=media_id)
        case Attachment.Kind.VIDEO:
            return parts.Video(media_id)
        case Attachment.Kind.FILE:
            return parts.File(media_id)
        case Attachment.Kind.LINK:
            return parts.Link(title=row.title, url=row.url, desc=row.description)
    return parts.MiniProgram(title=row.title, pic_media_id=media_id, appid=row.appid, page=row.page)


def _held(missing: list[Attachment]) -> Held:
    refused = [row.file for row in missing if row.file and row.file.is_refused]
    for row in missing:
        if row.file and not row.file.is_refused:
            files.fetch_media_id(row.file)
    first = refused[0] if refused else missing[0].file
    assert first is not None
    problem = first.problem or "正在传到企业微信，传好后自动派发。"
    failures = max(row.file.failures for row in missing if row.file)
    return Held(
        f"{uploading.HELD}{first.name}」：{problem}"[:200],
        needs_person=bool(refused) or failures >= backoff.PARK_AFTER,
    )


def _digest(rows: list[Attachment]) -> str:
    said = [
        [row.kind, row.file.sha256 if row.file else "", row.file.name if row.file else "",
         row.title, row.description, row.url, row.appid, row.page]
        for row in rows
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()
