"""What hangs on a draft or on a version of the library: added, put in order, taken off, copied."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns import policies
from weijing.campaigns.content import checking, files
from weijing.campaigns.content.models import Attachment, ContentVersion, MediaFile
from weijing.campaigns.models import Campaign
from weijing.core.errors import DomainError, PermissionDenied

Owner = Campaign | ContentVersion
MAX_ATTACHMENTS = 9  # developer.work.weixin.qq.com/document/path/92135
# Bytes, same page.
LINK_TITLE, LINK_TEXT, LINK_URL, PROGRAM_TITLE = 128, 512, 2048, 64


class NotAttachable(DomainError):
    """One too many, something missing, or too long for WeCom."""


class NotOpen(DomainError):
    """It has been handed in; what hangs on it stands as it was read."""

    def __init__(self) -> None:
        super().__init__("已经提交，附件不能再改。")


def attachments_of(owner: Owner) -> QuerySet[Attachment]:
    """In the order in which residents get them."""
    rows = Attachment.objects.filter(county_id=owner.county_id, **_owned_by(owner))
    return rows.select_related("file").order_by("position", "pk")


@transaction.atomic
def attach_file(owner: Owner, name: str, data: bytes, *, by: Officer, at: datetime) -> Attachment:
    """Hang an image, a video or a document on it, whatever its name says it is.

    Raises `PermissionDenied`, `NotOpen`, `NotAttachable`, `NotSendable`.
    """
    owner = _open(owner, by=by)
    kept = files.keep(checking.checked(name, data), by=by, at=at)
    return _add(owner, by=by, at=at, kind=kept.kind, file=kept)


@transaction.atomic
def attach_link(
    owner: Owner, *, title: str, url: str, description: str, by: Officer, at: datetime
) -> Attachment:
    """Raises `PermissionDenied`, `NotOpen`, `NotAttachable`."""
    owner = _open(owner, by=by)
    title, url, description = title.strip(), url.strip(), description.strip()
    _needed(("链接标题", title), ("网址", url))
    if not url.startswith(("https://", "http://")) or any(s.isspace() for s in url):
        raise NotAttachable("没有加上：网址要写完整，以 https:// 开头，中间没有空格。")
    _short("链接标题", title, LINK_TITLE)
    _short("链接说明", description, LINK_TEXT)
    _short("网址", url, LINK_URL)
    return _add(owner, by=by, at=at, kind="link", title=title, url=url, description=description)


@transaction.atomic
def attach_mini_program(
    owner: Owner,
    *,
    title: str,
    appid: str,
    page: str,
    cover_name: str,
    cover: bytes,
    by: Officer,
    at: datetime,
) -> Attachment:
    """A mini-program that is linked to the corp, with the picture residents see.

    Raises `PermissionDenied`, `NotOpen`, `NotAttachable`, `NotSendable`.
    """
    owner = _open(owner, by=by)
    title, appid, page = title.strip(), appid.strip(), page.strip()
    _needed(("小程序标题", title), ("AppID", appid), ("页面路径", page))
    _short("小程序标题", title, PROGRAM_TITLE)
    if not appid.isalnum() or not appid.isascii() or len(appid) > 64:
        raise NotAttachable("没有加上：AppID 由字母和数字组成，以 wx 开头，请到小程序后台查。")
    _short("页面路径", page, 512)
    picture = checking.checked(cover_name, cover)
    if picture.kind != MediaFile.Kind.IMAGE:
        raise NotAttachable("没有加上：小程序的封面要用图片。")
    kept = files.keep(picture, by=by, at=at)
    return _add(
        owner, by=by, at=at, kind="miniprogram", title=title, appid=appid, page=page, file=kept
    )


@transaction.atomic
def detach(owner: Owner, attachment_id: int, *, by: Officer, at: datetime) -> None:
    """Take it off; taking off what is gone already changes nothing.

    Raises `PermissionDenied`, `NotOpen`.
    """
    owner = _open(owner, by=by)
    if attachments_of(owner).filter(pk=attachment_id).delete()[0]:
        _changed(owner, at=at)
        trail.record(by, "attachment.removed", owner, at=at)


@transaction.atomic
def move_up(owner: Owner, attachment_id: int, *, by: Officer, at: datetime) -> None:
    """Let residents get it before the one that came before it. Raises as `detach`."""
    owner = _open(owner, by=by)
    rows = list(attachments_of(owner))
    place = next((n for n, row in enumerate(rows) if row.pk == attachment_id), 0)
    if place:
        rows[place - 1], rows[place] = rows[place], rows[place - 1]
        for number, row in enumerate(rows):
            row.position = number
        Attachment.objects.bulk_update(rows, ["position"])
        _changed(owner, at=at)


def copy(source: Owner, target: Owner) -> int:
    """Hang the same things on another one, behind what hangs there; how many.

    Raises `NotAttachable`. The caller has checked that the target may be changed.
    """
    taken, copied = list(attachments_of(target)), list(attachments_of(source))
    seen = {(row.kind, row.file_id, row.url, row.appid, row.page) for row in taken}
    new = [r for r in copied if (r.kind, r.file_id, r.url, r.appid, r.page) not in seen]
    if len(taken) + len(new) > MAX_ATTACHMENTS:
        raise NotAttachable(f"没有带过来：附件最多 {MAX_ATTACHMENTS} 个，请先去掉几个。")
    for number, row in enumerate(new, start=_next_position(target)):
        Attachment.objects.create(
            county_id=target.county_id,
            **_owned_by(target),
            position=number,
            kind=row.kind,
            file=row.file,
            title=row.title,
            description=row.description,
            url=row.url,
            appid=row.appid,
            page=row.page,
        )
        if row.file:
            files.fetch_media_id(row.file)
    return len(new)


def _open(owner: Owner, *, by: Officer) -> Owner:
    """The owner, locked. Raises `PermissionDenied`, `NotOpen`."""
    if isinstance(owner, Campaign):
        rows = Campaign.objects.select_for_update(of=("self",))
        campaign = rows.get(county_id=owner.county_id, pk=owner.pk)
        if not policies.can_edit(by, campaign):
            raise PermissionDenied
        if campaign.state != Campaign.State.DRAFT:
            raise NotOpen
        return campaign
    versions = ContentVersion.objects.select_for_update(of=("self",))
    version = versions.get(county_id=owner.county_id, pk=owner.pk)
    if not policies.can_draft(by) or version.county_id != by.county_id:
        raise PermissionDenied
    if version.written_by_id != by.pk:
        raise PermissionDenied
    if version.state != ContentVersion.State.DRAFT:
        raise NotOpen
    return version


def _add(owner: Owner, *, by: Officer, at: datetime, **fields: Any) -> Attachment:
    if attachments_of(owner).count() >= MAX_ATTACHMENTS:
        raise NotAttachable(f"没有加上：附件最多 {MAX_ATTACHMENTS} 个，请先去掉一个。")
    row = Attachment.objects.create(
        county_id=owner.county_id, **_owned_by(owner), position=_next_position(owner), **fields
    )
    _changed(owner, at=at)
    trail.record(by, "attachment.added", owner, at=at, kind=row.kind)
    return row


def _changed(owner: Owner, *, at: datetime) -> None:
    """Another window that shows it without this learns so when it saves."""
    type(owner).objects.filter(county_id=owner.county_id, pk=owner.pk).update(edited_at=at)


def _next_position(owner: Owner) -> int:
    last = attachments_of(owner).last()
    return last.position + 1 if last else 0


def _owned_by(owner: Owner) -> dict[str, Any]:
    return {"campaign": owner} if isinstance(owner, Campaign) else {"version": owner}


def _needed(*fields: tuple[str, str]) -> None:
    missing = [name for name, value in fields if not value]
    if missing:
        raise NotAttachable(f"没有加上：请填写{'、'.join(missing)}。")


def _short(name: str, text: str, most_bytes: int) -> None:
    if len(text.encode()) > most_bytes:
        raise NotAttachable(
            f"没有加上：{name}最多 {most_bytes} 字节（约 {most_bytes // 3} 个汉字），请写短些。"
        )
