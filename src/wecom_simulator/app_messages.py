"""Messages of an app to members (doc 90236), kept in each member's inbox."""

import hashlib
import json
import sqlite3

from wecom_simulator import cards
from wecom_simulator.calls import JSON, Call, api
from wecom_simulator.media import check_usable
from wecom_simulator.refusals import Refused
from wecom_simulator.world import World

PER_MINUTE, PER_HOUR = 30, 1_000
TEXT_BYTES = 2_048
WITH_MEDIA = ("image", "voice", "video", "file")
KINDS = ("text", "textcard", "markdown", "news", "mpnews", "template_card", *WITH_MEDIA)
DUPLICATE_SECONDS, DUPLICATE_SECONDS_MOST = 1_800, 4 * 3_600
RECALL_SECONDS = 86_400


@api("message/send", uncounted=True)
def message_send(call: Call) -> JSON:
    """Errcode 0 also when copies are dropped, because a member got too many or is out of scope."""
    world = call.world
    if call.number("agentid") != call.agentid:
        raise Refused(40056)
    kind, content = _content(call)
    digest = _digest(call)
    if digest and (earlier := _sent_before(call, digest)) is not None:
        return earlier
    members, bad_users, bad_parties, bad_tags = _recipients(call)
    if not members:
        raise Refused(81013)
    _spend_daily(call, len(members))
    msgid = world.mint("", 64)
    answer: JSON = {
        "msgid": msgid,
        "invaliduser": "|".join(userid.lower() for userid in bad_users),
        "invalidparty": "|".join(bad_parties),
        "invalidtag": "|".join(bad_tags),
        "unlicenseduser": "",
    }
    code = None
    if kind == "template_card":
        cards.take_task_id(world, call.agentid, content, msgid)
        if cards.answers(content):
            code = answer["response_code"] = cards.issue_code(world, msgid)
    for member in members:
        if not _too_many(world, call.agentid, member["id"]):
            world.store.run(
                "INSERT INTO app_message (msgid, agentid, member, msgtype, content, at, "
                "response_code) VALUES (?,?,?,?,?,?,?)",
                msgid,
                call.agentid,
                member["id"],
                kind,
                json.dumps(content, ensure_ascii=False),
                world.now(),
                code,
            )
    if digest:
        world.store.run(
            "INSERT OR REPLACE INTO app_message_digest VALUES (?,?,?)",
            digest,
            world.now(),
            json.dumps(answer),
        )
    return answer


@api("message/recall")
def message_recall(call: Call) -> JSON:
    row = call.world.store.one("SELECT * FROM app_message WHERE msgid = ?", call.required("msgid"))
    if row is None or row["agentid"] != call.agentid:
        raise Refused(40058, "msgid")
    if call.world.now() > row["at"] + RECALL_SECONDS:
        raise Refused(42052)
    call.world.store.run("UPDATE app_message SET recalled = 1 WHERE msgid = ?", row["msgid"])
    return {}


def _content(call: Call) -> tuple[str, JSON]:
    """Raises `Refused` 40008 for an unknown kind, 44004 or 40058 for what is missing in it."""
    kind = call.required("msgtype", 40008)
    if kind not in KINDS:
        raise Refused(40008)
    content = dict(call.inside(kind))
    if kind in ("text", "markdown"):
        if not content.get("content"):
            raise Refused(44004)
        whole = str(content["content"]).encode()
        content["content"] = whole[:TEXT_BYTES].decode(errors="ignore")
    elif kind == "textcard":
        if not all(content.get(name) for name in ("title", "description", "url")):
            raise Refused(40058, "textcard")
        content["title"] = str(content["title"])[:128]
        content["description"] = str(content["description"])[:512]
    elif kind in WITH_MEDIA:
        check_usable(call.world, str(content.get("media_id", "")))
    elif kind == "template_card":
        cards.check(call, content)
    return kind, content


def _recipients(call: Call) -> tuple[list[sqlite3.Row], list[str], list[str], list[str]]:
    """Members to get it; userids that are none or out of scope; likewise parties; likewise tags."""
    directory = call.world.directory
    visible = directory.visible_members(call.app)
    touser = call.text("touser")
    parties = [one for one in call.text("toparty").split("|") if one]
    tags = [one for one in call.text("totag").split("|") if one]
    if not touser and not parties and not tags:
        raise Refused(82001)
    if len(tags) > 100:
        raise Refused(82003)
    if len(parties) > 100:
        raise Refused(82002)
    if touser == "@all":
        rows = call.world.store.all("SELECT * FROM member WHERE status = 1 ORDER BY id")
        return [row for row in rows if row["id"] in visible], [], [], []
    userids = [one for one in touser.split("|") if one]
    if len(userids) > 1000:
        raise Refused(40058, "touser")
    members: dict[int, sqlite3.Row] = {}
    bad_users, bad_parties = [], []
    for userid in userids:
        row = directory.member(userid)
        if row is None or row["id"] not in visible or row["status"] != 1:
            bad_users.append(userid)
        else:
            members[row["id"]] = row
    shown = directory.visible_departments(call.app)
    for party in parties:
        if not party.isdigit() or int(party) not in shown:
            bad_parties.append(party)
            continue
        for row in directory.members_in(directory.below({int(party)})):
            if row["id"] in visible and row["status"] == 1:
                members[row["id"]] = row
    bad_tags = []
    for tag in tags:
        held = call.world.store.value("SELECT userids FROM member_tag WHERE tagid = ?", tag)
        if held is None:
            bad_tags.append(tag)
        for userid in json.loads(held or "[]"):
            row = directory.member(userid)
            if row is not None and row["id"] in visible and row["status"] == 1:
                members[row["id"]] = row
    return list(members.values()), bad_users, bad_parties, bad_tags


def _too_many(world: World, agentid: int, member: int) -> bool:
    """Whether this member's share of the app's messages is used up; then WeCom drops silently."""
    scale = world.settings.scale_limits
    if not scale:
        return False
    for seconds, cap in ((60, PER_MINUTE), (3600, PER_HOUR)):
        seen = world.store.value(
            "SELECT count(*) FROM app_message WHERE member = ? AND agentid = ? AND at > ?",
            member,
            agentid,
            world.now() - seconds,
        )
        if seen >= cap * scale:
            return True
    return False


def _spend_daily(call: Call, people: int) -> None:
    world = call.world
    cap = world.settings.message_account_cap or world.store.value("SELECT count(*) FROM member")
    world.limits.spend(
        f"message {call.agentid}",
        ((86_400, cap * 200),),
        scale=world.settings.scale_limits,
        now=world.now(),
        amount=people,
    )


def _digest(call: Call) -> str:
    if call.number("enable_duplicate_check") != 1:
        return ""
    whole = json.dumps([call.agentid, call.body], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def _sent_before(call: Call, digest: str) -> JSON | None:
    """The answer of the same message within the interval asked for."""
    seconds = call.number("duplicate_check_interval", DUPLICATE_SECONDS)
    row = call.world.store.one("SELECT * FROM app_message_digest WHERE digest = ?", digest)
    if row is None or call.world.now() > row["at"] + min(seconds, DUPLICATE_SECONDS_MOST):
        return None
    found: JSON = json.loads(row["answer"])
    return found
