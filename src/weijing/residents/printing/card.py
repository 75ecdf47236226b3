"""An officer's card, 90 × 54 mm, and ten of them on a sheet of A4 to be cut."""

from weijing.residents.printing import measuring, saying
from weijing.residents.printing.drawing import (
    BLUE,
    GREY,
    RED,
    Box,
    Drawing,
    Item,
    Picture,
    Text,
    moved,
)
from weijing.residents.printing.measuring import fitting, small_print, width
from weijing.residents.printing.saying import Saying

WIDTH, HEIGHT = 90.0, 54.0
A4 = (210.0, 297.0)
COLUMNS, ROWS = 2, 5
MARK, HAIR = 4.0, 0.15  # crop marks
SIDE = 35.0
RIGHT, ROOM = 44.0, 42.0
SMALL_ROOM = 37.5  # Latin letters are wider in the fonts of screens than in that of the PDF
FOR = "反诈提醒 · 纠纷调解 · 隐患上报 · 办事咨询"


def card(one: Saying) -> Drawing:
    return Drawing(WIDTH, HEIGHT, f"{one.name} 的名片", tuple(_left(one) + _right(one)))


def sheet(one: Saying) -> Drawing:
    """Cards edge to edge, with marks outside of them to cut along."""
    left, top = (A4[0] - COLUMNS * WIDTH) / 2, (A4[1] - ROWS * HEIGHT) / 2
    items: list[Item] = []
    single = card(one).items
    for column in range(COLUMNS):
        for row in range(ROWS):
            items += moved(single, left + column * WIDTH, top + row * HEIGHT)
    for column in range(COLUMNS + 1):
        for y in (top - MARK - 1, top + ROWS * HEIGHT + 1):
            items.append(_mark(left + column * WIDTH, y, HAIR, MARK))
    for row in range(ROWS + 1):
        for x in (left - MARK - 1, left + COLUMNS * WIDTH + 1):
            items.append(_mark(x, top + row * HEIGHT, MARK, HAIR))
    return Drawing(*A4, f"{one.name} 的名片，10 张", tuple(items))


def _left(one: Saying) -> list[Item]:
    x, y = 5.0, 6.0
    middle = x + SIDE / 2
    return [
        Picture(x, y, SIDE, one.picture, one.kind, "加好友的二维码"),
        Text(middle, y + SIDE + 4.2, 3.0, "微信扫一扫，加我为好友", bold=True, align="middle"),
        Text(middle, y + SIDE + 8.6, 3.4, saying.URGENT + " 110", colour=RED, bold=True,
             align="middle"),
    ]  # fmt: skip


def _right(one: Saying) -> list[Item]:
    name_size = fitting(one.name, 6.4, ROOM - 10, bold=True)
    name_width = width(one.name, name_size, bold=True)
    return [
        Text(RIGHT, 9.2, fitting(one.bureau, 3.1, ROOM), one.bureau, colour=BLUE, bold=True),
        Text(RIGHT, 17.6, name_size, one.name, bold=True),
        Text(RIGHT + name_width + 1.8, 17.6, 3.0, one.rank, colour=GREY),
        Text(RIGHT, 22.8, fitting(one.station, 3.1, ROOM), one.station),
        *_grid(one),
        Box(RIGHT, 29.6, ROOM, 0.2, fill=BLUE),
        *measuring.paragraph(FOR, RIGHT, 33.0, 2.05, ROOM),
        *small_print(saying.PRIVACY, RIGHT, 36.8, 2.05, SMALL_ROOM),
        *small_print(_how_to_check(one), RIGHT, 43.6, 2.05, SMALL_ROOM),
    ]


def _how_to_check(one: Saying) -> str:
    """In three lines: a long address leaves no room for the rest."""
    full = saying.how_to_check(one)
    fits = len(measuring.lines(full, 2.05, SMALL_ROOM)) <= 3
    return full if fits else full.removesuffix(saying.NEVER)


def _grid(one: Saying) -> list[Item]:
    if not one.grid:
        return []
    words = f"负责{one.grid}"
    return [Text(RIGHT, 27.4, fitting(words, 3.1, ROOM), words)]


def _mark(x: float, y: float, across: float, down: float) -> Box:
    return Box(x - (HAIR / 2 if across == HAIR else 0), y - (HAIR / 2 if down == HAIR else 0),
               across, down, fill="#000000")  # fmt: skip
