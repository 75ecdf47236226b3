"""What members did with their customers, per day (联系客户统计, doc 92132)."""

import json

from wecom_simulator.calls import JSON, Call, api
from wecom_simulator.clock import midnight_of
from wecom_simulator.refusals import Refused
from wecom_simulator.world import World

COUNTS = (
    "new_apply",
    "new_contact",
    "chat",
    "message",
    "asked",
    "replied",
    "reply_minutes",
    "negative",
)
DAY = 86_400


@api("externalcontact/get_user_behavior_data", customer_contact=True, empty={"behavior_data": []})
def get_user_behavior_data(call: Call) -> JSON:
    """One series, summed over everyone named. Yesterday appears at `behaviour_hour` only."""
    world = call.world
    members = _named(call)
    start, end = call.number("start_time"), call.number("end_time")
    first, last = int(midnight_of(start)), int(midnight_of(end))
    today = int(world.clock.midnight())
    if not start or last < first or last - first > 30 * DAY or first < today - 180 * DAY:
        raise Refused(40058, "start_time, end_time")
    newest = today - DAY
    if world.now() < today + world.settings.behaviour_hour * 3600:
        newest -= DAY
    return {
        "behavior_data": [
            _shown(day, summed(world, members, day))
            for day in range(first, min(last, newest) + 1, DAY)
        ]
    }


def count(world: World, member: int, **more: float) -> None:
    """Add to today's figures of the member; names as in `COUNTS`."""
    day = int(world.clock.midnight())
    world.store.run("INSERT OR IGNORE INTO behaviour (member, day) VALUES (?, ?)", member, day)
    for name, value in more.items():
        if name not in COUNTS:
            raise KeyError(name)
        world.store.run(
            f"UPDATE behaviour SET {name} = {name} + ? WHERE member = ? AND day = ?",  # noqa: S608
            value,
            member,
            day,
        )


def summed(world: World, members: list[int], day: int) -> dict[str, float]:
    columns = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in COUNTS)
    row = world.store.one(
        f"SELECT {columns} FROM behaviour WHERE day = ? "  # noqa: S608
        "AND member IN (SELECT value FROM json_each(?))",
        day,
        json.dumps(members),
    )
    return dict(row) if row is not None else {}


def _named(call: Call) -> list[int]:
    userids = call.strings("userid", at_most=100)
    parties = call.numbers("partyid", at_most=100)
    if not userids and not parties:
        raise Refused(40063, "userid and partyid")
    members = {call.visible_member(userid)["id"] for userid in userids}
    directory = call.world.directory
    if parties:
        inside = {row["id"] for row in directory.members_in(directory.below(set(parties)))}
        members |= inside & directory.visible_members(call.app)
    return sorted(members)


def _shown(day: int, sums: dict[str, float]) -> JSON:
    found: JSON = {
        "stat_time": day,
        "new_apply_cnt": int(sums["new_apply"]),
        "new_contact_cnt": int(sums["new_contact"]),
        "chat_cnt": int(sums["chat"]),
        "message_cnt": int(sums["message"]),
        "negative_feedback_cnt": int(sums["negative"]),
    }
    if sums["asked"]:
        found["reply_percentage"] = round(100 * sums["replied"] / sums["asked"], 2)
    if sums["replied"]:
        found["avg_reply_time"] = round(sums["reply_minutes"] / sums["replied"])
    return found
