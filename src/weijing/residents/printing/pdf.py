"""Drawings as the pages of one PDF. Chinese is set in a font that every viewer brings."""

import io
from collections.abc import Callable, Iterable
from functools import lru_cache

from reportlab import rl_config
from reportlab.lib.colors import HexColor, black
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from weijing.residents.printing.codes import dark_runs
from weijing.residents.printing.drawing import Box, Code, Drawing, Item, Picture, Text
from weijing.residents.printing.measuring import font_of, printable, width

rl_config.useA85 = 0  # PDFs travel as bytes; as letters they take a third more time and room
EMBOLDENED = 0.028  # of the size: the font has one weight, a thin outline makes another


def pdf(
    drawings: Iterable[Drawing], *, title: str, each: Callable[[int], None] = lambda done: None
) -> bytes:
    """One page per drawing, in its own size. `each` hears how many pages are done."""
    content = io.BytesIO()
    canvas = Canvas(content, pageCompression=1)
    canvas.setTitle(title)
    for number, drawing in enumerate(drawings, start=1):
        canvas.setPageSize((drawing.width * mm, drawing.height * mm))
        for item in drawing.items:
            _draw(canvas, item, drawing.height)
        canvas.showPage()
        each(number)
    canvas.save()
    return content.getvalue()


def _draw(canvas: Canvas, item: Item, height: float) -> None:
    match item:
        case Text():
            _write(canvas, item, height)
        case Box():
            canvas.setLineWidth(item.line * mm)
            canvas.setStrokeColor(HexColor(item.colour))
            canvas.setFillColor(HexColor(item.fill or "#FFFFFF"))
            canvas.rect(
                item.x * mm, (height - item.y - item.height) * mm, item.width * mm,
                item.height * mm, stroke=int(not item.fill), fill=int(bool(item.fill)),
            )  # fmt: skip
        case Picture():
            canvas.drawImage(
                _opened(item.content), item.x * mm,
                (height - item.y - item.side) * mm, item.side * mm, item.side * mm,
            )  # fmt: skip
        case Code():
            _code(canvas, item, height)


def _write(canvas: Canvas, item: Text, height: float) -> None:
    font = font_of(item.words, bold=item.bold)
    back = {"start": 0.0, "middle": 0.5, "end": 1.0}[item.align]
    x = item.x - back * width(item.words, item.size, bold=item.bold)
    words = canvas.beginText(x * mm, (height - item.y) * mm)
    words.setFont(font, item.size * mm)
    words.setFillColor(HexColor(item.colour))
    if item.bold and not item.words.isascii():
        canvas.setLineWidth(item.size * EMBOLDENED * mm)
        canvas.setStrokeColor(HexColor(item.colour))
        words.setTextRenderMode(2)
    words.textOut(printable(item.words))
    words.setTextRenderMode(0)
    canvas.drawText(words)


def _code(canvas: Canvas, item: Code, height: float) -> None:
    across, bars = dark_runs(item.holds)
    side = item.side / across
    canvas.setFillColor(black)
    squares = canvas.beginPath()
    for x, y, long in bars:
        left, low = item.x + x * side, height - item.y - (y + 1) * side
        squares.rect(left * mm, low * mm, long * side * mm, side * mm)
    canvas.drawPath(squares, stroke=0, fill=1)


@lru_cache(maxsize=2)
def _opened(content: bytes) -> ImageReader:
    """Ten cards of a sheet bear the same picture."""
    return ImageReader(io.BytesIO(content))
