"""Pictures that carry numbers: hexagons, bars, sparklines."""

import pytest

from tests.web import gallery
from tests.web.markup import Page
from weijing.web.drawing import bars, hexmap, sparkline
from weijing.web.hex_layout import LONGHUI, places, short_name

FULL_NAMES = {"虎形山": "虎形山瑶族乡", "山界": "山界回族乡", "桃花坪": "桃花坪街道"}
TOWNSHIPS = [FULL_NAMES.get(name, f"{name}镇") for name in LONGHUI]


@pytest.mark.parametrize(
    ("name", "short"),
    [("虎形山瑶族乡", "虎形山"), ("桃花坪街道", "桃花坪"), ("高平镇", "高平"), ("镇乡", "镇乡")],
)
def test_a_township_is_called_what_people_call_it(name: str, short: str) -> None:
    assert short_name(name) == short


def test_the_drawn_county_has_its_25_townships_on_25_places() -> None:
    placed = places(TOWNSHIPS, county="430524")
    assert len(set(placed.values())) == 25
    assert placed["虎形山瑶族乡"] == (0, 0)
    assert placed["桃花坪街道"] == (2, 6)


def test_a_township_founded_since_stands_below_the_others() -> None:
    placed = places([*TOWNSHIPS, "新设镇", "又一乡"], county="430524")
    assert len(set(placed.values())) == 27
    assert placed["新设镇"][1] > max(row for _, row in LONGHUI.values())


@pytest.mark.parametrize("count", [0, 1, 2, 13, 60])
def test_any_other_county_gets_a_layout_without_two_on_one_place(count: int) -> None:
    names = [f"乡镇{n}" for n in range(count)]
    placed = places(names, county="431302")
    assert set(placed) == set(names)
    assert len(set(placed.values())) == count


@pytest.mark.parametrize(
    ("value", "step"),
    [(0, 1), (79.9, 1), (80, 2), (89.9, 3), (90, 4), (95, 5), (100, 5), (None, None)],
)
def test_coverage_falls_into_five_steps_or_is_unknown(
    value: float | None, step: int | None
) -> None:
    assert hexmap.step_of(value) == step


def test_hexagons_print_their_numbers_and_mark_the_lowest_by_shape_too() -> None:
    townships = gallery.content()["townships"]
    page = Page(gallery.render("{% hexmap townships %}", townships=townships))
    assert [text.text for text in page.all("text", of="hex__value")] == ["78.4", "86.7", "—"]
    assert [text.text for text in page.all("text", of="hex__name")] == ["虎形山", "小沙江", "滩头"]
    flagged = [flag.ancestors[-1] for flag in page.all("path", of="hex__flag")]
    assert [hexagon["href"] for hexagon in flagged] == ["/desk/grids/1/"]
    assert "示意布局，非行政区划图" in page.all("figcaption")[0].text
    summary = page.all("svg", of="hexmap__map")[0]["aria-label"]
    assert summary == "3 个乡镇街道户覆盖率，最低虎形山瑶族乡 78.4%，最高小沙江镇 86.7%"


def test_hexagons_do_not_overlap_and_stay_inside_the_picture() -> None:
    placed = places(TOWNSHIPS, county="430524")
    drawn = hexmap.draw(
        {"name": name, "col": col, "row": row, "value": 90.0} for name, (col, row) in placed.items()
    )
    corners = [
        tuple(map(float, corner.split(",")))
        for hexagon in drawn.hexagons
        for corner in hexagon.points.split()
    ]
    assert all(0 < x < drawn.width and 0 < y < drawn.height for x, y in corners)
    centres = [(hexagon.x, hexagon.y) for hexagon in drawn.hexagons]
    inner = hexmap.RADIUS * 3**0.5  # two hexagons touch when their centres are this close
    assert all(
        (x1 - x2) ** 2 + (y1 - y2) ** 2 > inner**2
        for n, (x1, y1) in enumerate(centres)
        for x2, y2 in centres[:n]
    )


def test_a_map_of_nothing_is_still_a_map() -> None:
    assert hexmap.draw([]).hexagons == []
    assert "覆盖率未知" in hexmap.draw([{"name": "a", "col": 0, "row": 0, "value": None}]).summary


@pytest.mark.parametrize(
    ("value", "top"),
    [(0, 2), (1, 2), (3, 4), (9, 10), (10, 10), (11, 20), (34066, 40000), (99, 100)],
)
def test_the_axis_ends_on_a_round_number_above_the_peak(value: int, top: int) -> None:
    assert bars.round_top(value) == top


def test_bars_stand_on_zero_and_only_one_is_the_peak() -> None:
    chart = bars.draw([("a", 10), ("b", 20), ("c", 20), ("d", 0)])
    assert all(bar.y + bar.height == bars.BASE for bar in chart.bars)
    assert chart.bars[1].height == 2 * chart.bars[0].height
    assert [bar.peak for bar in chart.bars] == [False, True, False, False]
    assert chart.total == 50


def test_a_day_without_figures_is_not_a_day_of_zero() -> None:
    days = [("5/1", 0), ("5/2", None), ("5/3", 7)]
    page = Page(gallery.render('{% bar_chart days "消息" "条" %}', days=days))
    assert [cell.text for cell in page.all("td")] == ["0 条", "— 条", "7 条"]
    assert len(page.all("rect", of="chart__unknown")) == 1
    assert page.all("svg", of="chart__plot")[0]["aria-label"] == "消息，合计 7 条"


@pytest.mark.parametrize("days", [[], [("5/1", None)], [("5/1", 0)]])
def test_a_chart_without_numbers_is_drawn_all_the_same(days: list[tuple[str, int | None]]) -> None:
    assert bars.draw(days).total == 0


def test_a_trend_of_one_value_has_no_shape_and_a_flat_one_is_level() -> None:
    assert sparkline.draw([5]) is None
    flat = sparkline.draw([5, 5, 5])
    assert flat is not None
    assert flat.line == "M2.0 18.0 L64.0 18.0 L126.0 18.0"
