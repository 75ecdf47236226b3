"""The one message that a server may send to a new customer, within seconds (doc 92137)."""

import json

from wecom_simulator.attachments import checked
from wecom_simulator.calls import JSON, Call, api
from wecom_simulator.refusals import Refused
from wecom_simulator.world import World


@api("externalcontact/send_welcome_msg", customer_contact=True)
def send_welcome_msg(call: Call) -> JSON:
    """First app wins: others hear 41096 while it is being delivered and 41051 after."""
    world, now = call.world, call.world.now()
    code = call.required("welcome_code", 41049)
    text, attachments = checked(call)
    row = world.store.one("SELECT * FROM welcome_code WHERE code = ?", code)
    if row is None:
        raise Refused(41050)
    if row["taken_by"] is not None:
        delivered = now >= row["taken_at"] + world.settings.welcome_delivery_seconds
        raise Refused(41051 if delivered or row["taken_by"] == call.agentid else 41096)
    if now > row["issued_at"] + world.settings.welcome_seconds:
        raise Refused(41050)
    if _chat_started(world, row["member"], row["person"], row["issued_at"]):
        raise Refused(41051)
    world.store.run(
        "UPDATE welcome_code SET taken_by = ?, taken_at = ? WHERE code = ?",
        call.agentid,
        now,
        code,
    )
    world.store.run(
        "INSERT INTO chat (member, person, kind, content, at) VALUES (?,?,'welcome',?,?)",
        row["member"],
        row["person"],
        json.dumps({"text": text, "attachments": attachments}, ensure_ascii=False),
        now,
    )
    return {}


def issue(world: World, member: int, person: int) -> str:
    """A code for the event that tells of the new relation."""
    code = world.mint("", 43)
    world.store.run(
        "INSERT INTO welcome_code (code, member, person, issued_at) VALUES (?,?,?,?)",
        code,
        member,
        person,
        world.now(),
    )
    return code


def _chat_started(world: World, member: int, person: int, since: float) -> bool:
    return bool(
        world.store.value(
            "SELECT 1 FROM chat WHERE person = ? AND member = ? AND kind <> 'welcome' AND at >= ?",
            person,
            member,
            since,
        )
    )
