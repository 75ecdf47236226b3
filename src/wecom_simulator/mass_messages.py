"""企业群发 as an app orders and follows it (docs 92135, 93338, 97610, 97611)."""

import json
import sqlite3

from wecom_simulator import quotas
from wecom_simulator.attachments import checked
from wecom_simulator.calls import JSON, Call, api, cursor_at
from wecom_simulator.refusals import Refused
from wecom_simulator.relations import serving_member
from wecom_simulator.routing import Addressed, everyone_of, routed, tagged
from wecom_simulator.world import World

MOST_CUSTOMERS = 10_000
MONTH_SECONDS = 31 * 86_400
BY_CORP, BY_MEMBER = 0, 1


@api(
    "externalcontact/add_msg_template", customer_contact=True, empty={"fail_list": [], "msgid": ""}
)
def add_msg_template(call: Call) -> JSON:
    """A task for each member concerned; nothing reaches a customer before that member taps send."""
    world = call.world
    if call.text("chat_type", "single") != "single":
        raise Refused(48002, "this simulator has no customer groups")
    external_userids = list(dict.fromkeys(call.strings("external_userid")))
    if len(call.strings("external_userid")) > MOST_CUSTOMERS:
        raise Refused(40058, "external_userid has more than 10000 entries")
    text, attachments = checked(call)
    addressed = _addressed(call, external_userids)
    if world.settings.over_quota_in_fail_list:
        addressed = quotas.without_exhausted(world, addressed)
    if not addressed.pairs:
        raise Refused(41048)
    msgid = record(
        world,
        agentid=call.agentid,
        creator=None,
        text=text,
        attachments=attachments,
        allow_select=call.flag("allow_select"),
        pairs=addressed.pairs,
        ready_at=world.now() + world.settings.mass_dispatch_seconds,
    )
    return {"fail_list": addressed.failed, "msgid": msgid}


@api("externalcontact/get_groupmsg_list_v2", customer_contact=True, empty={"group_msg_list": []})
def get_groupmsg_list_v2(call: Call) -> JSON:
    world = call.world
    start, end = call.number("start_time"), call.number("end_time")
    if call.required("chat_type") not in ("single", "group") or not start or end < start:
        raise Refused(40058, "chat_type, start_time, end_time")
    if end - start > MONTH_SECONDS:
        raise Refused(40058, "more than a month")
    limit = call.page_size(default=50, top=100, above_is_default=True)
    offset = call.offset()
    kind = call.number("filter_type", 2)
    rows = world.store.all(
        "SELECT * FROM mass_message WHERE created_at >= ? AND created_at < ? AND created_at <= ? "
        "AND (? = 2 OR create_type = ?) AND (? = '' OR creator = ? COLLATE NOCASE) "
        "AND ? = 'single' "
        "ORDER BY id DESC LIMIT ? OFFSET ?",
        start,
        end + 1,
        world.now() - world.settings.list_lag_seconds,
        kind,
        kind,
        call.text("creator"),
        call.text("creator"),
        call.text("chat_type"),
        limit + 1,
        offset,
    )
    return {
        "next_cursor": cursor_at(offset + limit) if len(rows) > limit else "",
        "group_msg_list": [_message(row) for row in rows[:limit]],
    }


@api("externalcontact/get_groupmsg_task", customer_contact=True, empty={"task_list": []})
def get_groupmsg_task(call: Call) -> JSON:
    """41063 while being dispatched; of a cancelled message only the tasks that were sent."""
    world = call.world
    message = _dispatched(call)
    limit = call.page_size(default=500, top=1000, above_is_default=True)
    offset = call.offset()
    visible = world.directory.visible_members(call.app)
    rows = [
        row
        for row in world.store.all(
            "SELECT mass_task.*, userid FROM mass_task JOIN member ON member.id = member "
            "WHERE message = ? ORDER BY member",
            message["id"],
        )
        if row["member"] in visible and (message["cancelled_at"] is None or row["send_time"])
    ]
    if not rows and message["cancelled_at"] is not None:
        raise Refused(41093)
    page = rows[offset : offset + limit]
    return {
        "task_list": [_task(world, row) for row in page],
        "next_cursor": cursor_at(offset + limit) if len(rows) > offset + limit else "",
    }


@api("externalcontact/get_groupmsg_send_result", customer_contact=True, empty={"send_list": []})
def get_groupmsg_send_result(call: Call) -> JSON:
    world = call.world
    message = _dispatched(call)
    member = serving_member(call, call.required("userid", 40003))
    task = world.store.one(
        "SELECT * FROM mass_task WHERE message = ? AND member = ?", message["id"], member["id"]
    )
    if message["cancelled_at"] is not None and (task is None or task["send_time"] is None):
        raise Refused(41093)
    limit = call.page_size(default=500, top=1000, above_is_default=True)
    after = call.offset()
    rows = world.store.all(
        "SELECT mass_recipient.*, external_userid FROM mass_recipient "
        "CROSS JOIN person ON person.id = mass_recipient.person "
        "WHERE message = ? AND member = ? AND mass_recipient.person > ? "
        "ORDER BY mass_recipient.person LIMIT ?",
        message["id"],
        member["id"],
        after,
        limit + 1,
    )
    userid = _spelt(world, member["userid"])
    return {
        "send_list": [_result(row, userid) for row in rows[:limit]],
        "next_cursor": cursor_at(rows[limit - 1]["person"]) if len(rows) > limit else "",
    }


@api("externalcontact/remind_groupmsg_send", customer_contact=True)
def remind_groupmsg_send(call: Call) -> JSON:
    world, now = call.world, call.world.now()
    message = _dispatched(call)
    if message["cancelled_at"] is not None:
        raise Refused(41093)
    recent = [at for at in json.loads(message["reminded"]) if at > now - 86_400]
    if len(recent) >= world.settings.reminders_per_day:
        raise Refused(41094)
    world.store.run(
        "UPDATE mass_message SET reminded = ? WHERE id = ?",
        json.dumps([*recent, now]),
        message["id"],
    )
    return {}


@api("externalcontact/cancel_groupmsg_send", customer_contact=True)
def cancel_groupmsg_send(call: Call) -> JSON:
    message = _dispatched(call)
    if message["cancelled_at"] is not None:
        raise Refused(41093)
    call.world.store.run(
        "UPDATE mass_message SET cancelled_at = ? WHERE id = ?", call.world.now(), message["id"]
    )
    return {}


def record(
    world: World,
    *,
    agentid: int,
    creator: str | None,
    text: str,
    attachments: list[JSON],
    allow_select: bool,
    pairs: list[tuple[int, int]],
    ready_at: float,
) -> str:
    """Keep the message, a task per member and a row per recipient; the msgid."""
    msgid = world.mint("msg", 30)
    id = world.store.add(
        "INSERT INTO mass_message (msgid, agentid, create_type, creator, content, attachments, "
        "allow_select, created_at, ready_at) VALUES (?,?,?,?,?,?,?,?,?)",
        msgid,
        agentid,
        BY_CORP if creator is None else BY_MEMBER,
        creator,
        text,
        json.dumps(attachments, ensure_ascii=False),
        int(allow_select),
        world.now(),
        ready_at,
    )
    world.store.many(
        "INSERT OR IGNORE INTO mass_task (message, member) VALUES (?, ?)",
        [(id, member) for member in sorted({member for member, _ in pairs})],
    )
    world.store.many(
        "INSERT INTO mass_recipient (message, member, person) VALUES (?,?,?)",
        [(id, member, person) for member, person in sorted(pairs)],
    )
    return msgid


def _addressed(call: Call, external_userids: list[str]) -> Addressed:
    """Who is to get it, through whom: ids beat tags, a sender keeps it among their customers."""
    world = call.world
    sender = serving_member(call, call.text("sender")) if call.text("sender") else None
    members = frozenset([sender["id"]]) if sender else world.directory.visible_members(call.app)
    if external_userids:
        return routed(world, external_userids, members)
    groups = call.inside("tag_filter").get("group_list")
    tag_lists = [
        [str(tag) for tag in group.get("tag_list") or ()]
        for group in (groups if isinstance(groups, list) else [])
        if isinstance(group, dict) and isinstance(group.get("tag_list"), list)
    ]
    if any(len(tags) > 100 for tags in tag_lists):
        raise Refused(40058, "tag_list")
    if any(tag_lists):
        return tagged(world, [tags for tags in tag_lists if tags], members)
    if sender is None:
        raise Refused(40063, "sender, external_userid, tag_filter")
    return everyone_of(world, sender["id"])


def _dispatched(call: Call) -> sqlite3.Row:
    """Raises `Refused` 41046 without a msgid, 41047 for one unknown, 41063 for one too young."""
    msgid = call.required("msgid", 41046)
    row = call.world.store.one("SELECT * FROM mass_message WHERE msgid = ?", msgid)
    if row is None:
        raise Refused(41047)
    if call.world.now() < row["ready_at"]:
        raise Refused(41063)
    return row


def _message(row: sqlite3.Row) -> JSON:
    found: JSON = {
        "msgid": row["msgid"],
        "create_time": str(int(row["created_at"])),  # the page shows a string
        "create_type": row["create_type"],
        "text": {"content": row["content"]},
        "attachments": json.loads(row["attachments"]),
    }
    if row["creator"]:
        found["creator"] = row["creator"]
    return found


def _task(world: World, row: sqlite3.Row) -> JSON:
    userid = _spelt(world, row["userid"])
    if row["send_time"] is None:
        return {"userid": userid, "status": 0}
    return {"userid": userid, "status": 2, "send_time": int(row["send_time"])}


def _result(row: sqlite3.Row, userid: str) -> JSON:
    found: JSON = {
        "external_userid": row["external_userid"],
        "userid": userid,
        "status": row["status"],
    }
    if row["status"] == 1:
        found["send_time"] = int(row["send_time"])
    return found


def _spelt(world: World, userid: str) -> str:
    return userid.lower() if world.settings.lower_case_userids else userid
