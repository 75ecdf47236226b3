"""Tickets with which a page in WeCom proves itself (doc 90506)."""

from wecom_simulator.calls import JSON, Call, api
from wecom_simulator.limits import APP_TICKET_LIMITS, CORP_TICKET_LIMITS
from wecom_simulator.refusals import Refused

TICKET_SECONDS = 7_200


@api("get_jsapi_ticket")
def get_jsapi_ticket(call: Call) -> JSON:
    return _ticket(call, "corp")


@api("ticket/get")
def ticket_get(call: Call) -> JSON:
    if call.text("type") != "agent_config":
        raise Refused(91040)
    return _ticket(call, "app")


def _ticket(call: Call, kind: str) -> JSON:
    """The same ticket while it lives."""
    world, now, scale = call.world, call.world.now(), call.world.settings.scale_limits
    world.limits.spend("tickets of the corp", CORP_TICKET_LIMITS, scale=scale, now=now)
    world.limits.spend(f"tickets of {call.agentid}", APP_TICKET_LIMITS, scale=scale, now=now)
    row = world.store.one(
        "SELECT * FROM ticket WHERE kind = ? AND agentid = ? AND expires_at > ?",
        kind,
        call.agentid,
        now,
    )
    if row is not None:
        return {"ticket": row["ticket"], "expires_in": int(row["expires_at"] - now)}
    ticket = world.mint("kgt8ON7yVITDhtdwci0qe", 65)
    world.store.run(
        "INSERT INTO ticket VALUES (?,?,?,?)", ticket, kind, call.agentid, now + TICKET_SECONDS
    )
    return {"ticket": ticket, "expires_in": TICKET_SECONDS}
