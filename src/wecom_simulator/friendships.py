"""What residents and members do to each other in their clients. Apps hear of it by callback."""

import sqlite3

from wecom_simulator import behaviour, welcome
from wecom_simulator.calls import JSON
from wecom_simulator.relations import (
    APPLIED,
    DELETED_BY_CUSTOMER,
    DELETED_BY_MEMBER,
    HALF,
    MUTUAL,
    note,
)
from wecom_simulator.tag_library import mark
from wecom_simulator.telling import tell_contact
from wecom_simulator.world import World

BY_QR = 1


class NotPossible(ValueError):
    """The two are not in a state where this can happen."""


def apply(
    world: World,
    member: sqlite3.Row,
    person: sqlite3.Row,
    *,
    state: str = "",
    half: bool = False,
    accepted: bool = True,
    add_way: int = BY_QR,
    by_member: bool = False,
) -> JSON:
    """One adds the other. Not accepted: the request waits. Half: the resident may already write.

    Who were friends all along stay so, without an event.
    """
    old = find(world, member, person)
    if old is not None and old["state"] == MUTUAL:
        return {"event": None, "status": "mutual"}
    if by_member:
        behaviour.count(world, member["id"], new_apply=1)
    world.store.run(
        "INSERT OR REPLACE INTO relation (member, person, state, remark, add_way, way_state, "
        "oper_userid, createtime) VALUES (?,?,?,?,?,?,?,?)",
        member["id"],
        person["id"],
        APPLIED,
        person["name"],
        add_way,
        state or None,
        member["userid"] if by_member else person["external_userid"],
        int(world.now()),
    )
    if half:
        return _begin(world, member, person, HALF, "add_half_external_contact")
    if accepted:
        return accept(world, member, person)
    return {"event": None, "status": "none"}


def accept(world: World, member: sqlite3.Row, person: sqlite3.Row) -> JSON:
    """A waiting or half relation becomes mutual. Raises `NotPossible`."""
    row = find(world, member, person)
    if row is None or row["state"] not in (APPLIED, HALF):
        raise NotPossible("there is no request to accept")
    behaviour.count(world, member["id"], new_contact=1)
    return _begin(world, member, person, MUTUAL, "add_external_contact")


def delete_by_resident(world: World, member: sqlite3.Row, person: sqlite3.Row) -> JSON:
    """The member keeps a one-way relation that the API still lists."""
    _need(world, member, person, MUTUAL)
    _set_state(world, member, person, DELETED_BY_CUSTOMER)
    behaviour.count(world, member["id"], negative=1)
    return _tell(world, "del_follow_user", member, person)


def delete_by_member(world: World, member: sqlite3.Row, person: sqlite3.Row) -> JSON:
    """The relation is gone, with its tags."""
    _need(world, member, person, MUTUAL, DELETED_BY_CUSTOMER)
    _set_state(world, member, person, DELETED_BY_MEMBER)
    world.store.run(
        "DELETE FROM relation_tag WHERE member = ? AND person = ?", member["id"], person["id"]
    )
    return _tell(world, "del_external_contact", member, person)


def edit(
    world: World,
    member: sqlite3.Row,
    person: sqlite3.Row,
    *,
    remark: str | None = None,
    description: str | None = None,
    mobiles: list[str] | None = None,
    add_tags: list[str] | None = None,
    remove_tags: list[str] | None = None,
) -> JSON:
    """The member changes remark, phones or tags in the client. `None` leaves as it is."""
    _need(world, member, person, MUTUAL, DELETED_BY_CUSTOMER)
    note(world, member["id"], person["id"], remark=remark, description=description, mobiles=mobiles)
    mark(world, member["id"], person["id"], add=add_tags or [], remove=remove_tags or [])
    return _tell(world, "edit_external_contact", member, person)


def find(world: World, member: sqlite3.Row, person: sqlite3.Row) -> sqlite3.Row | None:
    return world.store.one(
        "SELECT * FROM relation WHERE member = ? AND person = ?", member["id"], person["id"]
    )


def _begin(world: World, member: sqlite3.Row, person: sqlite3.Row, state: int, change: str) -> JSON:
    _set_state(world, member, person, state)
    row = find(world, member, person)
    code = (
        ""
        if _met_before(world, member, person)
        else welcome.issue(world, member["id"], person["id"])
    )
    told = _tell(
        world, change, member, person, State=(row and row["way_state"]) or "", WelcomeCode=code
    )
    return {**told, "welcome_code": code, "status": "half" if state == HALF else "mutual"}


def _met_before(world: World, member: sqlite3.Row, person: sqlite3.Row) -> bool:
    """Welcomed or chatting since this relation began: then no (further) code is given."""
    return bool(
        world.store.value(
            "SELECT 1 FROM chat JOIN relation ON relation.member = chat.member "
            "AND relation.person = chat.person WHERE chat.person = ? AND chat.member = ? "
            "AND chat.at >= relation.createtime",
            person["id"],
            member["id"],
        )
    )


def _set_state(world: World, member: sqlite3.Row, person: sqlite3.Row, state: int) -> None:
    world.store.run(
        "UPDATE relation SET state = ? WHERE member = ? AND person = ?",
        state,
        member["id"],
        person["id"],
    )


def _need(world: World, member: sqlite3.Row, person: sqlite3.Row, *states: int) -> None:
    row = find(world, member, person)
    if row is None or row["state"] not in states:
        raise NotPossible("the two are not in contact")


def _tell(
    world: World, change: str, member: sqlite3.Row, person: sqlite3.Row, **extra: str
) -> JSON:
    tell_contact(world, change, member=member, external_userid=person["external_userid"], **extra)
    return {"event": change}
