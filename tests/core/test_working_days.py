"""Deadlines in working days, known years and years to come."""

from datetime import date, timedelta

import pytest

from weijing.core import working_days


@pytest.mark.parametrize(
    ("day", "is_worked"),
    [
        (date(2026, 10, 1), False),  # announced holiday
        (date(2026, 10, 10), True),  # announced: a Saturday that is worked
        (date(2026, 11, 21), False),  # plain Saturday
        (date(2026, 11, 24), True),
        (date(2027, 1, 1), False),  # a Friday of a year not announced yet
        (date(2027, 1, 4), True),
        (date(2027, 1, 9), False),
        (date(2031, 3, 4), True),  # years that nothing is known of: weekends
        (date(2031, 3, 8), False),
    ],
)
def test_what_is_a_working_day(day: date, is_worked: bool) -> None:
    assert working_days.is_working_day(day) is is_worked


def test_the_day_itself_does_not_count_and_the_last_day_is_worked() -> None:
    assert working_days.after(date(2026, 11, 24), 15) == date(2026, 12, 15)
    assert working_days.after(date(2026, 12, 21), 15) == date(2027, 1, 12)  # over new year


def test_a_term_never_ends_on_a_day_off() -> None:
    for offset in range(60):
        end = working_days.after(date(2026, 12, 1) + timedelta(days=offset), 15)
        assert working_days.is_working_day(end)
