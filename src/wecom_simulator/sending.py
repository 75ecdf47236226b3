"""What happens at the member's tap: each customer gets the message, or why not."""

import sqlite3

from wecom_simulator import quotas
from wecom_simulator.relations import MUTUAL
from wecom_simulator.world import World

NOT_SENT, SENT, NOT_A_FRIEND, OVER_QUOTA = range(4)


class NothingToSend(ValueError):
    """The task is not there for this member, or no longer."""


def pending(world: World, member: int) -> list[sqlite3.Row]:
    """Messages that wait for this member's tap, the oldest first."""
    return world.store.all(
        "SELECT mass_message.*, mass_task.opened_at, mass_task.ignored_at, "
        "(SELECT count(*) FROM mass_recipient r WHERE r.message = mass_message.id "
        " AND r.member = mass_task.member) AS recipients "
        "FROM mass_task JOIN mass_message ON mass_message.id = mass_task.message "
        "WHERE member = ? AND send_time IS NULL AND cancelled_at IS NULL AND ready_at <= ? "
        "ORDER BY mass_message.id",
        member,
        world.now(),
    )


def confirm(
    world: World, member: int, msgid: str, *, only: set[int] | None = None
) -> dict[int, int]:
    """Send the member's share; how many recipients ended in which status.

    `only` are the persons left after the member's selection; the others stay unsent.
    Raises `NothingToSend`, `ValueError` for a selection where none is allowed.
    """
    message = next((row for row in pending(world, member) if row["msgid"] == msgid), None)
    if message is None:
        raise NothingToSend(msgid)
    if only is not None and not message["allow_select"]:
        raise ValueError("the message does not allow a selection")
    now = world.now()
    rows = world.store.all(
        "SELECT r.person, coalesce(relation.state, 0) AS state FROM mass_recipient r "
        "LEFT JOIN relation ON relation.member = r.member AND relation.person = r.person "
        "WHERE r.message = ? AND r.member = ?",
        message["id"],
        member,
    )
    chosen = [row for row in rows if only is None or row["person"] in only]
    full = quotas.exhausted(world, [row["person"] for row in chosen])
    results = {
        row["person"]: NOT_A_FRIEND
        if row["state"] != MUTUAL
        else OVER_QUOTA
        if row["person"] in full
        else SENT
        for row in chosen
    }
    world.store.many(
        "UPDATE mass_recipient SET status = ?, send_time = ? "
        "WHERE message = ? AND member = ? AND person = ?",
        [(status, now, message["id"], member, person) for person, status in results.items()],
    )
    world.store.run(
        "UPDATE mass_task SET send_time = ? WHERE message = ? AND member = ?",
        now,
        message["id"],
        member,
    )
    counts = {SENT: 0, NOT_A_FRIEND: 0, OVER_QUOTA: 0}
    for status in results.values():
        counts[status] += 1
    return counts
