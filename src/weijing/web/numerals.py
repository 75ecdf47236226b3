"""Numbers, dates and spans as the station house writes them.

Zero is 0, unknown is —, the minus sign is −, the clock has 24 hours.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils import timezone

Number = int | float | Decimal

UNKNOWN = "—"
MINUS = "−"
TEN_THOUSAND = 10_000


def thousands(value: Number | None) -> str:
    """17412 → 17,412; fractions are kept as they are."""
    if value is None:
        return UNKNOWN
    return f"{value:,}".replace("-", MINUS)


def signed(value: Number | None) -> str:
    """1206 → +1,206; −3 → −3; 0 → 0."""
    if value is None:
        return UNKNOWN
    return f"+{value:,}" if float(value) > 0 else thousands(value)


def in_wan(value: Number | None) -> str:
    """For axes and the wall only: 40000 → 4万, 12500 → 1.3万, 9999 → 9,999."""
    if value is None:
        return UNKNOWN
    if abs(float(value)) < TEN_THOUSAND:
        return thousands(value)
    return f"{value / TEN_THOUSAND:.1f}".removesuffix(".0").replace("-", MINUS) + "万"


def percent(value: Number | None) -> str:
    """A percentage, 0–100, with one decimal: 91.64 → 91.6%.

    What is not all of it never reads 100.0%, and what is not nothing never reads 0.0%.
    """
    if value is None:
        return UNKNOWN
    shown = f"{value:.1f}"
    if shown == "100.0" and value < 100:
        shown = "99.9"
    if shown == "0.0" and value > 0:
        shown = "0.1"
    return shown.replace("-", MINUS) + "%"


def share(value: Number | None) -> str:
    """A share, 0.0–1.0, as a percentage with one decimal: 0.916 → 91.6%."""
    return UNKNOWN if value is None else percent(float(value) * 100)


def day(value: date | datetime | None, *, today: date | None = None) -> str:
    """5 月 18 日; with the year when it is not this one."""
    if not value:
        return UNKNOWN
    local = _local(value)
    this_year = (today or timezone.localdate()).year
    year = "" if local.year == this_year else f"{local.year} 年 "
    return f"{year}{local.month} 月 {local.day} 日"


def moment(value: datetime | None) -> str:
    """In running text: 5 月 18 日 15:42."""
    return UNKNOWN if not value else f"{day(value)} {_local(value):%H:%M}"


def minute(value: datetime | date | None) -> str:
    """In tables: 2026-05-18 15:42, or 2026-05-18 for a date."""
    if not value:
        return UNKNOWN
    local = _local(value)
    return f"{local:%Y-%m-%d %H:%M}" if isinstance(local, datetime) else f"{local:%Y-%m-%d}"


def clock_time(value: datetime | None) -> str:
    """15:42."""
    return UNKNOWN if not value else f"{_local(value):%H:%M}"


def lately(value: datetime | None, *, now: datetime | None = None) -> str:
    """In lists: 今天 15:42, 昨天 15:42, otherwise 5 月 16 日 15:42."""
    if not value:
        return UNKNOWN
    days_ago = (timezone.localdate(now) - timezone.localdate(value)).days
    word = {0: "今天", 1: "昨天"}.get(days_ago)
    return f"{word} {_local(value):%H:%M}" if word else moment(value)


def span(value: timedelta | None) -> str:
    """How long: 40 秒, 6 分钟, 2 时 10 分, 3 天 4 时."""
    if value is None:
        return UNKNOWN
    seconds = int(abs(value.total_seconds()))
    minutes, hours = seconds // 60, seconds // 3600
    if not minutes:
        return f"{seconds} 秒"
    if not hours:
        return f"{minutes} 分钟"
    if hours < 24:
        return f"{hours} 时 {minutes % 60} 分"
    return f"{hours // 24} 天 {hours % 24} 时"


def left(value: timedelta) -> str:
    """Until a deadline: 06:12 under an hour, 1 时 41 分 above, 超 12 分 when it has passed."""
    seconds = int(value.total_seconds())
    if seconds < 0:
        over = -seconds // 60
        return f"超 {over} 分" if over < 60 else f"超 {over // 60} 时 {over % 60} 分"
    if seconds < 3600:
        return f"{seconds // 60:02}:{seconds % 60:02}"
    return f"{seconds // 3600} 时 {seconds % 3600 // 60} 分"


def _local(value: date | datetime) -> date | datetime:
    if isinstance(value, datetime) and timezone.is_aware(value):
        return timezone.localtime(value)
    return value
