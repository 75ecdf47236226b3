"""Answering with something to print: an SVG or a PDF under a name that people can read."""

from urllib.parse import quote

from django.http import HttpResponse

from weijing.residents.printing.drawing import Drawing
from weijing.residents.printing.pdf import pdf
from weijing.residents.printing.svg import svg

KINDS = {"svg": "image/svg+xml", "pdf": "application/pdf"}


def printed(drawing: Drawing, kind: str, *, inline: bool = False) -> HttpResponse:
    """`kind` is a key of `KINDS`; `inline` shows it on a page instead of saving it."""
    content = svg(drawing) if kind == "svg" else pdf([drawing], title=drawing.title)
    return named(content, KINDS[kind], f"{drawing.title}.{kind}", inline=inline)


def named(
    content: bytes | str, content_type: str, name: str, *, inline: bool = False
) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    how = "inline" if inline else "attachment"
    response["Content-Disposition"] = f"{how}; filename*=UTF-8''{quote(name)}"
    return response
