"""Admin calls that fill the corp with people. No callback is sent."""

import asyncio
import json
from random import Random
from typing import Any

from wecom_simulator.admin import JSON, NotFound, Order, admin
from wecom_simulator.relations import MUTUAL, STATE_NAMES
from wecom_simulator.tag_library import tag_rows
from wecom_simulator.world import LETTERS, World

CHUNK = 20_000  # rows between two moments at which other calls get their turn
SURNAMES = "王李张刘陈杨黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
NICKS = (
    "清风徐来",
    "平安是福",
    "云淡风轻",
    "阳光",
    "小雨",
    "山里人",
    "岁月静好",
    "大海",
    "知足常乐",
    "向日葵",
    "老船长",
    "一路顺风",
    "家和万事兴",
    "快乐每一天",
    "木子",
    "荷塘月色",
    "追风",
)


@admin("POST", "departments")
def make_departments(order: Order) -> JSON:
    """`departments: [{id?, name, parentid=1, order=0, name_en?, department_leader?}]` → ids."""
    world, ids = order.world, []
    for one in order.need("departments"):
        id = one.get("id") or world.store.value("SELECT coalesce(max(id), 0) + 1 FROM department")
        world.store.run(
            "INSERT INTO department (id, name, name_en, parentid, ord, leaders) "
            "VALUES (?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, "
            "name_en = excluded.name_en, parentid = excluded.parentid, ord = excluded.ord, "
            "leaders = excluded.leaders",
            id,
            one["name"],
            one.get("name_en", ""),
            one.get("parentid", 0 if id == 1 else 1),
            one.get("order", 0),
            json.dumps(one.get("department_leader", [])),
        )
        ids.append(id)
    world.directory.forget()
    return {"ids": ids}


@admin("POST", "departments/delete")
def delete_departments(order: Order) -> JSON:
    for id in order.need("ids"):
        order.world.store.run("DELETE FROM department WHERE id = ? AND id <> 1", id)
    order.world.directory.forget()
    return {}


MEMBER_DEFAULTS: JSON = {
    "name": "",
    "status": 1,
    "customer_contact": 1,
    "departments": [1],
    "leads": [],
    "orders": [],
    "position": "",
    "mobile": "",
    "gender": "0",
    "email": "",
    "alias": "",
    "telephone": "",
    "direct_leader": [],
}
MEMBER_NAMES = {"department": "departments", "is_leader_in_dept": "leads", "order": "orders"}


@admin("POST", "members")
def make_members(order: Order) -> JSON:
    """`members: [{userid, name, department: [ids], status, mobile, customer_contact, …}]`.

    Names as in user/get. A userid that exists is changed in the fields given.
    """
    world = order.world
    for one in order.need("members"):
        wanted = {MEMBER_NAMES.get(k, k): v for k, v in one.items() if k != "userid"}
        if unknown := set(wanted) - set(MEMBER_DEFAULTS):
            raise ValueError(f"a member has no {', '.join(sorted(unknown))}")
        old = world.store.one("SELECT 1 FROM member WHERE userid = ?", one["userid"])
        if old is None:
            full = {**MEMBER_DEFAULTS, "name": one["userid"], **wanted}
            world.store.run("INSERT INTO member (userid, name) VALUES (?, '')", one["userid"])
        else:
            full = wanted
        for name, value in full.items():
            world.store.run(
                f"UPDATE member SET {name} = ? WHERE userid = ?",  # noqa: S608 - names checked above
                json.dumps(value) if isinstance(value, list) else value,
                one["userid"],
            )
    world.directory.forget()
    return {"count": len(order.need("members"))}


@admin("POST", "residents")
def make_residents(order: Order) -> JSON:
    """`residents: [{external_userid?, name, gender?, type?, unionid?, avatar?, position?,
    corp_name?, corp_full_name?}]` → their ids. The last three with type 2.
    """
    world = order.world
    rows = [
        (
            one.get("external_userid") or world.mint("wm", 30),
            one["name"],
            one.get("type", 1),
            one.get("gender", 0),
            one.get("unionid"),
            one.get("avatar"),
        )
        for one in order.need("residents")
    ]
    world.store.many(
        "INSERT INTO person (external_userid, name, type, gender, unionid, avatar) "
        "VALUES (?,?,?,?,?,?) ON CONFLICT (external_userid) DO UPDATE SET name = excluded.name, "
        "type = excluded.type, gender = excluded.gender, unionid = excluded.unionid, "
        "avatar = excluded.avatar",
        rows,
    )
    world.store.many(
        "INSERT OR REPLACE INTO person_work SELECT id, ?, ?, ? FROM person "
        "WHERE external_userid = ?",
        [
            (*(one.get(k, "") for k in ("position", "corp_name", "corp_full_name")), row[0])
            for one, row in zip(order.need("residents"), rows, strict=True)
            if one.get("type") == 2
        ],
    )
    return {"external_userids": [row[0] for row in rows]}


@admin("POST", "relations")
def make_relations(order: Order) -> JSON:
    """`relations: [{userid, external_userid, status="mutual", remark?, description?,
    remark_mobiles?, add_way?, state?, createtime?, last_chat_at?, tags?: [tag ids]}]` → count.

    A pair that exists is replaced. Send some ten thousand at a time.
    """
    world = order.world
    members = {r["userid"].lower(): r for r in world.store.all("SELECT id, userid FROM member")}
    wanted = order.need("relations")
    persons = _persons(world, {one["external_userid"] for one in wanted})
    tags = tag_rows(world)
    rows, tagged = [], []
    for one in wanted:
        member = members.get(one["userid"].lower())
        person = persons.get(one["external_userid"])
        if member is None or person is None:
            raise NotFound(f"no such pair: {one['userid']}, {one['external_userid']}")
        rows.append(_relation(world, one, member["id"], person))
        for tag_id in one.get("tags", ()):
            if tag_id not in tags:
                raise NotFound(f"no tag {tag_id}")
            tagged.append((member["id"], person, tags[tag_id]))
    _insert_relations(world, rows)
    world.store.many("INSERT OR IGNORE INTO relation_tag VALUES (?,?,?)", tagged)
    return {"count": len(rows)}


@admin("POST", "generate")
async def generate(order: Order) -> JSON:
    """`{relations: n, seed=1, prefix?, members?: [userids], createtime?}`: n new residents, each
    the customer of one member, dealt out in blocks so that every member has about the same.
    """
    world = order.world
    userids = order.get("members")
    members = [
        row["id"]
        for row in world.store.all(
            "SELECT id, userid FROM member WHERE customer_contact ORDER BY id"
        )
        if userids is None or row["userid"] in userids
    ]
    if not members:
        raise ValueError("no member with customer contact")
    total = int(order.need("relations"))
    base = int(order.get("createtime", world.now() - 30 * 86_400))
    first = int(world.store.value("SELECT coalesce(max(id), 0) + 1 FROM person"))
    # Asked for more with the same seed, it must not draw the same people again.
    random = Random(f"generate {order.get('seed', 1)}/{first}")  # noqa: S311
    for start in range(0, total, CHUNK):
        numbers = range(start, min(start + CHUNK, total))
        people = [
            (first + n, _external_userid(random), _nick(random), random.choice((0, 1, 2)))
            for n in numbers
        ]
        world.store.many(
            "INSERT INTO person (id, external_userid, name, gender) VALUES (?,?,?,?)", people
        )
        world.store.many(
            "INSERT INTO relation (member, person, state, remark, createtime) VALUES (?,?,?,?,?)",
            [
                (
                    members[n * len(members) // total],
                    first + n,
                    MUTUAL,
                    people[n - start][2],
                    base + n % 2_592_000,
                )
                for n in numbers
            ],
        )
        world.commit()
        await asyncio.sleep(0)
    return {"count": total}


def _persons(world: World, external_userids: set[str]) -> dict[str, int]:
    found = {}
    for external_userid in external_userids:
        row = world.store.one("SELECT id FROM person WHERE external_userid = ?", external_userid)
        if row is not None:
            found[external_userid] = int(row[0])
    return found


def _relation(world: World, one: JSON, member: int, person: int) -> tuple[Any, ...]:
    mobiles = one.get("remark_mobiles")
    return (
        member,
        person,
        STATE_NAMES.index(one.get("status", "mutual")),
        one.get("remark", ""),
        one.get("description", ""),
        json.dumps(mobiles) if mobiles else None,
        one.get("add_way", 1),
        one.get("state"),
        int(one.get("createtime", world.now())),
        one.get("last_chat_at"),
    )


def _insert_relations(world: World, rows: list[tuple[Any, ...]]) -> None:
    world.store.many(
        "INSERT OR REPLACE INTO relation (member, person, state, remark, description, mobiles, "
        "add_way, way_state, createtime, last_chat_at) VALUES (?,?,?,?,?,?,?,?,?,?)",
        rows,
    )


def _external_userid(random: Random) -> str:
    return "wm" + "".join(random.choices(LETTERS, k=30))


def _nick(random: Random) -> str:
    if random.random() < 0.6:
        return random.choice(NICKS)
    return random.choice(SURNAMES) + random.choice(("先生", "女士", "姐", "哥", "叔", "小妹"))
