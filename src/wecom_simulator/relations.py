"""Customers of members (客户): the pair (userid, external_userid) and all that hangs on it."""

import json
import sqlite3
from collections.abc import Iterable

from wecom_simulator.calls import JSON, Call, api, cursor_at
from wecom_simulator.refusals import Refused
from wecom_simulator.world import World

APPLIED, HALF, MUTUAL, DELETED_BY_CUSTOMER, DELETED_BY_MEMBER = range(5)
STATE_NAMES = ("none", "half", "mutual", "deleted_by_customer", "deleted_by_member")

FOLLOWERS_PER_PAGE = 500


@api("externalcontact/get_follow_user_list", customer_contact=True, empty={"follow_user": []})
def get_follow_user_list(call: Call) -> JSON:
    visible = call.world.directory.visible_members(call.app)
    rows = call.world.store.all(
        "SELECT id, userid FROM member WHERE customer_contact AND status = 1 ORDER BY id"
    )
    return {"follow_user": [row["userid"] for row in rows if row["id"] in visible]}


@api("externalcontact/list", customer_contact=True, empty={"external_userid": []})
def externalcontact_list(call: Call) -> JSON:
    """84061 with an empty list when there are no customers."""
    member = serving_member(call, call.required("userid", 40003))
    rows = call.world.store.all(
        "SELECT external_userid FROM customer JOIN person ON person.id = customer.person "
        "WHERE member = ? ORDER BY customer.person",
        member["id"],
    )
    if not rows:
        raise Refused(84061)
    return {"external_userid": [row[0] for row in rows]}


@api(
    "externalcontact/get", customer_contact=True, empty={"external_contact": {}, "follow_user": []}
)
def externalcontact_get(call: Call) -> JSON:
    world = call.world
    person = known_person(world, call.required("external_userid", 40096))
    visible = world.directory.visible_members(call.app)
    followers = [
        row
        for row in world.store.all(
            "SELECT * FROM customer WHERE person = ? ORDER BY member",
            person["id"],
        )
        if row["member"] in visible
    ]
    if not followers:
        raise Refused(84061)
    start = call.offset()
    page = followers[start : start + FOLLOWERS_PER_PAGE]
    found: JSON = {
        "external_contact": _contact(world, person, person["id"]),
        "follow_user": [_follow_user(world, row) for row in page],
    }
    if start + FOLLOWERS_PER_PAGE < len(followers):
        found["next_cursor"] = cursor_at(start + FOLLOWERS_PER_PAGE)
    return found


@api(
    "externalcontact/batch/get_by_user",
    customer_contact=True,
    empty={"external_contact_list": [], "next_cursor": ""},
)
def get_by_user(call: Call) -> JSON:
    """Pages over the members in the order of their ids. A page costs the same at any depth."""
    world = call.world
    userids = call.strings("userid_list", at_most=100)
    if not userids:
        raise Refused(40063)
    members = sorted(
        (serving_member(call, userid) for userid in userids), key=lambda row: row["id"]
    )
    limit = call.page_size(default=50, top=100)
    at_member, after_person = _place(call.text("cursor"))
    found: list[JSON] = []
    next_cursor = ""
    for member in members:
        if member["id"] < at_member:
            continue
        after = after_person if member["id"] == at_member else 0
        wanted = limit - len(found)
        rows = _page(world, member["id"], after, wanted + 1)
        found += _listed(world, member, rows[:wanted])
        if len(rows) > wanted:
            last = rows[wanted - 1]["person"] if wanted else after
            next_cursor = f"m{member['id']}.{last}"
            break
    if not found and not call.text("cursor"):
        raise Refused(84061)
    return {
        "external_contact_list": found,
        "next_cursor": next_cursor,
        "fail_info": {"unlicensed_userid_list": []},
    }


@api("externalcontact/remark", customer_contact=True, changes=("userid", "external_userid"))
def remark(call: Call) -> JSON:
    world = call.world
    member = serving_member(call, call.required("userid", 40003))
    person = known_person(world, call.required("external_userid", 40096))
    relation_of(world, member["id"], person["id"])
    fields = ("remark", "description", "remark_company", "remark_mobiles", "remark_pic_mediaid")
    if not any(call.given(name) is not None for name in fields):
        raise Refused(40063)
    for name, at_most in (("remark", 20), ("description", 150), ("remark_company", 20)):
        if len(call.text(name)) > at_most:
            raise Refused(40058, f"{name} is longer than {at_most}")
    mobiles = None
    if call.given("remark_mobiles") is not None:
        mobiles = [mobile for mobile in call.strings("remark_mobiles") if mobile]
    note(
        world,
        member["id"],
        person["id"],
        remark=call.optional("remark"),
        description=call.optional("description"),
        remark_company=call.optional("remark_company"),
        mobiles=mobiles,
    )
    return {}


def serving_member(call: Call, userid: str) -> sqlite3.Row:
    """A member in scope who may have customers. Raises `Refused`."""
    member = call.visible_member(userid)
    if not member["customer_contact"]:
        raise Refused(84083)
    return member


def known_person(world: World, external_userid: str) -> sqlite3.Row:
    """Raises `Refused` 40096."""
    row = world.store.one("SELECT * FROM person WHERE external_userid = ?", external_userid)
    if row is None:
        raise Refused(40096)
    return row


def relation_of(world: World, member: int, person: int) -> sqlite3.Row:
    """Raises `Refused` 84061 for a pair that is no customer relation."""
    row = world.store.one("SELECT * FROM customer WHERE member = ? AND person = ?", member, person)
    if row is None:
        raise Refused(84061)
    return row


def note(
    world: World,
    member: int,
    person: int,
    *,
    remark: str | None = None,
    description: str | None = None,
    remark_company: str | None = None,
    mobiles: list[str] | None = None,
) -> None:
    """Write what the member remembers about the customer; `None` leaves as it is."""
    world.store.run(
        "UPDATE relation SET remark = coalesce(?, remark), description = coalesce(?, description), "
        "remark_company = coalesce(?, remark_company), mobiles = coalesce(?, mobiles) "
        "WHERE member = ? AND person = ?",
        remark,
        description,
        remark_company,
        None if mobiles is None else json.dumps(mobiles),
        member,
        person,
    )


def _place(cursor: str) -> tuple[int, int]:
    if not cursor:
        return 0, 0
    member, dot, person = cursor.removeprefix("m").partition(".")
    if not (cursor.startswith("m") and dot and member.isdigit() and person.isdigit()):
        raise Refused(40058, "cursor is invalid")
    return int(member), int(person)


def _page(world: World, member: int, after: int, limit: int) -> list[sqlite3.Row]:
    return world.store.all(
        "SELECT customer.*, person.external_userid, person.name, person.type, person.gender, "
        "person.unionid, person.avatar FROM customer JOIN person ON person.id = customer.person "
        "WHERE member = ? AND customer.person > ? ORDER BY customer.person LIMIT ?",
        member,
        after,
        limit,
    )


def _listed(world: World, member: sqlite3.Row, rows: list[sqlite3.Row]) -> Iterable[JSON]:
    if not rows:
        return
    tags: dict[int, list[str]] = {}
    for person, tag_id in world.store.all(
        "SELECT person, tag.tag_id FROM relation_tag JOIN tag ON tag.id = relation_tag.tag "
        "WHERE member = ? AND person BETWEEN ? AND ? ORDER BY person, tag.id",
        member["id"],
        rows[0]["person"],
        rows[-1]["person"],
    ):
        tags.setdefault(person, []).append(tag_id)
    for row in rows:
        follow_info = _memory(row, member["userid"])
        follow_info["tag_id"] = tags.get(row["person"], [])
        yield {
            "external_contact": _contact(world, row, row["person"]),
            "follow_info": follow_info,
        }


def _contact(world: World, row: sqlite3.Row, person: int) -> JSON:
    found: JSON = {
        "external_userid": row["external_userid"],
        "name": row["name"],
        "avatar": row["avatar"] or "",
        "type": row["type"],
        "gender": row["gender"],
    }
    if row["unionid"] and row["type"] == 1:
        found["unionid"] = row["unionid"]
    if row["type"] == 2:
        work = world.store.one(
            "SELECT position, corp_name, corp_full_name FROM person_work WHERE person = ?", person
        )
        found |= dict(work) if work is not None else {}
    return found


def _memory(row: sqlite3.Row, userid: str) -> JSON:
    """The fields that follow_user and follow_info share. Optional ones are absent, not empty."""
    found: JSON = {
        "userid": userid,
        "remark": row["remark"],
        "description": row["description"],
        "createtime": row["createtime"],
        "remark_mobiles": json.loads(row["mobiles"]) if row["mobiles"] else [],
        "oper_userid": row["oper_userid"] or userid,
        "add_way": row["add_way"],
    }
    if row["remark_company"]:
        found["remark_corp_name"] = row["remark_company"]
    if row["way_state"]:
        found["state"] = row["way_state"]
    return found


def _follow_user(world: World, row: sqlite3.Row) -> JSON:
    userid = world.store.value("SELECT userid FROM member WHERE id = ?", row["member"])
    tags = world.store.all(
        "SELECT tag.tag_id, tag.name, tag_group.name AS group_name FROM relation_tag "
        "JOIN tag ON tag.id = relation_tag.tag JOIN tag_group ON tag_group.id = tag.grp "
        "WHERE member = ? AND person = ? ORDER BY tag.id",
        row["member"],
        row["person"],
    )
    return {
        **_memory(row, userid),
        "tags": [
            {"group_name": t["group_name"], "tag_name": t["name"], "tag_id": t["tag_id"], "type": 1}
            for t in tags
        ],
    }


def external_ids(world: World, external_userids: list[str]) -> dict[str, int]:
    """Internal ids of those that exist."""
    rows = world.store.all(
        "SELECT external_userid, id FROM person "
        "WHERE external_userid IN (SELECT value FROM json_each(?))",
        json.dumps(external_userids),
    )
    return {row["external_userid"]: row["id"] for row in rows}
