"""What hangs on a message, as lists and previews draw it; and the file itself."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from weijing.campaigns.content import files
from weijing.campaigns.content.models import Attachment, MediaFile

ICONS = {"image": "image", "video": "camera", "file": "doc", "link": "link", "miniprogram": "cube"}


@dataclass(frozen=True, slots=True)
class Shown:
    pk: int
    kind: str
    kind_word: str
    icon: str
    name: str
    note: str  # size, host, or page
    description: str
    url: str  # of the file on our pages, or where a link leads
    problem: str


def shown(rows: Iterable[Attachment], url_of: Callable[[Attachment], str]) -> list[Shown]:
    return [
        Shown(
            pk=row.pk,
            kind=row.kind,
            kind_word=row.get_kind_display(),
            icon=ICONS[row.kind],
            name=row.title or (row.file.name if row.file else ""),
            note=_note(row),
            description=row.description,
            url=url_of(row) if row.file else row.url,
            problem=row.file.problem if row.file else "",
        )
        for row in rows
    ]


def _note(row: Attachment) -> str:
    if row.kind == Attachment.Kind.LINK:
        return urlsplit(row.url).netloc
    if row.kind == Attachment.Kind.MINIPROGRAM:
        return f"小程序 {row.appid}"
    assert row.file is not None
    return size_words(row.file.size_bytes)


def size_words(size_bytes: int) -> str:
    if size_bytes < 1024 * 1024:
        return f"{max(1, round(size_bytes / 1024))} KB"
    return f"{size_bytes / 1024 / 1024:.1f} MB"


def file_answer(file: MediaFile) -> HttpResponse:
    """The bytes; only pictures are shown in place, the rest is saved."""
    answer = HttpResponse(files.content(file), content_type=file.content_type)
    is_saved = file.kind != MediaFile.Kind.IMAGE
    answer["Content-Disposition"] = content_disposition_header(is_saved, file.name) or ""
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
