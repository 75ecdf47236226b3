"""When to look at a share again."""

import random
from datetime import datetime, timedelta

from weijing.campaigns.models import Share
from weijing.core.env import environment

PARK_AFTER = 5  # failures; then a person sees it, and it is tried more rarely
PARKED = timedelta(minutes=5)
SHORTEST_POLL = timedelta(seconds=5)
LONGEST_POLL = timedelta(minutes=10)
STILL_DISPATCHING = timedelta(seconds=10)

# From the intent on: no request leaves after it, whatever happened to the worker.
SEND_WITHIN = timedelta(seconds=20)


def after_failure(failures: int, *, at: datetime) -> datetime:
    """4, 8, 16, 32 seconds, then every five minutes; never all shares in the same second."""
    if failures >= PARK_AFTER:
        return at + PARKED * random.uniform(0.9, 1.1)  # noqa: S311 - spreads load
    return at + timedelta(seconds=2 ** (failures + 1) * random.uniform(0.5, 1.0))  # noqa: S311


def next_poll(since: datetime, *, at: datetime) -> datetime:
    """A tenth of the time waited so far: early answers are seen early, late ones cheaply."""
    wait = (at - since) / 10
    return at + min(max(wait, SHORTEST_POLL), LONGEST_POLL)


def first_look(share: Share) -> datetime:
    """When WeCom's list must show a task of this share's last attempt, if there is one.

    The last moment the request may have left, the time an answer may take, and the list's lag.
    """
    assert share.deadline_at is not None
    return share.deadline_at + doubt_lasts()


def doubt_lasts() -> timedelta:
    """From the last moment a request may have left until WeCom's list must show what it made."""
    wait = environment().wecom_timeout_seconds + environment().wecom_list_lag_seconds
    return timedelta(seconds=wait)


def between_looks() -> timedelta:
    """Half the list's lag: five minutes in production."""
    return timedelta(seconds=max(1.0, environment().wecom_list_lag_seconds / 2))
