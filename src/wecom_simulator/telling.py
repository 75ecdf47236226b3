"""Which app hears of what (docs 92129, 92130). Changes made through the API are told to nobody."""

import json
import sqlite3
from collections.abc import Sequence

from wecom_simulator import envelope
from wecom_simulator.world import World


def tell_contact(
    world: World, change: str, *, member: sqlite3.Row, external_userid: str, **extra: str
) -> None:
    """`change_external_contact` to every app that ticked it and sees the member.

    `extra`: State, WelcomeCode, Source, FailReason; empty ones are left out.
    """
    userid = member["userid"]
    fields: dict[str, str | int] = {
        "ChangeType": change,
        "UserID": userid.lower() if world.settings.lower_case_userids else userid,
        "ExternalUserID": external_userid,
        **{name: value for name, value in extra.items() if value},
    }
    for app in _listeners(world, "change_external_contact"):
        if member["id"] in world.directory.visible_members(app):
            _put(world, app, "change_external_contact", fields)


def tell_tag(world: World, change: str, *, id: str, tag_type: str) -> None:
    """`change_external_tag`; tag_type is "tag" or "tag_group"."""
    fields: dict[str, str | int] = {"Id": id, "TagType": tag_type, "ChangeType": change}
    for app in _listeners(world, "change_external_tag"):
        _put(world, app, "change_external_tag", fields)


def _listeners(world: World, event: str) -> list[sqlite3.Row]:
    if world.private:
        return []
    apps = world.store.all(
        "SELECT * FROM app WHERE enabled AND callable AND callback_url <> '' ORDER BY agentid"
    )
    return [app for app in apps if event in json.loads(app["ticks"])]


def _put(world: World, app: sqlite3.Row, event: str, fields: dict[str, str | int]) -> None:
    step = max(1, world.settings.callback_time_step)
    head: dict[str, str | int] = {
        "ToUserName": world.corp.corpid,
        "FromUserName": "sys",
        "CreateTime": int(world.now()) // step * step,
        "MsgType": "event",
        "Event": event,
    }
    world.outbox.put(app["agentid"], envelope.xml({**head, **fields}.items()))


def tell_app(
    world: World,
    agentid: int,
    event: str,
    member: sqlite3.Row,
    fields: Sequence[tuple[str, envelope.Value]],
) -> None:
    """What a member did in one app, told to that app alone (doc 90240)."""
    head: list[tuple[str, envelope.Value]] = [
        ("ToUserName", world.corp.corpid),
        ("FromUserName", member["userid"]),
        ("CreateTime", int(world.now())),
        ("MsgType", "event"),
        ("Event", event),
    ]
    app_only: tuple[str, envelope.Value] = ("AgentID", agentid)
    world.outbox.put(agentid, envelope.xml([*head, *fields, app_only]))
