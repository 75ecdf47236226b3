"""How wide words are on paper, and how they are broken into lines."""

from functools import cache

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont

from weijing.residents.printing.drawing import GREY, INK, Text

# Every viewer brings a font for it: none has to be found, licensed and carried along.
CHINESE = "STSong-Light"
LATIN, LATIN_BOLD = "Helvetica", "Helvetica-Bold"
NOT_AT_THE_START = "，。；：、！？）」·"
MISSING = "〓"  # what Chinese printers set for a character that they do not have


@cache
def _registered() -> str:
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
    return CHINESE


def font_of(words: str, *, bold: bool) -> str:
    if words.isascii():
        return LATIN_BOLD if bold else LATIN
    return _registered()


def width(words: str, size: float, *, bold: bool = False) -> float:
    """In the unit of `size`."""
    return float(pdfmetrics.stringWidth(printable(words), font_of(words, bold=bold), size))


def printable(words: str) -> str:
    """Characters beyond the font's collection (Adobe-GB1: GB 18030 of 2000) become 〓."""
    return "".join(letter if has(letter) else MISSING for letter in words)


def has(letter: str) -> bool:
    number = ord(letter)
    return number >= 0x20 and number <= 0xFFFF and not 0x9FA6 <= number <= 0x9FFF


def fitting(words: str, size: float, room: float, *, bold: bool = False) -> float:
    """`size`, or as much less as the words need to fit into `room`."""
    needed = width(words, size, bold=bold)
    return size if needed <= room else size * room / needed


def lines(words: str, size: float, room: float) -> list[str]:
    """Broken anywhere between Chinese signs, never before a comma, nor inside a Latin word."""
    found, line = [], ""
    for piece in _pieces(words):
        if line and width(line + piece, size) > room and piece not in NOT_AT_THE_START:
            found.append(line.rstrip())
            line = ""
        line += piece if line or piece != " " else ""
    return [*found, line] if line else found


def paragraph(
    words: str, x: float, y: float, size: float, room: float, *, colour: str = INK,
    bold: bool = False, leading: float = 1.5,
) -> list[Text]:  # fmt: skip
    """As many lines as it takes, the first with its baseline at `y`; long words set smaller."""
    return [
        Text(x, y + number * size * leading, fitting(line, size, room), line, colour=colour,
             bold=bold)
        for number, line in enumerate(lines(words, size, room))
    ]  # fmt: skip


def small_print(words: str, x: float, y: float, size: float, room: float) -> list[Text]:
    return paragraph(words, x, y, size, room, colour=GREY)


def _pieces(words: str) -> list[str]:
    pieces: list[str] = []
    for letter in words:
        joins = letter.isascii() and letter != " "
        if joins and pieces and pieces[-1][-1].isascii() and pieces[-1] != " ":
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces
