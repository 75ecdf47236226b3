"""Tags of members in the address book (docs 90210-90216), which are not those of customers."""

import json
import sqlite3

from wecom_simulator.calls import JSON, Call, api
from wecom_simulator.refusals import Refused


@api("tag/create")
def create(call: Call) -> JSON:
    name = call.required("tagname")
    if call.world.store.value("SELECT 1 FROM member_tag WHERE name = ?", name):
        raise Refused(40071)
    tagid = call.number("tagid") or None
    if call.world.store.value("SELECT 1 FROM member_tag WHERE tagid = ?", tagid):
        raise Refused(40068)
    return {
        "tagid": call.world.store.add(
            "INSERT INTO member_tag (tagid, name) VALUES (?, ?)", tagid, name
        )
    }


@api("tag/update")
def update(call: Call) -> JSON:
    tag = _tag(call)
    if call.world.store.value(
        "SELECT 1 FROM member_tag WHERE name = ? AND tagid <> ?", call.text("tagname"), tag["tagid"]
    ):
        raise Refused(40071)
    call.world.store.run(
        "UPDATE member_tag SET name = ? WHERE tagid = ?", call.required("tagname"), tag["tagid"]
    )
    return {}


@api("tag/delete")
def delete(call: Call) -> JSON:
    call.world.store.run("DELETE FROM member_tag WHERE tagid = ?", _tag(call)["tagid"])
    return {}


@api("tag/list", empty={"taglist": []})
def list_all(call: Call) -> JSON:
    rows = call.world.store.all("SELECT tagid, name FROM member_tag ORDER BY tagid")
    return {"taglist": [{"tagid": row["tagid"], "tagname": row["name"]} for row in rows]}


@api("tag/get", empty={"userlist": [], "partylist": []})
def get(call: Call) -> JSON:
    tag = _tag(call)
    visible = call.world.directory.visible_members(call.app)
    rows = [call.world.directory.member(userid) for userid in json.loads(tag["userids"])]
    return {
        "tagname": tag["name"],
        "userlist": [
            {"userid": row["userid"], "name": row["name"]}
            for row in rows
            if row is not None and row["id"] in visible
        ],
        "partylist": json.loads(tag["parties"]),
    }


@api("tag/addtagusers")
def add_users(call: Call) -> JSON:
    return _change(call, adding=True)


@api("tag/deltagusers")
def remove_users(call: Call) -> JSON:
    return _change(call, adding=False)


def _change(call: Call, *, adding: bool) -> JSON:
    """Partly unknown userids are named in `invalidlist`; only unknown ones are refused."""
    tag = _tag(call)
    held: list[str] = json.loads(tag["userids"])
    good, bad = [], []
    for userid in call.strings("userlist", at_most=1000):
        row = call.world.directory.member(userid)
        if row is None:
            bad.append(userid)
        else:
            good.append(str(row["userid"]))
    if bad and not good:
        raise Refused(40031)
    new = (
        [*held, *(one for one in good if one not in held)]
        if adding
        else [one for one in held if one not in good]
    )
    call.world.store.run(
        "UPDATE member_tag SET userids = ? WHERE tagid = ?", json.dumps(new), tag["tagid"]
    )
    return {"invalidlist": "|".join(bad).lower()} if bad else {}


def _tag(call: Call) -> sqlite3.Row:
    row = call.world.store.one("SELECT * FROM member_tag WHERE tagid = ?", call.number("tagid"))
    if row is None:
        raise Refused(40068)
    return row
