"""The vectorised check of ID numbers against an independent one, and against the calendar."""

from datetime import date

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import ric

from tests.residents.rolls import id_number
from weijing.residents.importing import id_numbers

TODAY = date(2026, 11, 24)


def read(*numbers: str | None) -> id_numbers.Read:
    return id_numbers.read(pl.Series(numbers, dtype=pl.String), on=TODAY)


@given(
    st.lists(
        st.one_of(
            st.from_regex(r"[1-6]\d{5}(19|20)\d{2}[01]\d[0-3]\d{4}[\dX]", fullmatch=True),
            st.builds(
                id_number,
                st.integers(0, 999),
                st.dates(date(1900, 1, 1), TODAY).map(lambda day: day.strftime("%Y%m%d")),
                st.just("430524"),
            ),
            st.text(max_size=20),
        ),
        min_size=1,
        max_size=40,
    )
)
@settings(max_examples=300, deadline=None)
def test_it_accepts_exactly_what_the_standard_says(numbers: list[str]) -> None:
    found = read(*numbers)
    for number, reason, born in zip(numbers, found.reason, found.born_on, strict=True):
        try:
            expected = ric.calc_check_digit(number) == number[-1] and len(number) == 18
            expected = expected and number.isascii() and ric.get_birth_date(number) <= TODAY
        except Exception:
            expected = False
        # ric wants a known place; we take any, for places are renamed and old numbers stay.
        assert (reason is None) == expected, number
        assert born == (ric.get_birth_date(number) if expected else None)


def test_every_wrong_digit_is_noticed() -> None:
    right = id_number(123)
    wrong = [
        right[:n] + digit + right[n + 1 :]
        for n in range(18)
        for digit in "0123456789X"
        if digit != right[n]
    ]
    assert None not in read(*wrong).reason.to_list()
    assert read(right).reason.to_list() == [None]


def test_sex_and_birth_come_from_the_number() -> None:
    found = read(id_number(1, born="20000229"), id_number(2), None)
    assert found.sex.to_list() == ["m", "f", None]
    assert found.born_on.to_list() == [date(2000, 2, 29), date(1980, 5, 1), None]
    assert found.reason.to_list() == [None, None, None]


def test_the_calendar_is_kept() -> None:
    bad = ["19000229", "19990431", "20261125", "20261301", "18000101", "20000100"]
    found = read(*[id_number(1, born=born) for born in bad])
    assert found.reason.to_list() == [id_numbers.BAD_BIRTH] * len(bad)


def test_an_empty_column_is_no_trouble() -> None:
    assert read(None, None).reason.to_list() == [None, None]
    assert id_numbers.read(pl.Series([], dtype=pl.String), on=TODAY).reason.len() == 0
