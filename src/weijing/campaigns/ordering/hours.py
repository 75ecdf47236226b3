"""When a message may come: not at night, not on holidays."""

from datetime import datetime, time, timedelta

from weijing.core.clock import COUNTY_TIME
from weijing.core.errors import DomainError
from weijing.core.working_days import holiday

OPENS, CLOSES = time(8), time(21)


class QuietTime(DomainError):
    """People are asleep, or celebrate."""


def why_not(at: datetime) -> str:
    """Why nothing is sent at this moment, in words; empty when it may be."""
    local = at.astimezone(COUNTY_TIME)
    if not OPENS <= local.time() < CLOSES:
        return "晚上 9 点到早上 8 点不打扰群众"
    if name := holiday(local.date()):
        return f"{local.month} 月 {local.day} 日是{name}假期，不打扰群众"
    return ""


def check(at: datetime) -> None:
    """Raises `QuietTime`, with the next moment at which it may be sent."""
    if why := why_not(at):
        following = f"{next_open(at).astimezone(COUNTY_TIME):%m 月 %d 日 %H:%M}"
        raise QuietTime(f"{why}，还没有定下。最早可以定在 {following}。")


def next_open(at: datetime) -> datetime:
    """The same moment if it is a good one; else when the next good hours begin."""
    if not why_not(at):
        return at
    day = at.astimezone(COUNTY_TIME)
    if day.time() >= OPENS:
        day += timedelta(days=1)
    morning = datetime.combine(day.date(), OPENS, COUNTY_TIME)
    while holiday(morning.date()):
        morning += timedelta(days=1)
    return morning
