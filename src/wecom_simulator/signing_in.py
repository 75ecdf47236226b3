"""OAuth inside WeCom and QR sign-in outside: codes, and what they tell (docs 91023, 95833)."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from wecom_simulator.calls import JSON, Call, api
from wecom_simulator.refusals import Refused
from wecom_simulator.world import World

USER_TICKET_SECONDS = 1_800


@api("auth/getuserinfo", uncounted=True)
def getuserinfo(call: Call) -> JSON:
    return _told(call)


@api("user/getuserinfo", uncounted=True)
def user_getuserinfo(call: Call) -> JSON:
    """The old path, still the only one in private editions: capitalised names."""
    told = _told(call)
    names = {"userid": "UserId", "openid": "OpenId"}
    return {**{names.get(k, k): v for k, v in told.items()}, "DeviceId": "simulated-device"}


@api("auth/getuserdetail")
def getuserdetail(call: Call) -> JSON:
    world = call.world
    row = world.store.one(
        "SELECT * FROM user_ticket WHERE ticket = ?", call.required("user_ticket", 84015)
    )
    if row is None:
        raise Refused(84015)
    if row["expires_at"] <= world.now():
        raise Refused(84014)
    member = call.visible_member(row["userid"])
    return {
        "userid": member["userid"],
        "gender": member["gender"],
        "mobile": member["mobile"],
        "email": member["email"],
        "biz_mail": "",
        "address": "",
        "avatar": f"https://wework.qpic.cn/simulated/{member['userid']}/0",
        "qr_code": f"https://open.work.weixin.qq.com/wwopen/userQRCode?vcode={member['id']}",
    }


def trusted(domains: list[str], redirect_uri: str) -> bool:
    """Whether host and port are exactly one of the app's trusted domains (none given: any)."""
    parts = urlsplit(redirect_uri)
    return parts.scheme in ("http", "https") and (not domains or parts.netloc in domains)


def code_for(
    world: World,
    agentid: int,
    *,
    userid: str = "",
    external_userid: str = "",
    private: bool = False,
) -> str:
    code = world.mint("", 43)
    openid = world.mint("o", 27) if external_userid else ""
    world.store.run(
        "INSERT INTO login_code (code, agentid, userid, external_userid, openid, private, "
        "issued_at) VALUES (?,?,?,?,?,?,?)",
        code,
        agentid,
        userid,
        external_userid,
        openid,
        int(private),
        world.now(),
    )
    return code


def back_to(redirect_uri: str, code: str, state: str) -> str:
    """The redirect with code and state added to whatever query it has."""
    parts = urlsplit(redirect_uri)
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("code", code), ("state", state)]
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", urlencode(query), ""))


def _told(call: Call) -> JSON:
    """Raises `Refused`: 40029 unknown or another app's, 42003 too old, 42022 used."""
    world = call.world
    row = world.store.one("SELECT * FROM login_code WHERE code = ?", call.required("code", 40029))
    if row is None or row["agentid"] != call.agentid:
        raise Refused(40029)
    if world.now() > row["issued_at"] + world.settings.code_seconds:
        raise Refused(42003)
    if row["used"]:
        raise Refused(42022)
    world.store.run("UPDATE login_code SET used = 1 WHERE code = ?", row["code"])
    if row["external_userid"]:
        return _visitor(call, row["openid"], row["external_userid"])
    found: JSON = {"userid": row["userid"]}
    member = world.directory.member(row["userid"])
    visible = world.directory.visible_members(call.app)
    if row["private"] and member is not None and member["id"] in visible:
        found["user_ticket"] = ticket = world.mint("", 64)
        world.store.run(
            "INSERT INTO user_ticket VALUES (?,?,?)",
            ticket,
            row["userid"],
            world.now() + USER_TICKET_SECONDS,
        )
    return found


def _visitor(call: Call, openid: str, external_userid: str) -> JSON:
    """A resident is named only when a follower is in the app's scope."""
    visible = call.world.directory.visible_members(call.app)
    rows = call.world.store.all(
        "SELECT member FROM customer JOIN person ON person.id = person WHERE external_userid = ?",
        external_userid,
    )
    if any(row["member"] in visible for row in rows):
        return {"openid": openid, "external_userid": external_userid}
    return {"openid": openid}
