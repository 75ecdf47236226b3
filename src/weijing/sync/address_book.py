"""Reading the address book as a run that the pages can show."""

from collections.abc import Callable
from datetime import datetime

from wecom_api import WeCom, WeComError
from weijing.core import clock
from weijing.sync import departments, runs
from weijing.sync.departments import Changes, TooManyLeft
from weijing.sync.models import SyncRun


def read_address_book(
    county_id: int,
    wecom: WeCom,
    *,
    now: Callable[[], datetime] = clock.now,
    many_may_leave: bool = False,
) -> Changes:
    """Raises `wecom_api.WeComError`, `departments.TooManyLeft`; nothing is changed then."""
    run = runs.begin(county_id, SyncRun.Kind.DEPARTMENTS, at=now())
    try:
        book = departments.read(wecom)
        changes = departments.take_over(county_id, book, at=now(), many_may_leave=many_may_leave)
    except (WeComError, TooManyLeft) as error:
        runs.note_failure(run, error)
        raise
    run.progress = {
        "departments": len(book.departments),
        "members": len(book.members),
        "stations_changed": changes.stations,
        "created": len(changes.created),
        "changed": len(changes.changed),
        "left": changes.left,  # their contacts and open work wait for a handover
        "returned": len(changes.returned),
    }
    runs.finish(run, at=now())
    return changes
