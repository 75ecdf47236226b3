"""Admin calls that let residents, members and the console administrator act."""

import json
import sqlite3
from typing import Any

from wecom_simulator import cards, chatting, friendships, mass_messages, sending, tag_library
from wecom_simulator.admin import JSON, NotFound, Order, admin
from wecom_simulator.contact_ways import behind
from wecom_simulator.playing import Play, play
from wecom_simulator.relations import external_ids
from wecom_simulator.routing import everyone_of
from wecom_simulator.telling import tell_tag


@admin("POST", "acts/scan")
def scan(order: Order) -> JSON:
    """A resident scans a code: `config_id` of a contact way, or a member's own (`userid`).

    With `resident: {name, gender?}` instead of `external_userid` a new one comes. `half: true`:
    the member has yet to confirm. `accepted: false`: the request waits (also by skip_verify).
    """
    person = _person_or_new(order)
    state, accepted = str(order.get("state", "")), bool(order.get("accepted", True))
    if config_id := order.get("config_id"):
        way = order.world.store.one("SELECT * FROM contact_way WHERE config_id = ?", config_id)
        if way is None:
            raise NotFound(f"no contact way {config_id}")
        fields = json.loads(way["fields"])
        choice = behind(order.world, way)
        if not choice:
            raise ValueError("nobody is behind this code")
        member = _chosen(order, choice)
        state = fields.get("state", "")
        accepted = accepted and bool(fields.get("skip_verify", True))
    else:
        member = _member(order)
    done = friendships.apply(
        order.world, member, person, state=state, half=bool(order.get("half")), accepted=accepted
    )
    return {**done, "userid": member["userid"], "external_userid": person["external_userid"]}


@admin("POST", "acts/add")
def add(order: Order) -> JSON:
    """A member looks a resident up (`add_way`, default 2 = by phone); `accepted: false` waits."""
    person = _person_or_new(order)
    member = _member(order)
    done = friendships.apply(
        order.world,
        member,
        person,
        accepted=bool(order.get("accepted", True)),
        add_way=int(order.get("add_way", 2)),
        by_member=True,
    )
    return {**done, "userid": member["userid"], "external_userid": person["external_userid"]}


@admin("POST", "acts/accept")
def accept(order: Order) -> JSON:
    return friendships.accept(order.world, _member(order), _person(order))


@admin("POST", "acts/resident-deletes")
def resident_deletes(order: Order) -> JSON:
    return friendships.delete_by_resident(order.world, _member(order), _person(order))


@admin("POST", "acts/member-deletes")
def member_deletes(order: Order) -> JSON:
    return friendships.delete_by_member(order.world, _member(order), _person(order))


@admin("POST", "acts/edit")
def edit(order: Order) -> JSON:
    """`remark?, description?, remark_mobiles?, add_tag?, remove_tag?`, as done in the client."""
    return friendships.edit(
        order.world,
        _member(order),
        _person(order),
        remark=order.get("remark"),
        description=order.get("description"),
        mobiles=order.get("remark_mobiles"),
        add_tags=order.get("add_tag"),
        remove_tags=order.get("remove_tag"),
    )


@admin("POST", "acts/chat")
def chat(order: Order) -> JSON:
    """`from`: "member" or "resident"; `text`."""
    if order.need("from") not in ("member", "resident"):
        raise ValueError("from is member or resident")
    return chatting.write(
        order.world,
        _member(order),
        _person(order),
        by_member=order.need("from") == "member",
        text=str(order.get("text", "")),
    )


@admin("POST", "acts/mass/open")
def open_mass(order: Order) -> JSON:
    """What waits for the member in 群发助手; opening is remembered."""
    member = _member(order)
    rows = sending.pending(order.world, member["id"])
    for row in rows:
        order.world.store.run(
            "UPDATE mass_task SET opened_at = coalesce(opened_at, ?) "
            "WHERE message = ? AND member = ?",
            order.world.now(),
            row["id"],
            member["id"],
        )
    return {
        "pending": [
            {
                "msgid": row["msgid"],
                "text": row["content"],
                "attachments": json.loads(row["attachments"]),
                "allow_select": bool(row["allow_select"]),
                "recipients": row["recipients"],
                "ignored": row["ignored_at"] is not None,
            }
            for row in rows
        ]
    }


@admin("POST", "acts/mass/confirm")
def confirm_mass(order: Order) -> JSON:
    """The member taps send: one `msgid`, or all that wait; `external_userids` is a selection."""
    world, member = order.world, _member(order)
    only = order.get("external_userids")
    chosen = None if only is None else set(external_ids(world, only).values())
    waiting = [row["msgid"] for row in sending.pending(world, member["id"])]
    total = {"sent": 0, "not_a_friend": 0, "over_quota": 0}
    msgids = [order.get("msgid")] if order.get("msgid") else waiting
    for msgid in msgids:
        counts = sending.confirm(world, member["id"], msgid, only=chosen)
        total["sent"] += counts[sending.SENT]
        total["not_a_friend"] += counts[sending.NOT_A_FRIEND]
        total["over_quota"] += counts[sending.OVER_QUOTA]
    return {"messages": len(msgids), **total}


@admin("POST", "acts/mass/ignore")
def ignore_mass(order: Order) -> JSON:
    changed = order.world.store.run(
        "UPDATE mass_task SET ignored_at = ? WHERE member = ? AND send_time IS NULL AND message = "
        "(SELECT id FROM mass_message WHERE msgid = ?)",
        order.world.now(),
        _member(order)["id"],
        order.need("msgid"),
    )
    return {"ignored": changed}


@admin("POST", "acts/mass/personal")
def personal_mass(order: Order) -> JSON:
    """The member sends to own customers (all, or `external_userids`): create_type 1."""
    world, member = order.world, _member(order)
    pairs = everyone_of(world, member["id"]).pairs
    if (only := order.get("external_userids")) is not None:
        wanted = set(external_ids(world, only).values())
        pairs = [pair for pair in pairs if pair[1] in wanted]
    if not pairs:
        raise ValueError("no customer to send to")
    msgid = mass_messages.record(
        world,
        agentid=0,
        creator=member["userid"],
        text=str(order.need("text")),
        attachments=[],
        allow_select=False,
        pairs=pairs,
        ready_at=world.now(),
    )
    counts = sending.confirm(world, member["id"], msgid)
    return {
        "msgid": msgid,
        "sent": counts[sending.SENT],
        "not_a_friend": counts[sending.NOT_A_FRIEND],
        "over_quota": counts[sending.OVER_QUOTA],
    }


@admin("POST", "acts/card")
def press_card(order: Order) -> JSON:
    """The member presses `key` on the card `msgid`; `selected?: {question_key: [option ids]}`."""
    return cards.press(
        order.world,
        _member(order),
        order.need("msgid"),
        order.need("key"),
        selected=order.get("selected"),
    )


@admin("POST", "acts/tags")
def console_tags(order: Order) -> JSON:
    """The administrator works in the console: one of create {group_name, tags: [names], order?},
    edit {id, name?, order?}, delete {tag_id?: [], group_id?: []}, shuffle {group_id}.
    """
    world = order.world
    if wanted := order.get("create"):
        known = world.store.value(
            "SELECT 1 FROM tag_group WHERE name = ? AND NOT deleted", wanted["group_name"]
        )
        group, tags = tag_library.create(
            world,
            agentid=0,
            group_id="",
            group_name=wanted["group_name"],
            order=wanted.get("order"),
            tags=[{"name": name} for name in wanted["tags"]],
        )
        if not known:
            tell_tag(world, "create", id=group["group_id"], tag_type="tag_group")
        for tag in tags:
            tell_tag(world, "create", id=tag["tag_id"], tag_type="tag")
        return {"group_id": group["group_id"], "tags": {t["name"]: t["tag_id"] for t in tags}}
    if wanted := order.get("edit"):
        kind = tag_library.edit(
            world, id=wanted["id"], agentid=0, name=wanted.get("name"), order=wanted.get("order")
        )
        tell_tag(world, "update", id=wanted["id"], tag_type=kind)
        return {}
    if wanted := order.get("delete"):
        return _delete_tags(order, wanted)
    if (wanted := order.get("shuffle")) is not None:
        tell_tag(world, "shuffle", id=wanted.get("group_id", ""), tag_type="tag_group")
        return {}
    raise ValueError("create, edit, delete or shuffle")


@admin("POST", "play")
def play_on(order: Order) -> JSON:
    """A seeded stretch of everyday life; see `playing.Play` for the fields."""
    return play(order.world, Play(**order.body))


def _delete_tags(order: Order, wanted: Any) -> JSON:
    """Deleting a group is told once, not once per tag."""
    tag_ids, group_ids = wanted.get("tag_id", []), wanted.get("group_id", [])
    vanished = tag_library.delete(order.world, tag_ids=tag_ids, group_ids=group_ids, agentid=0)
    for tag_id in tag_ids:
        tell_tag(order.world, "delete", id=tag_id, tag_type="tag")
    for group_id in vanished:
        tell_tag(order.world, "delete", id=group_id, tag_type="tag_group")
    return {"vanished_groups": vanished}


def _member(order: Order) -> sqlite3.Row:
    userid = order.need("userid")
    row = order.world.directory.member(userid)
    if row is None:
        raise NotFound(f"no member {userid}")
    return row


def _person(order: Order) -> sqlite3.Row:
    external_userid = order.need("external_userid")
    row = order.world.store.one("SELECT * FROM person WHERE external_userid = ?", external_userid)
    if row is None:
        raise NotFound(f"no resident {external_userid}")
    return row


def _person_or_new(order: Order) -> sqlite3.Row:
    new = order.get("resident")
    if new is None:
        return _person(order)
    external_userid = new.get("external_userid") or order.world.mint("wm", 30)
    order.world.store.run(
        "INSERT INTO person (external_userid, name, gender) VALUES (?,?,?)",
        external_userid,
        new["name"],
        new.get("gender", 0),
    )
    order.body["external_userid"] = external_userid
    return _person(order)


def _chosen(order: Order, members: list[sqlite3.Row]) -> sqlite3.Row:
    """The member named, if behind the code; else any of them."""
    if userid := order.get("userid"):
        for row in members:
            if row["userid"].lower() == userid.lower():
                return row
        raise ValueError(f"{userid} is not behind this code")
    return order.world.random.choice(members)
