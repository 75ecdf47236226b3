"""「联系我」: QR codes that bring residents to members (doc 92228)."""

import json
import sqlite3

from wecom_simulator.calls import JSON, Call, api, cursor_at
from wecom_simulator.refusals import Refused
from wecom_simulator.world import World

MAX_USERS = 100
PLAIN = ("type", "scene", "style", "remark", "skip_verify", "state", "is_temp", "expires_in")
EXTRA = ("chat_expires_in", "unionid", "is_exclusive", "mark_source", "conclusions")


@api("externalcontact/add_contact_way", customer_contact=True)
def add_contact_way(call: Call) -> JSON:
    world = call.world
    kind, scene = call.number("type"), call.number("scene")
    if kind not in (1, 2) or scene not in (1, 2):
        raise Refused(41037, "type, scene")
    users, parties = call.strings("user"), call.numbers("party")
    _check(call, users, parties, kind)
    if world.store.value("SELECT count(*) FROM contact_way") >= world.settings.contact_way_cap:
        raise Refused(41045)
    fields: JSON = {"style": 1, "remark": "", "skip_verify": True, "state": "", "is_temp": False}
    fields |= {name: call.body[name] for name in (*PLAIN, *EXTRA) if name in call.body}
    config_id = f"{world.random.getrandbits(128):032x}"
    if scene == 2:
        fields["qr_code"] = f"https://wework.qpic.cn/simulated/{config_id}/0"
    world.store.run(
        "INSERT INTO contact_way VALUES (?,?,?,?,?,?)",
        config_id,
        call.agentid,
        int(world.now()),
        json.dumps(users),
        json.dumps(parties),
        json.dumps(fields),
    )
    return {"config_id": config_id, **({"qr_code": fields["qr_code"]} if scene == 2 else {})}


@api("externalcontact/get_contact_way", customer_contact=True, empty={"contact_way": {}})
def get_contact_way(call: Call) -> JSON:
    row = _own(call)
    found: JSON = {"config_id": row["config_id"], **json.loads(row["fields"])}
    return {
        "contact_way": {
            **found,
            "user": json.loads(row["users"]),
            "party": json.loads(row["parties"]),
        }
    }


@api("externalcontact/list_contact_way", customer_contact=True, empty={"contact_way": []})
def list_contact_way(call: Call) -> JSON:
    """Oldest first, without temporary ones; only those of the calling app."""
    now = call.world.now()
    limit, offset = call.page_size(default=100, top=1000), call.offset()
    rows = call.world.store.all(
        "SELECT config_id FROM contact_way WHERE agentid = ? AND create_time BETWEEN ? AND ? "
        "AND NOT coalesce(json_extract(fields, '$.is_temp'), 0) "
        "ORDER BY create_time, config_id LIMIT ? OFFSET ?",
        call.agentid,
        call.number("start_time", int(now) - 90 * 86_400),
        call.number("end_time", int(now)),
        limit + 1,
        offset,
    )
    return {
        "contact_way": [{"config_id": row[0]} for row in rows[:limit]],
        "next_cursor": cursor_at(offset + limit) if len(rows) > limit else "",
    }


@api("externalcontact/update_contact_way", customer_contact=True)
def update_contact_way(call: Call) -> JSON:
    """Members and departments are replaced; type and scene stay."""
    row = _own(call)
    fields: JSON = json.loads(row["fields"])
    users = call.strings("user") if "user" in call.body else json.loads(row["users"])
    parties = call.numbers("party") if "party" in call.body else json.loads(row["parties"])
    _check(call, users, parties, fields["type"])
    changeable = {*PLAIN, *EXTRA} - {"type", "scene", "is_temp"}
    fields |= {name: value for name, value in call.body.items() if name in changeable}
    call.world.store.run(
        "UPDATE contact_way SET users = ?, parties = ?, fields = ? WHERE config_id = ?",
        json.dumps(users),
        json.dumps(parties),
        json.dumps(fields),
        row["config_id"],
    )
    return {}


@api("externalcontact/del_contact_way", customer_contact=True)
def del_contact_way(call: Call) -> JSON:
    row = _own(call)
    call.world.store.run("DELETE FROM contact_way WHERE config_id = ?", row["config_id"])
    return {}


def behind(world: World, way: sqlite3.Row) -> list[sqlite3.Row]:
    """The members whom a scan of this code may reach."""
    rows = [world.directory.member(userid) for userid in json.loads(way["users"])]
    parties = world.directory.below(set(json.loads(way["parties"])))
    rows += world.directory.members_in(parties) if parties else []
    return [row for row in rows if row is not None and row["status"] == 1]


def _own(call: Call) -> sqlite3.Row:
    row = call.world.store.one(
        "SELECT * FROM contact_way WHERE config_id = ? AND agentid = ?",
        call.required("config_id", 41044),
        call.agentid,
    )
    if row is None:
        raise Refused(41044)
    return row


def _check(call: Call, users: list[str], parties: list[int], kind: int) -> None:
    """Raises `Refused` 41037, 41041, 41054, 84083 and what a member out of scope gives."""
    if len(call.text("remark")) > 30 or len(call.text("state")) > 30:
        raise Refused(41037, "remark, state")
    if (kind == 1 and (len(users) != 1 or parties)) or not (users or parties):
        raise Refused(41037, "user, party")
    members = {call.visible_member(userid)["id"]: call.visible_member(userid) for userid in users}
    for row in call.world.directory.members_in(call.world.directory.below(set(parties))):
        members[row["id"]] = row
    if len(members) > MAX_USERS:
        raise Refused(41041)
    for member in members.values():
        if member["status"] == 4:
            raise Refused(41054)
        if not member["customer_contact"]:
            raise Refused(84083)
