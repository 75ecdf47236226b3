"""Working days of mainland China: deadlines of the law are counted in them.

The State Council announces each year's holidays only in the autumn before. For years the package
does not know yet, the days that the regulation itself names are off (`days_off.csv`), and the
moved weekends are not: a deadline then comes out early rather than late.
"""

import csv
from datetime import date, timedelta
from functools import cache
from importlib import resources

import chinese_calendar

NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
}


def is_working_day(day: date) -> bool:
    """An announced change wins, then the package's calendar, then the weekend."""
    if day in _changed():
        return not _changed()[day]
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # a year that has not been announced
        return day.weekday() < 5


def holiday(day: date) -> str:
    """The name of the public holiday whose days off this is one of; empty on other days.

    A weekend that belongs to none is no holiday, a moved working day is none either.
    """
    if day in _changed():
        return _changed()[day]
    try:
        is_off, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:  # a year that has not been announced
        return ""
    return NAMES.get(name, "公众") if is_off and name else ""


def after(day: date, working_days: int) -> date:
    """The last day of a term of so many working days; the day itself does not count."""
    while working_days > 0:
        day += timedelta(days=1)
        working_days -= is_working_day(day)
    return day


@cache
def _changed() -> dict[date, str]:
    """Our own table: the day, and the holiday's name; empty when it is worked."""
    text = (resources.files("weijing.core") / "data" / "days_off.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {
        date.fromisoformat(row["day"]): "" if row["kind"] == "work" else row["name"] for row in rows
    }
