"""What really is the case, for comparing: whatever the API hides is shown here."""

import json
from typing import Any

from wecom_simulator import behaviour, quotas
from wecom_simulator.admin import JSON, NotFound, Order, admin
from wecom_simulator.clock import midnight_of
from wecom_simulator.relations import STATE_NAMES
from wecom_simulator.world import World

RESULTS = ("not_sent", "sent", "not_a_friend", "over_quota")


@admin("GET", "truth/counts")
def counts(order: Order) -> JSON:
    store = order.world.store
    by_state = dict.fromkeys(STATE_NAMES, 0)
    for row in store.all("SELECT state, count(*) AS n FROM relation GROUP BY state"):
        by_state[STATE_NAMES[row["state"]]] = row["n"]
    tables = {
        "departments": "SELECT count(*) FROM department",
        "members": "SELECT count(*) FROM member",
        "residents": "SELECT count(*) FROM person",
        "tags": "SELECT count(*) FROM tag WHERE NOT deleted",
        "tag_groups": "SELECT count(*) FROM tag_group WHERE NOT deleted",
        "tagged": "SELECT count(*) FROM relation_tag",
        "contact_ways": "SELECT count(*) FROM contact_way",
        "mass_messages": "SELECT count(*) FROM mass_message",
        "mass_tasks": "SELECT count(*) FROM mass_task",
        "mass_received": "SELECT count(*) FROM mass_recipient WHERE status = 1",
        "welcomes": "SELECT count(*) FROM chat WHERE kind = 'welcome'",
        "app_messages": "SELECT count(*) FROM app_message",
        "media": "SELECT count(*) FROM media",
    }
    return {"relations": by_state, **{name: store.value(sql) for name, sql in tables.items()}}


@admin("GET", "truth/relations")
def relations(order: Order) -> JSON:
    """Of one member (`userid`), with tags; or of all, by pages: `limit` (10000), `cursor`."""
    world = order.world
    member, person = (int(n) for n in str(order.get("cursor") or "0.0").split("."))
    limit = int(order.get("limit", 10_000))
    userid = order.get("userid")
    rows = world.store.all(
        "SELECT relation.*, userid, external_userid, person.name FROM relation "
        "CROSS JOIN member ON member.id = relation.member "
        "CROSS JOIN person ON person.id = relation.person "
        "WHERE (relation.member, relation.person) > (?, ?) "
        "AND (? IS NULL OR relation.member = (SELECT id FROM member WHERE userid = ?)) "
        "ORDER BY relation.member, relation.person LIMIT ?",
        member,
        person,
        userid,
        userid,
        limit + 1,
    )
    page = rows[:limit]
    tags = _tags_between(world, page)
    cursor = f"{page[-1]['member']}.{page[-1]['person']}" if len(rows) > limit else ""
    return {"relations": [_relation(row, tags) for row in page], "next_cursor": cursor}


@admin("GET", "truth/residents/{external_userid}")
def resident(order: Order) -> JSON:
    """One resident: every relation, and every message received, by whom and when."""
    world = order.world
    person = world.store.one(
        "SELECT * FROM person WHERE external_userid = ?", order.path["external_userid"]
    )
    if person is None:
        raise NotFound("no such resident")
    rows = world.store.all(
        "SELECT relation.*, userid, external_userid, person.name FROM relation "
        "JOIN member ON member.id = member JOIN person ON person.id = person WHERE person = ?",
        person["id"],
    )
    return {
        "external_userid": person["external_userid"],
        "name": person["name"],
        "relations": [_relation(row, _tags_between(world, [row])) for row in rows],
        "messages": received(world, person["id"]),
        "mass_messages_left": quotas.window(world)[1]
        - world.store.value(
            "SELECT count(*) FROM mass_recipient WHERE status = 1 AND person = ? "
            "AND send_time >= ?",
            person["id"],
            quotas.window(world)[0],
        ),
    }


@admin("GET", "truth/mass")
def mass(order: Order) -> JSON:
    """All mass messages, the youngest first, with tasks and results counted."""
    rows = order.world.store.all("SELECT * FROM mass_message ORDER BY id DESC")
    return {"messages": [_mass(order.world, row) for row in rows]}


@admin("GET", "truth/mass/{msgid}")
def one_mass(order: Order) -> JSON:
    """One message with each task and each recipient."""
    world = order.world
    row = world.store.one("SELECT * FROM mass_message WHERE msgid = ?", order.path["msgid"])
    if row is None:
        raise NotFound("no such message")
    tasks = world.store.all(
        "SELECT mass_task.*, userid FROM mass_task JOIN member ON member.id = member "
        "WHERE message = ? ORDER BY member",
        row["id"],
    )
    recipients = world.store.all(
        "SELECT r.status, r.send_time, userid, external_userid FROM mass_recipient r "
        "CROSS JOIN member ON member.id = r.member CROSS JOIN person ON person.id = r.person "
        "WHERE message = ?",
        row["id"],
    )
    return {
        **_mass(world, row),
        "tasks": [
            {
                "userid": task["userid"],
                "sent_at": task["send_time"],
                "opened_at": task["opened_at"],
                "ignored_at": task["ignored_at"],
            }
            for task in tasks
        ],
        "recipients": [
            {
                "userid": one["userid"],
                "external_userid": one["external_userid"],
                "result": RESULTS[one["status"]],
                "at": one["send_time"],
            }
            for one in recipients
        ],
    }


@admin("GET", "truth/inbox")
def inbox(order: Order) -> JSON:
    """App messages that reached a member (`userid`), the youngest first."""
    rows = order.world.store.all(
        "SELECT app_message.*, userid FROM app_message JOIN member ON member.id = member "
        "WHERE ? IS NULL OR userid = ? ORDER BY app_message.id DESC LIMIT ?",
        order.get("userid"),
        order.get("userid"),
        int(order.get("limit", 1000)),
    )
    return {
        "messages": [
            {
                "userid": row["userid"],
                "agentid": row["agentid"],
                "msgid": row["msgid"],
                "msgtype": row["msgtype"],
                "content": json.loads(row["content"]),
                "at": row["at"],
                "recalled": bool(row["recalled"]),
                "response_code": row["response_code"],
            }
            for row in rows
        ]
    }


@admin("GET", "truth/behaviour")
def figures(order: Order) -> JSON:
    """Figures of one member (`userid`), or of all, on the day that holds `at` (default now)."""
    world = order.world
    members = [row["id"] for row in world.store.all("SELECT id FROM member")]
    if (userid := order.get("userid")) is not None:
        member = world.directory.member(userid)
        if member is None:
            raise NotFound("no such member")
        members = [member["id"]]
    day = int(midnight_of(float(order.get("at", world.now()))))
    return {"day": day, **behaviour.summed(world, members, day)}


def received(world: World, person: int) -> list[JSON]:
    """Mass, welcome and chat messages that reached the resident, in order of time."""
    mass_rows = world.store.all(
        "SELECT userid, content, attachments, msgid, send_time AS at FROM mass_recipient r "
        "JOIN mass_message ON mass_message.id = r.message JOIN member ON member.id = r.member "
        "WHERE r.person = ? AND r.status = 1",
        person,
    )
    chat_rows = world.store.all(
        "SELECT userid, kind, content, at FROM chat JOIN member ON member.id = member "
        "WHERE person = ? AND kind <> 'heard'",
        person,
    )
    found: list[JSON] = [
        {
            "kind": "mass",
            "userid": row["userid"],
            "text": row["content"],
            "attachments": json.loads(row["attachments"]),
            "msgid": row["msgid"],
            "at": row["at"],
        }
        for row in mass_rows
    ]
    for row in chat_rows:
        content = json.loads(row["content"])
        found.append(
            {
                "kind": "welcome" if row["kind"] == "welcome" else "chat",
                "userid": row["userid"],
                "text": content["text"],
                "attachments": content.get("attachments", []),
                "at": row["at"],
            }
        )
    return sorted(found, key=lambda one: one["at"])


def _tags_between(world: World, page: list[Any]) -> dict[tuple[int, int], list[str]]:
    if not page:
        return {}
    first, last = page[0], page[-1]
    tags: dict[tuple[int, int], list[str]] = {}
    for member, person, tag_id in world.store.all(
        "SELECT member, person, tag_id FROM relation_tag JOIN tag ON tag.id = tag "
        "WHERE (member, person) >= (?, ?) AND (member, person) <= (?, ?)",
        first["member"],
        first["person"],
        last["member"],
        last["person"],
    ):
        tags.setdefault((member, person), []).append(tag_id)
    return tags


def _relation(row: Any, tags: dict[tuple[int, int], list[str]]) -> JSON:
    return {
        "userid": row["userid"],
        "external_userid": row["external_userid"],
        "name": row["name"],
        "status": STATE_NAMES[row["state"]],
        "remark": row["remark"],
        "description": row["description"],
        "remark_mobiles": json.loads(row["mobiles"]) if row["mobiles"] else [],
        "add_way": row["add_way"],
        "state": row["way_state"] or "",
        "createtime": row["createtime"],
        "last_chat_at": row["last_chat_at"],
        "tags": sorted(tags.get((row["member"], row["person"]), [])),
    }


def _mass(world: World, row: Any) -> JSON:
    results = dict.fromkeys(RESULTS, 0)
    for one in world.store.all(
        "SELECT status, count(*) AS n FROM mass_recipient WHERE message = ? GROUP BY status",
        row["id"],
    ):
        results[RESULTS[one["status"]]] = one["n"]
    tasks = world.store.one(
        "SELECT count(*) AS total, count(send_time) AS sent FROM mass_task WHERE message = ?",
        row["id"],
    )
    return {
        "msgid": row["msgid"],
        "text": row["content"],
        "create_type": row["create_type"],
        "creator": row["creator"],
        "created_at": row["created_at"],
        "cancelled": row["cancelled_at"] is not None,
        "reminders": len(json.loads(row["reminded"])),
        "tasks_total": tasks["total"] if tasks else 0,
        "tasks_sent": tasks["sent"] if tasks else 0,
        "results": results,
    }
