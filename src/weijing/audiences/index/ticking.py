"""Keeping the index of a web process current while nobody asks, so that nobody waits for it.

A question is exact without this. But after an import of the night its first one would bring the
index up to date for all of it, and the first of a new process would read the whole of it.
"""

import threading
import time

from django.db import DatabaseError, connection, connections

from weijing.audiences.index import keeping
from weijing.audiences.index.catching_up import NotThePrimary
from weijing.core.logs import log
from weijing.territory.models import County

EVERY_SECONDS = 1.0
AFTER_A_FAILURE_SECONDS = 10.0


def start() -> None:
    """One thread for this process; it ends with the process."""
    threading.Thread(target=_tick_for_ever, name="audience-index", daemon=True).start()


def tick() -> None:
    """Bring the index of every county up to date."""
    for county_id in County.objects.values_list("pk", flat=True):
        with keeping.current(county_id):
            pass


def _tick_for_ever() -> None:
    while True:
        try:
            tick()
            time.sleep(EVERY_SECONDS)
        except (DatabaseError, OSError, NotThePrimary) as error:
            log.warning("audience_index.not_current", error_type=type(error).__name__)
            connections.close_all()
            time.sleep(AFTER_A_FAILURE_SECONDS)
        finally:
            connection.close_if_unusable_or_obsolete()
