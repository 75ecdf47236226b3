"""The line by day: round marks around the values, and no line through a day nobody counted."""

import pytest

from weijing.web.drawing import lines


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (88.2, 91.6, [88, 90, 92]),
        (91.6, 91.6, [91.6, 91.7]),
        (100.0, 100.0, [99.9, 100.0]),
        (0.0, 100.0, [0, 25, 50, 75, 100]),
        (99.95, 100.0, [99.9, 100.0]),
    ],
)
def test_marks_are_round_and_hold_the_values(low, high, marks):
    found = lines.axis(low, high)
    assert found == marks
    assert found[0] <= low
    assert high <= found[-1] <= 100


def test_a_day_without_a_figure_interrupts_the_line():
    drawn = lines.draw([("1", 80.0), ("2", 81.0), ("3", None), ("4", 82.0)])
    assert len(drawn.paths) == 1
    assert drawn.paths[0].count("L") == 1
    assert [point.label for point in drawn.alone] == ["4"]
    assert drawn.last.value == 82.0


def test_more_is_higher():
    drawn = lines.draw([("1", 80.0), ("2", 85.0)])
    assert drawn.points[0].y > drawn.points[1].y


def test_nothing_known_draws_nothing():
    drawn = lines.draw([("1", None)])
    assert drawn.paths == []
    assert drawn.last is None
