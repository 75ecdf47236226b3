"""Text and attachments of mass and welcome messages: what WeCom accepts (docs 92135, 92137)."""

from typing import Any

from wecom_simulator.calls import JSON, Call
from wecom_simulator.media import check_usable
from wecom_simulator.refusals import Refused

TEXT_BYTES = 4_000
MOST = 9
# Per kind: fields that must be there, and byte limits.
KINDS: dict[str, tuple[tuple[str, ...], dict[str, int]]] = {
    "image": ((), {}),
    "link": (("title", "url"), {"title": 128, "picurl": 2048, "desc": 512, "url": 2048}),
    "miniprogram": (("title", "pic_media_id", "appid", "page"), {"title": 64}),
    "video": (("media_id",), {}),
    "file": (("media_id",), {}),
}


def checked(call: Call) -> tuple[str, list[JSON]]:
    """The text and the attachments.

    Raises `Refused` 40063 for nothing at all, 40058, 41064, 41065, 40007, 41072.
    """
    text = str(call.inside("text").get("content", ""))
    given: Any = call.given("attachments") or []
    attachments = given if isinstance(given, list) else []
    if not text and not attachments:
        raise Refused(40063, "text and attachments")
    if len(text.encode()) > TEXT_BYTES:
        raise Refused(40058, "text.content is too long")
    if len(attachments) > MOST:
        raise Refused(41064)
    for attachment in attachments:
        _check(call, attachment)
    return text, attachments


def _check(call: Call, attachment: Any) -> None:
    kind = attachment.get("msgtype") if isinstance(attachment, dict) else None
    if kind not in KINDS:
        raise Refused(41065)
    inner = attachment.get(kind)
    inner = inner if isinstance(inner, dict) else {}
    needed, limits = KINDS[kind]
    for name in needed:
        if not inner.get(name):
            raise Refused(40058, f"{kind}.{name} is missing")
    for name, most in limits.items():
        if len(str(inner.get(name, "")).encode()) > most:
            raise Refused(40058, f"{kind}.{name} is too long")
    if kind == "image" and not (inner.get("media_id") or inner.get("pic_url")):
        raise Refused(40058, "image.media_id is missing")
    for name in ("media_id", "pic_media_id"):
        if inner.get(name):
            check_usable(call.world, str(inner[name]))
