"""The one place that asks what time it is. Use cases take `at`; only edges call this."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

COUNTY_TIME = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """Now, in UTC, aware."""
    return timezone.now()


def today() -> date:
    """The natural day that residents and officers live in."""
    return local_day(now())


def local_day(at: datetime) -> date:
    return at.astimezone(COUNTY_TIME).date()


def years_before(day: date, years: int) -> date:
    """The latest birthday of those who are that many full years old on the day."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February of a year that has none: 28 February is the last before
        return date(day.year - years, 3, 1) - timedelta(days=1)
