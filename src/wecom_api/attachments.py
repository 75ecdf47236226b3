"""What may hang on a mass message or a welcome (docs 92135, 92137)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wecom_api import checking
from wecom_api.errors import InvalidRequest

MAX_TEXT_BYTES = 4000
MAX_ATTACHMENTS = 9


@dataclass(frozen=True, slots=True)
class Image:
    """By `media_id` (three days), or by `pic_url` from `media.uploadimg` (for ever)."""

    media_id: str = ""
    pic_url: str = ""

    def __post_init__(self) -> None:
        checking.present("media_id or pic_url", self.media_id or self.pic_url)

    def as_json(self) -> dict[str, Any]:
        picture = {"media_id": self.media_id} if self.media_id else {"pic_url": self.pic_url}
        return {"msgtype": "image", "image": picture}


@dataclass(frozen=True, slots=True)
class Link:
    title: str
    url: str
    picurl: str = ""
    desc: str = ""

    def __post_init__(self) -> None:
        checking.present("title", self.title)
        checking.present("url", self.url)
        checking.at_most_bytes("title", self.title, 128)
        checking.at_most_bytes("url", self.url, 2048)
        checking.at_most_bytes("picurl", self.picurl, 2048)
        checking.at_most_bytes("desc", self.desc, 512)

    def as_json(self) -> dict[str, Any]:
        fields = {"title": self.title, "picurl": self.picurl, "desc": self.desc, "url": self.url}
        return {"msgtype": "link", "link": {name: v for name, v in fields.items() if v}}


@dataclass(frozen=True, slots=True)
class MiniProgram:
    title: str
    pic_media_id: str
    appid: str
    page: str

    def __post_init__(self) -> None:
        for name in ("title", "pic_media_id", "appid", "page"):
            checking.present(name, getattr(self, name))
        checking.at_most_bytes("title", self.title, 64)

    def as_json(self) -> dict[str, Any]:
        return {
            "msgtype": "miniprogram",
            "miniprogram": {
                "title": self.title,
                "pic_media_id": self.pic_media_id,
                "appid": self.appid,
                "page": self.page,
            },
        }


@dataclass(frozen=True, slots=True)
class Video:
    media_id: str

    def __post_init__(self) -> None:
        checking.present("media_id", self.media_id)

    def as_json(self) -> dict[str, Any]:
        return {"msgtype": "video", "video": {"media_id": self.media_id}}


@dataclass(frozen=True, slots=True)
class File:
    media_id: str

    def __post_init__(self) -> None:
        checking.present("media_id", self.media_id)

    def as_json(self) -> dict[str, Any]:
        return {"msgtype": "file", "file": {"media_id": self.media_id}}


Attachment = Image | Link | MiniProgram | Video | File


def content(text: str, attachments: Sequence[Attachment]) -> dict[str, Any]:
    """The `text` and `attachments` of a request. Raises `InvalidRequest`."""
    if not text and not attachments:
        raise InvalidRequest(errmsg="neither text nor attachments")
    checking.at_most_bytes("text", text, MAX_TEXT_BYTES)
    checking.at_most_items("attachments", attachments, MAX_ATTACHMENTS)
    fields: dict[str, Any] = {}
    if text:
        fields["text"] = {"content": text}
    if attachments:
        fields["attachments"] = [attachment.as_json() for attachment in attachments]
    return fields
