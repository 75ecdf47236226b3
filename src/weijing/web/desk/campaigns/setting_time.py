"""The moment in a form: what the browser's field sends, and which moments it may offer."""

from datetime import datetime, timedelta
from typing import Any

from weijing.campaigns.ordering import hours
from weijing.campaigns.ordering.scheduling import FURTHEST, BadTime
from weijing.core.clock import COUNTY_TIME

FIELD = "%Y-%m-%dT%H:%M"  # of <input type="datetime-local">
AHEAD = timedelta(hours=1)


def read(text: str) -> datetime:
    """In the county's time. Raises `BadTime`."""
    try:
        return datetime.strptime(text.strip()[:16], FIELD).replace(tzinfo=COUNTY_TIME)
    except ValueError as wrong:
        raise BadTime("请选一个日期和时间，还没有定下。") from wrong


def shown(typed: str, *, at: datetime) -> dict[str, Any]:
    """What the field holds and allows; the next good full hour unless something was typed."""
    full = (at + AHEAD).replace(minute=0, second=0, microsecond=0)
    return {
        "value": typed or local(hours.next_open(full)),
        "earliest": local(at),
        "latest": local(at + FURTHEST),
        "why_not_now": hours.why_not(at),
    }


def local(at: datetime) -> str:
    """As the field holds it."""
    return at.astimezone(COUNTY_TIME).strftime(FIELD)
