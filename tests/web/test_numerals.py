"""Zero is 0, unknown is —, the minus is −, and rounding never claims all or nothing."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from weijing.web import numerals

AT = datetime(2026, 5, 18, 7, 42, tzinfo=UTC)  # 15:42 in the county


@pytest.mark.parametrize(
    ("value", "shown"),
    [(17412, "17,412"), (0, "0"), (None, "—"), (-2444, "−2,444"), (Decimal("1234.5"), "1,234.5")],
)
def test_thousands(value: numerals.Number | None, shown: str) -> None:
    assert numerals.thousands(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(1206, "+1,206"), (0, "0"), (-3, "−3"), (None, "—")])
def test_a_change_carries_its_sign(value: int | None, shown: str) -> None:
    assert numerals.signed(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(9999, "9,999"), (40000, "4万"), (12500, "1.2万"), (753218, "75.3万"), (None, "—")],
)
def test_ten_thousands_on_axes(value: int | None, shown: str) -> None:
    assert numerals.in_wan(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (91.64, "91.6%"),
        (100, "100.0%"),
        (99.97, "99.9%"),
        (0, "0.0%"),
        (0.01, "0.1%"),
        (-15.1, "−15.1%"),
    ],
)
def test_a_percentage_claims_all_or_nothing_only_when_it_is(value: float, shown: str) -> None:
    assert numerals.percent(value) == shown


def test_a_share_is_a_percentage() -> None:
    assert numerals.share(0.916) == "91.6%"
    assert numerals.share(None) == "—"


def test_dates_in_text_tables_and_lists() -> None:
    assert numerals.day(AT, today=date(2026, 11, 24)) == "5 月 18 日"
    assert numerals.day(AT, today=date(2027, 1, 1)) == "2026 年 5 月 18 日"
    assert numerals.minute(AT) == "2026-05-18 15:42"
    assert numerals.minute(date(2026, 5, 18)) == "2026-05-18"
    assert numerals.clock_time(AT) == "15:42"
    assert numerals.day(None) == numerals.moment(None) == numerals.minute(None) == "—"


def test_lists_say_today_and_yesterday_by_the_county_clock() -> None:
    just_after_midnight = datetime(2026, 5, 18, 16, 1, tzinfo=UTC)  # 00:01 on the 19th
    assert numerals.lately(AT, now=AT + timedelta(hours=1)) == "今天 15:42"
    assert numerals.lately(AT, now=just_after_midnight) == "昨天 15:42"
    assert numerals.lately(AT, now=AT + timedelta(days=2)).endswith("5 月 18 日 15:42")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(40, "40 秒"), (360, "6 分钟"), (7800, "2 时 10 分"), (273600, "3 天 4 时"), (0, "0 秒")],
)
def test_spans(seconds: int, shown: str) -> None:
    assert numerals.span(timedelta(seconds=seconds)) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (372, "06:12"),
        (6060, "1 时 41 分"),
        (-750, "超 12 分"),
        (-3660, "超 1 时 1 分"),
        (0, "00:00"),
    ],
)
def test_time_left_counts_down_and_then_over(seconds: int, shown: str) -> None:
    assert numerals.left(timedelta(seconds=seconds)) == shown
