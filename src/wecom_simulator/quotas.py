"""How many mass messages one customer may get (doc 92135; wordings of other years are modes)."""

import json
from calendar import monthrange
from datetime import datetime, timedelta

from wecom_simulator.clock import CHINA
from wecom_simulator.routing import Addressed
from wecom_simulator.world import World


def window(world: World) -> tuple[float, int]:
    """Where the running window began, and how many messages a customer may get in it."""
    today = datetime.fromtimestamp(world.now(), CHINA).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    mode = world.settings.quota_mode
    if mode == "day":
        return today.timestamp(), 1
    if mode == "week":
        return (today - timedelta(days=today.weekday())).timestamp(), 7
    month = today.replace(day=1)
    days = monthrange(today.year, today.month)[1]
    return month.timestamp(), 4 if mode == "legacy" else days


def exhausted(world: World, persons: list[int]) -> set[int]:
    """Those who got all they may, from corp and members together."""
    since, cap = window(world)
    rows = world.store.all(
        "SELECT person FROM mass_recipient WHERE status = 1 AND send_time >= ? "
        "AND person IN (SELECT value FROM json_each(?)) GROUP BY person HAVING count(*) >= ?",
        since,
        json.dumps(persons),
        cap,
    )
    return {row[0] for row in rows}


def without_exhausted(world: World, addressed: Addressed) -> Addressed:
    """The same with the exhausted among the failed."""
    out = exhausted(world, [person for _, person in addressed.pairs])
    names = world.store.all(
        "SELECT external_userid FROM person WHERE id IN (SELECT value FROM json_each(?))",
        json.dumps(sorted(out)),
    )
    return Addressed(
        [pair for pair in addressed.pairs if pair[1] not in out],
        addressed.failed + [row[0] for row in names],
    )
