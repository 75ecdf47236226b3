"""Template cards: what WeCom takes, how an app changes them, and members pressing them."""

import json
import re
import sqlite3

from wecom_simulator.calls import JSON, Call, api
from wecom_simulator.envelope import Value
from wecom_simulator.refusals import Refused
from wecom_simulator.telling import tell_app
from wecom_simulator.world import World

NOTICES = ("text_notice", "news_notice")
INTERACTIVE = ("button_interaction", "vote_interaction", "multiple_interaction")
MOST = {
    "horizontal_content_list": 6,
    "jump_list": 3,
    "vertical_content_list": 4,
    "button_list": 6,
    "select_list": 3,
}
CODE_SECONDS = 72 * 3600
_TASK_ID = re.compile(r"[0-9A-Za-z_\-@]{1,128}")


class NotPressable(ValueError):
    """The member has no such card, or it has no live button of that key."""


def check(call: Call, card: JSON) -> None:
    """Raises `Refused`: 42014 task_id, 42019 card_type, 43012 without callback URL, 40058."""
    kind = card.get("card_type")
    if kind not in (*NOTICES, *INTERACTIVE):
        raise Refused(42019, "card_type")
    for name, most in MOST.items():
        entries = card.get(name) or []
        if not isinstance(entries, list) or len(entries) > most:
            raise Refused(40058, name)
    if kind in NOTICES and not card.get("card_action"):
        raise Refused(40058, "card_action is missing")
    if not isinstance(card.get("action_menu") or {}, dict):
        raise Refused(40058, "action_menu")
    if "action_menu" in card and not 1 <= len(_keys(card["action_menu"], "action_list")) <= 3:
        raise Refused(40058, "action_list")
    if (answers(card) or "task_id" in card) and not _TASK_ID.fullmatch(str(card.get("task_id"))):
        raise Refused(42014, "task_id")
    if answers(card) and not call.app["callback_url"]:
        raise Refused(43012)


def answers(card: JSON) -> bool:
    """Whether a member can press something that the app hears of."""
    return bool(card.get("action_menu")) or card.get("card_type") in INTERACTIVE


def take_task_id(world: World, agentid: int, card: JSON, msgid: str) -> None:
    """Raises `Refused` 42014 for a task_id that the app has used before."""
    if "task_id" in card and not world.store.run(
        "INSERT OR IGNORE INTO card_task VALUES (?,?,?)", agentid, card["task_id"], msgid
    ):
        raise Refused(42014, "task_id")


def issue_code(world: World, msgid: str) -> str:
    """A response_code, good for one update."""
    code = world.mint("", 43)
    world.store.run("INSERT INTO card_code VALUES (?,?,?)", code, msgid, world.now())
    return code


@api("message/update_template_card")
def update_template_card(call: Call) -> JSON:
    """Once per response_code and within 72 hours (doc 94888)."""
    world = call.world
    if call.number("agentid") != call.agentid:
        raise Refused(40056)
    code = call.required("response_code", 42015)
    issued = world.store.one("SELECT * FROM card_code WHERE code = ?", code)
    if issued is None or world.now() > issued["issued_at"] + CODE_SECONDS:
        raise Refused(42015, "response_code")
    rows = world.store.all(
        "SELECT app_message.*, userid FROM app_message JOIN member ON member.id = member "
        "WHERE msgid = ? AND agentid = ?",
        issued["msgid"],
        call.agentid,
    )
    if not rows:
        raise Refused(42015, "response_code")
    card, dead = call.inside("template_card"), call.inside("button").get("replace_name")
    if not card and not dead:
        raise Refused(40058, "button, template_card")
    if card:
        check(call, card)
    chosen, unreached = _addressed(call, rows)
    for row in chosen:
        content = card or {**json.loads(row["content"]), "replaced": str(dead)}
        world.store.run(
            "UPDATE app_message SET content = ? WHERE id = ?",
            json.dumps(content, ensure_ascii=False),
            row["id"],
        )
    world.store.run("DELETE FROM card_code WHERE code = ?", code)
    world.store.run("UPDATE app_message SET response_code = NULL WHERE response_code = ?", code)
    return {"invaliduser": unreached}


def press(
    world: World,
    member: sqlite3.Row,
    msgid: str,
    key: str,
    *,
    selected: dict[str, list[str]] | None = None,
) -> JSON:
    """The member presses a button, a submit or a menu entry; the app hears of it (doc 90240).

    `selected`: option ids by question_key. Raises `NotPressable`.
    """
    row = world.store.one(
        "SELECT * FROM app_message WHERE msgid = ? AND member = ? AND msgtype = 'template_card' "
        "AND NOT recalled",
        msgid,
        member["id"],
    )
    card: JSON = json.loads(row["content"]) if row is not None else {}
    in_menu = key in _keys(card.get("action_menu"), "action_list")
    on_face = key in _keys(card, "button_list") or key == _key(card.get("submit_button"))
    if row is None or "replaced" in card or not (in_menu or on_face):
        raise NotPressable(f"no card of {member['userid']} has a live button {key}")
    code = issue_code(world, msgid)
    fields: list[tuple[str, Value]] = [
        ("EventKey", key),
        ("TaskId", str(card.get("task_id", ""))),
        ("CardType", str(card["card_type"])),
        ("ResponseCode", code),
    ]
    if selected:
        items = [_selected_item(question, ids) for question, ids in selected.items()]
        fields.append(("SelectedItems", items))
    event = "template_card_menu_event" if in_menu and not on_face else "template_card_event"
    tell_app(world, row["agentid"], event, member, fields)
    return {"event": event, "response_code": code}


def _selected_item(question: str, ids: list[str]) -> tuple[str, Value]:
    options: list[tuple[str, Value]] = [("OptionId", id) for id in ids]
    return "SelectedItem", [("QuestionKey", question), ("OptionIds", options)]


def _addressed(call: Call, rows: list[sqlite3.Row]) -> tuple[list[sqlite3.Row], list[str]]:
    """Copies to change; userids named who have none."""
    if call.number("atall") == 1:
        return rows, []
    userids = {userid.lower() for userid in call.strings("userids", at_most=1000)}
    named = set(userids)
    for tag in call.numbers("tagids", at_most=100):
        held = call.world.store.value("SELECT userids FROM member_tag WHERE tagid = ?", tag)
        named |= {userid.lower() for userid in json.loads(held or "[]")}
    if parties := set(call.numbers("partyids", at_most=100)):
        directory = call.world.directory
        named |= {m["userid"].lower() for m in directory.members_in(directory.below(parties))}
    if not named:
        raise Refused(82001)
    chosen = [row for row in rows if row["userid"].lower() in named]
    return chosen, sorted(userids - {row["userid"].lower() for row in chosen})


def _keys(holder: object, name: str) -> list[str]:
    entries = holder.get(name) if isinstance(holder, dict) else None
    return [_key(one) for one in entries] if isinstance(entries, list) else []


def _key(button: object) -> str:
    return str(button.get("key", "")) if isinstance(button, dict) else ""
