"""Chats between member and resident. The API never shows them; it routes and counts by them."""

import json
import sqlite3

from wecom_simulator import behaviour
from wecom_simulator.calls import JSON
from wecom_simulator.friendships import NotPossible, find
from wecom_simulator.relations import HALF, MUTUAL
from wecom_simulator.world import World

SAID, HEARD = "said", "heard"


def write(
    world: World, member: sqlite3.Row, person: sqlite3.Row, *, by_member: bool, text: str
) -> JSON:
    """One message. Updates who chatted last and the member's figures of the day."""
    relation = find(world, member, person)
    if relation is None or relation["state"] not in (HALF, MUTUAL):
        raise NotPossible("the two cannot write to each other")
    pair = (member["id"], person["id"])
    now, today = world.now(), world.clock.midnight()
    first_today = (relation["last_chat_at"] or 0) < today
    last = world.store.one(
        "SELECT * FROM chat WHERE member = ? AND person = ? AND kind <> 'welcome' "
        "ORDER BY id DESC LIMIT 1",
        *pair,
    )
    # A chat counts on the day on which the member says something in it (doc 92132).
    opens = by_member and not _said_since(world, pair, today)
    figures: dict[str, float] = {"chat": int(opens), "message": int(by_member)}
    if not by_member:
        figures["asked"] = int(first_today)
    elif opens and last is not None and last["kind"] == HEARD:
        figures |= {"replied": 1, "reply_minutes": (now - last["at"]) / 60}
    behaviour.count(world, member["id"], **figures)
    world.store.run(
        "INSERT INTO chat (member, person, kind, content, at) VALUES (?,?,?,?,?)",
        *pair,
        SAID if by_member else HEARD,
        json.dumps({"text": text}, ensure_ascii=False),
        now,
    )
    world.store.run(
        "UPDATE relation SET last_chat_at = ? WHERE member = ? AND person = ?", now, *pair
    )
    return {"at": now}


def _said_since(world: World, pair: tuple[int, int], since: float) -> bool:
    return bool(
        world.store.value(
            "SELECT 1 FROM chat WHERE member = ? AND person = ? AND kind = 'said' AND at >= ?",
            *pair,
            since,
        )
    )
