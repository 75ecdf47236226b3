"""The one place that asks what time it is. Use cases take `at`; only edges call this."""

from datetime import date, datetime
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
