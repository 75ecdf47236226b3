"""Departments, members and their tags as an app reads them (docs 90195-90210)."""

import json
import sqlite3

from wecom_simulator.calls import JSON, Call, api, cursor_at
from wecom_simulator.refusals import Refused
from wecom_simulator.world import CONTACT_SYNC


@api("department/list", empty={"department": []})
def department_list(call: Call) -> JSON:
    return {"department": [_department(row) for row in _departments(call)]}


@api("department/simplelist", contact_sync=True, empty={"department_id": []})
def department_simplelist(call: Call) -> JSON:
    return {
        "department_id": [
            {"id": row["id"], "parentid": row["parentid"], "order": row["ord"]}
            for row in _departments(call)
        ]
    }


@api("department/get", empty={"department": {}})
def department_get(call: Call) -> JSON:
    return {"department": _department(_one_department(call, call.number("id")))}


@api("user/get")
def user_get(call: Call) -> JSON:
    member = call.visible_member(call.required("userid", 40003))
    return _member(call, member)


@api("user/list", empty={"userlist": []})
def user_list(call: Call) -> JSON:
    return {"userlist": [_member(call, row) for row in _members(call)]}


@api("user/simplelist", empty={"userlist": []})
def user_simplelist(call: Call) -> JSON:
    return {
        "userlist": [
            {"userid": r["userid"], "name": r["name"], "department": json.loads(r["departments"])}
            for r in _members(call)
        ]
    }


@api("user/list_id", contact_sync=True, empty={"dept_user": []})
def user_list_id(call: Call) -> JSON:
    """One row per member and department, by pages; for the secret of 通讯录同步 alone."""
    if call.agentid != CONTACT_SYNC:
        raise Refused(48002)
    limit, offset = call.page_size(default=10_000, top=10_000), call.offset()
    rows = call.world.store.all(
        "SELECT userid, value AS department FROM member, json_each(departments) "
        "WHERE status <> 5 ORDER BY member.id, value LIMIT ? OFFSET ?",
        limit + 1,
        offset,
    )
    return {
        "next_cursor": cursor_at(offset + limit) if len(rows) > limit else "",
        "dept_user": [dict(row) for row in rows[:limit]],
    }


@api("user/getuserid")
def user_getuserid(call: Call) -> JSON:
    mobile = call.required("mobile")
    userid = call.world.store.value("SELECT userid FROM member WHERE mobile = ?", mobile)
    if userid is None:
        raise Refused(46004)
    return {"userid": userid}


@api("agent/get")
def agent_get(call: Call) -> JSON:
    """Only the calling app itself."""
    if call.number("agentid") != call.agentid:
        raise Refused(40056)
    app = call.app
    return {
        "agentid": app["agentid"],
        "name": app["name"],
        "square_logo_url": "",
        "description": "",
        "allow_userinfos": {
            "user": [{"userid": userid} for userid in json.loads(app["scope_users"])]
        },
        "allow_partys": {"partyid": json.loads(app["scope_parties"])},
        "allow_tags": {"tagid": []},
        "close": 0,
        "redirect_domain": (json.loads(app["trusted_domains"]) or [""])[0],
        "report_location_flag": 0,
        "isreportenter": 0,
        "home_url": "",
    }


@api("agent/list", empty={"agentlist": []})
def agent_list(call: Call) -> JSON:
    one = {"agentid": call.agentid, "name": call.app["name"], "square_logo_url": ""}
    return {"agentlist": [one]}


def _departments(call: Call) -> list[sqlite3.Row]:
    """The one asked for and all below, or the whole visible tree; only those in scope."""
    world = call.world
    shown = world.directory.visible_departments(call.app)
    root = call.number("id")
    if root:
        _one_department(call, root)
        shown &= world.directory.below({root})
    rows = world.store.all("SELECT * FROM department ORDER BY id")
    return [row for row in rows if row["id"] in shown]


def _one_department(call: Call, id: int) -> sqlite3.Row:
    row = call.world.store.one("SELECT * FROM department WHERE id = ?", id)
    if row is None:
        raise Refused(60003)
    if id not in call.world.directory.visible_departments(call.app):
        raise Refused(60011)
    return row


def _department(row: sqlite3.Row) -> JSON:
    return {
        "id": row["id"],
        "name": row["name"],
        "name_en": row["name_en"],
        "department_leader": json.loads(row["leaders"]),
        "parentid": row["parentid"],
        "order": row["ord"],
    }


def _members(call: Call) -> list[sqlite3.Row]:
    """Direct members of one department; the private edition also knows `fetch_child`."""
    world = call.world
    id = call.number("department_id")
    if not id:
        raise Refused(60123)
    _one_department(call, id)
    deep = world.private and call.number("fetch_child") == 1
    rows = world.directory.members_in(world.directory.below({id}) if deep else {id})
    visible = world.directory.visible_members(call.app)
    return [row for row in rows if row["id"] in visible and row["status"] != 5]


def _member(call: Call, row: sqlite3.Row) -> JSON:
    """What this app may know. Private WeCom shows only the userid and what its console allows."""
    departments = json.loads(row["departments"])
    leads = json.loads(row["leads"]) or [0] * len(departments)
    found = {
        "userid": row["userid"],
        "name": row["name"],
        "department": departments,
        "order": json.loads(row["orders"]) or [0] * len(departments),
        "position": row["position"],
        "is_leader_in_dept": leads,
        "direct_leader": json.loads(row["direct_leader"]),
        "telephone": row["telephone"],
        "alias": row["alias"],
        "main_department": departments[0] if departments else 1,
        "status": row["status"],
        "external_position": "",
        "extattr": {"attrs": []},
    }
    if not call.app["since_2022"]:
        avatar = f"https://wework.qpic.cn/simulated/{row['userid']}/0"
        found |= {
            "mobile": row["mobile"],
            "gender": row["gender"],
            "email": row["email"],
            "biz_mail": "",
            "avatar": avatar,
            "thumb_avatar": avatar,
            "address": "",
            "qr_code": f"https://open.work.weixin.qq.com/wwopen/userQRCode?vcode={row['id']}",
        }
    if call.world.private:
        found |= {
            "positions": [row["position"]],
            "hide_mobile": 0,
            "country_code": "86",
            "english_name": "",
            "enable": int(row["status"] == 1),
            "biz_mail_alias": [],
        }
        allowed = call.world.settings.private_member_fields
        if "*" not in allowed:
            found = {k: v for k, v in found.items() if k == "userid" or k in allowed}
    return found
