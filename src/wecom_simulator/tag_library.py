"""Corp tags (企业客户标签) and who carries them (docs 92117, 92118)."""

import sqlite3

from wecom_simulator.calls import JSON, Call, api
from wecom_simulator.refusals import Refused
from wecom_simulator.relations import known_person, relation_of, serving_member
from wecom_simulator.world import World

NAME_LETTERS = 30


@api("externalcontact/get_corp_tag_list", customer_contact=True, empty={"tag_group": []})
def get_corp_tag_list(call: Call) -> JSON:
    """Filtered queries also show what was deleted; with both filters only group_id counts."""
    tag_ids, group_ids = set(call.strings("tag_id")), set(call.strings("group_id"))
    filtered = bool(tag_ids or group_ids)
    found = []
    for group, tags in _library(call.world):
        if group_ids and group["group_id"] not in group_ids:
            continue
        if tag_ids and not group_ids:
            tags = [tag for tag in tags if tag["tag_id"] in tag_ids]
        if not filtered:
            tags = [tag for tag in tags if not tag["deleted"]]
        if tags or (filtered and group["deleted"] and group["group_id"] in group_ids):
            found.append(_group(group, tags, with_deleted=filtered))
    return {"tag_group": found}


@api("externalcontact/add_corp_tag", customer_contact=True, empty={"tag_group": {}})
def add_corp_tag(call: Call) -> JSON:
    group, made = create(
        call.world,
        agentid=call.agentid,
        group_id=call.text("group_id"),
        group_name=call.text("group_name"),
        order=call.number("order") if "order" in call.body else None,
        tags=call.objects("tag"),
    )
    return {"tag_group": _group(group, made)}


@api("externalcontact/edit_corp_tag", customer_contact=True)
def edit_corp_tag(call: Call) -> JSON:
    edit(
        call.world,
        id=call.required("id", 40068),
        agentid=call.agentid,
        name=call.text("name") or None,
        order=call.number("order") if "order" in call.body else None,
    )
    return {}


@api("externalcontact/del_corp_tag", customer_contact=True)
def del_corp_tag(call: Call) -> JSON:
    tag_ids, group_ids = call.strings("tag_id"), call.strings("group_id")
    if not tag_ids and not group_ids:
        raise Refused(40063)
    delete(call.world, tag_ids=tag_ids, group_ids=group_ids, agentid=call.agentid)
    return {}


@api("externalcontact/mark_tag", customer_contact=True, changes=("userid", "external_userid"))
def mark_tag(call: Call) -> JSON:
    world = call.world
    member = serving_member(call, call.required("userid", 40003))
    person = known_person(world, call.required("external_userid", 40096))
    add, remove = call.strings("add_tag"), call.strings("remove_tag")
    if not add and not remove:
        raise Refused(40063)
    relation_of(world, member["id"], person["id"])
    mark(world, member["id"], person["id"], add=add, remove=remove)
    return {}


def tag_rows(world: World) -> dict[str, int]:
    """Internal ids of the living tags by tag_id."""
    rows = world.store.all("SELECT tag_id, id FROM tag WHERE NOT deleted")
    return {row["tag_id"]: row["id"] for row in rows}


def create(
    world: World,
    *,
    agentid: int,
    group_id: str,
    group_name: str,
    order: int | None,
    tags: list[JSON],
) -> tuple[sqlite3.Row, list[sqlite3.Row]]:
    """The group and the tags asked for, in their order. Same names in one request collapse.

    Raises `Refused` 40068, 40071, 40126, 40058.
    """
    names = {str(tag.get("name", "")): tag for tag in tags}
    if not names or "" in names or any(len(name) > NAME_LETTERS for name in names):
        raise Refused(40058, "tag.name")
    _check_order(order or 0)
    group = _group_for(world, group_id, group_name, agentid, order or 0)
    total = world.store.value("SELECT count(*) FROM tag WHERE NOT deleted")
    if total + len(names) > world.settings.corp_tag_cap:
        raise Refused(40126)
    made = []
    for name, tag in names.items():
        if _taken("tag", world, name, "AND grp = ?", group["id"]):
            raise Refused(40071, name)
        id = world.store.add(
            "INSERT INTO tag (tag_id, grp, name, ord, create_time, agentid) VALUES (?,?,?,?,?,?)",
            world.mint("et", 30),
            group["id"],
            name,
            _order(tag),
            int(world.now()),
            agentid,
        )
        made += world.store.all("SELECT * FROM tag WHERE id = ?", id)
    return group, made


def edit(world: World, *, id: str, agentid: int, name: str | None, order: int | None) -> str:
    """Rename or move a tag or a group; which of them it was.

    `agentid` 0 is a person in the console, who may change every tag.
    """
    if name is not None and len(name) > NAME_LETTERS:
        raise Refused(40058, "name")
    if order is not None:
        _check_order(order)
    for table, key, kind in (("tag", "tag_id", "tag"), ("tag_group", "group_id", "tag_group")):
        row = world.store.one(f"SELECT * FROM {table} WHERE {key} = ? AND NOT deleted", id)  # noqa: S608
        if row is None:
            continue
        _check_owner(row, agentid)
        within = ("AND grp = ?", row["grp"]) if table == "tag" else ("AND ? >= 0", 0)
        if name is not None and name != row["name"] and _taken(table, world, name, *within):
            raise Refused(40071)
        world.store.run(
            f"UPDATE {table} SET name = coalesce(?, name), ord = coalesce(?, ord) WHERE id = ?",  # noqa: S608
            name,
            order,
            row["id"],
        )
        return kind
    raise Refused(40068)


def delete(world: World, *, tag_ids: list[str], group_ids: list[str], agentid: int) -> list[str]:
    """Delete tags and groups; a group left without tags vanishes. Group ids that vanished."""
    groups = set()
    for tag_id in tag_ids:
        tag = world.store.one("SELECT * FROM tag WHERE tag_id = ? AND NOT deleted", tag_id)
        if tag is None:
            raise Refused(40068)
        _check_owner(tag, agentid)
        _bury(world, tag["id"])
        groups.add(tag["grp"])
    for group_id in group_ids:
        group = world.store.one(
            "SELECT * FROM tag_group WHERE group_id = ? AND NOT deleted", group_id
        )
        if group is None:
            raise Refused(40068)
        _check_owner(group, agentid)
        for tag in world.store.all("SELECT id FROM tag WHERE grp = ? AND NOT deleted", group["id"]):
            _bury(world, tag["id"])
        groups.add(group["id"])
    vanished = []
    for id in groups:
        if not world.store.value("SELECT 1 FROM tag WHERE grp = ? AND NOT deleted", id):
            world.store.run("UPDATE tag_group SET deleted = 1 WHERE id = ?", id)
            vanished.append(world.store.value("SELECT group_id FROM tag_group WHERE id = ?", id))
    return vanished


def mark(world: World, member: int, person: int, *, add: list[str], remove: list[str]) -> None:
    """Raises `Refused` 40068 for an unknown tag, 40144 above the cap of one pair."""
    known = tag_rows(world)
    if any(tag not in known for tag in (*add, *remove)):
        raise Refused(40068)
    world.store.many(
        "DELETE FROM relation_tag WHERE member = ? AND person = ? AND tag = ?",
        [(member, person, known[tag]) for tag in remove],
    )
    world.store.many(
        "INSERT OR IGNORE INTO relation_tag VALUES (?,?,?)",
        [(member, person, known[tag]) for tag in add],
    )
    count = world.store.value(
        "SELECT count(*) FROM relation_tag WHERE member = ? AND person = ?", member, person
    )
    if count > world.settings.pair_tag_cap:
        raise Refused(40144)


def _order(tag: JSON) -> int:
    order = tag.get("order", 0)
    if not isinstance(order, int):
        raise Refused(40058, "order")
    _check_order(order)
    return order


def _check_order(order: int) -> None:
    if not 0 <= order < 2**32:
        raise Refused(40058, "order")


def _library(world: World) -> list[tuple[sqlite3.Row, list[sqlite3.Row]]]:
    tags: dict[int, list[sqlite3.Row]] = {}
    for tag in world.store.all("SELECT * FROM tag ORDER BY ord DESC, id"):
        tags.setdefault(tag["grp"], []).append(tag)
    groups = world.store.all("SELECT * FROM tag_group ORDER BY ord DESC, id")
    return [(group, tags.get(group["id"], [])) for group in groups]


def _group_for(
    world: World, group_id: str, group_name: str, agentid: int, order: int
) -> sqlite3.Row:
    """The group named by id or by name; a name nobody has makes a new one."""
    if group_id:
        row = world.store.one(
            "SELECT * FROM tag_group WHERE group_id = ? AND NOT deleted", group_id
        )
        if row is None:
            raise Refused(40068)
        return row
    if not group_name or len(group_name) > NAME_LETTERS:
        raise Refused(40058, "group_name")
    found = world.store.one("SELECT * FROM tag_group WHERE name = ? AND NOT deleted", group_name)
    if found is not None:
        return found
    id = world.store.add(
        "INSERT INTO tag_group (group_id, name, ord, create_time, agentid) VALUES (?,?,?,?,?)",
        world.mint("et", 30),
        group_name,
        order,
        int(world.now()),
        agentid,
    )
    return world.store.all("SELECT * FROM tag_group WHERE id = ?", id)[0]


def _taken(table: str, world: World, name: str, within: str, value: int) -> bool:
    sql = f"SELECT 1 FROM {table} WHERE name = ? AND NOT deleted {within}"  # noqa: S608
    return bool(world.store.value(sql, name, value))


def _check_owner(row: sqlite3.Row, agentid: int) -> None:
    if agentid and row["agentid"] != agentid:
        raise Refused(48002, "the tag was made by another app")


def _bury(world: World, id: int) -> None:
    world.store.run("UPDATE tag SET deleted = 1 WHERE id = ?", id)
    world.store.run("DELETE FROM relation_tag WHERE tag = ?", id)


def _group(group: sqlite3.Row, tags: list[sqlite3.Row], *, with_deleted: bool = False) -> JSON:
    found: JSON = {
        "group_id": group["group_id"],
        "group_name": group["name"],
        "create_time": group["create_time"],
        "order": group["ord"],
        "tag": [_tag(tag, with_deleted) for tag in tags],
    }
    if with_deleted:
        found["deleted"] = bool(group["deleted"])
    return found


def _tag(tag: sqlite3.Row, with_deleted: bool) -> JSON:
    found: JSON = {
        "id": tag["tag_id"],
        "name": tag["name"],
        "create_time": tag["create_time"],
        "order": tag["ord"],
    }
    if with_deleted:
        found["deleted"] = bool(tag["deleted"])
    return found
