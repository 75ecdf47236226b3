"""What a file is, by its content and never by its name; and whether WeCom takes it."""

import io
import struct
import zipfile
from dataclasses import dataclass
from pathlib import PurePath

from weijing.campaigns.content.models import MediaFile
from weijing.core import pictures
from weijing.core.errors import DomainError

Kind = MediaFile.Kind
MIB = 1024 * 1024
# developer.work.weixin.qq.com/document/path/90253
MAX_BYTES = {Kind.IMAGE: 10 * MIB, Kind.VIDEO: 10 * MIB, Kind.FILE: 20 * MIB}
MIN_BYTES = 6
LONGEST_SIDE = 2560
QUALITY = 88
# Boxes in which phones write where a video was taken.
PLACES_IN_VIDEO = (b"\xa9xyz", b"loci", b"com.apple.quicktime.location")
OFFICE = {
    "word/document.xml": (
        ".docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    "xl/workbook.xml": (
        ".xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    "ppt/presentation.xml": (
        ".pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
}


class NotSendable(DomainError):
    """Not a kind of file that WeCom sends, too large, broken, or telling more than it should."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A file as it is kept and sent. `width` and `height` in pixels, of images only."""

    kind: str
    name: str
    content_type: str
    data: bytes
    width: int | None = None
    height: int | None = None


def checked(name: str, data: bytes) -> Checked:
    """An image, an MP4 video, a PDF or an Office document without macros.

    Images are drawn anew, so that nothing a camera wrote into them stays. Raises `NotSendable`.
    """
    if len(data) < MIN_BYTES:
        raise NotSendable("没有加上：文件是空的，请重新选择。")
    kind = _kind(data)
    if len(data) > MAX_BYTES[kind]:
        most = MAX_BYTES[kind] // MIB
        raise NotSendable(f"没有加上：{kind.label}最大 {most} MB，请压缩后再加。")
    if kind == Kind.IMAGE:
        return _picture(name, data)
    if kind == Kind.VIDEO:
        return _video(name, data)
    return _document(name, data)


def _kind(data: bytes) -> Kind:
    if data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (
        data.startswith(b"RIFF") and data[8:12] == b"WEBP"
    ):
        return Kind.IMAGE
    if data[4:8] == b"ftyp":
        return Kind.VIDEO
    if data.startswith((b"%PDF-", b"PK\x03\x04")):
        return Kind.FILE
    raise NotSendable(
        "没有加上：只收图片（JPG、PNG、WebP）、视频（MP4）和文件（PDF、docx、xlsx、pptx）。"
    )


def _picture(name: str, data: bytes) -> Checked:
    try:
        bare, came_as = pictures.redrawn(data, longest_side=LONGEST_SIDE)
    except pictures.TooManyPixels as huge:
        raise NotSendable("没有加上：图片的像素太多，请缩小后再加。") from huge
    except pictures.UnreadablePicture as broken:
        raise NotSendable("没有加上：图片打不开，可能已损坏，请换一张。") from broken
    keeps_edges = came_as == "PNG"  # plans and posters, which JPEG would blur
    out = io.BytesIO()
    if keeps_edges:
        bare.save(out, "PNG", optimize=True)
    if not keeps_edges or out.tell() > MAX_BYTES[Kind.IMAGE]:
        keeps_edges, out = False, io.BytesIO()
        bare.save(out, "JPEG", quality=QUALITY, optimize=True)
    suffix, content_type = (".png", "image/png") if keeps_edges else (".jpg", "image/jpeg")
    return Checked(
        Kind.IMAGE, _named(name, suffix), content_type, out.getvalue(), *bare.size
    )  # fmt: skip


def _video(name: str, data: bytes) -> Checked:
    if data[8:12] in (b"heic", b"heix", b"mif1", b"avif"):
        raise NotSendable("没有加上：企业微信不收这种图片，请存成 JPG 或 PNG。")
    if data[8:12] == b"qt  ":
        raise NotSendable("没有加上：企业微信只收 MP4 视频，请转成 MP4。")
    if any(mark in data for mark in PLACES_IN_VIDEO):
        raise NotSendable("没有加上：视频里存着拍摄地点，请用剪辑软件另存一份再加。")
    return Checked(Kind.VIDEO, _named(name, ".mp4"), "video/mp4", data)


def _document(name: str, data: bytes) -> Checked:
    if data.startswith(b"%PDF-"):
        return Checked(Kind.FILE, _named(name, ".pdf"), "application/pdf", data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            inside = set(opened.namelist())
    # What it says of itself may be anything: a version to come, a name in no known encoding.
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error) as broken:
        raise NotSendable("没有加上：文件打不开，可能已损坏，请换一份。") from broken
    if any(part.endswith("vbaProject.bin") for part in inside):
        raise NotSendable("没有加上：文件带宏，群众打开不安全，请另存为不带宏的格式。")
    for part, (suffix, content_type) in OFFICE.items():
        if part in inside:
            return Checked(Kind.FILE, _named(name, suffix), content_type, data)
    raise NotSendable("没有加上：只收 PDF、docx、xlsx、pptx，压缩包请解开后再加。")


def _named(name: str, suffix: str) -> str:
    """The name residents see, ending as its content does."""
    stem = PurePath(name.replace("\\", "/")).name
    for known in (".jpeg", ".jpg", ".png", ".webp", ".mp4", ".pdf", ".docx", ".xlsx", ".pptx"):
        if stem.lower().endswith(known):
            stem = stem[: -len(known)]
            break
    stem = "".join(sign for sign in stem if sign.isprintable() and sign not in '/\\"').strip()
    return f"{stem[:80] or '附件'}{suffix}"
