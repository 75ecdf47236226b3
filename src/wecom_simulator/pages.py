"""The few pages a person sees: what members and residents have on their phones, and signing in.

They stand for WeCom and WeChat, so they look like neither our product nor a website.
"""

import json
from datetime import datetime
from html import escape
from importlib.resources import files
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from wecom_simulator import sending, signing_in
from wecom_simulator.admin_truth import received
from wecom_simulator.clock import CHINA
from wecom_simulator.media import expired
from wecom_simulator.relations import STATE_NAMES
from wecom_simulator.world import World

SHOWN = 200  # rows on a page; a search finds the rest
STATES = dict(zip(STATE_NAMES, ("待通过", "待确认", "好友", "被对方删除", "已删除"), strict=True))
STYLE = files("wecom_simulator").joinpath("pages.css").read_text("utf-8")


async def members(request: Request) -> Response:
    """The list of members, with what waits for each."""
    world: World = request.app.state.world
    search = request.query_params.get("q", "")
    rows = world.store.all(
        "SELECT member.*, (SELECT count(*) FROM relation WHERE member = member.id) AS contacts "
        "FROM member WHERE userid LIKE ? OR name LIKE ? ORDER BY id LIMIT ?",
        *[f"%{search}%"] * 2,
        SHOWN,
    )
    items = "".join(
        f'<li><a href="/members/{quote(row["userid"])}">{escape(row["name"])}</a> '
        f"<small>{escape(row['userid'])} · {row['contacts']} 位客户 · "
        f"{len(sending.pending(world, row['id']))} 条待发送</small></li>"
        for row in rows
    )
    found = (
        f'<section><form><input name="q" value="{escape(search)}" aria-label="查找成员"> '
        f"<button>查找</button></form></section>"
        f"<section><h2>成员</h2><ul>{items or '<li>没有成员</li>'}</ul></section>"
    )
    return _page("企业微信（模拟）", found)


async def member(request: Request) -> Response:
    """One member's WeCom: waiting mass messages with a send button, app messages, customers."""
    world: World = request.app.state.world
    row = world.directory.member(request.path_params["userid"])
    if row is None:
        return PlainTextResponse("没有这个成员", status_code=404)
    tasks = "".join(
        f'<li><div class="bubble">{escape(one["content"])}</div>'
        f"{_hanging(world, json.loads(one['attachments']))}"
        f"<small>发给 {one['recipients']} 位客户{'，可调整范围' if one['allow_select'] else ''}"
        f'</small><form method="post" action="/members/{quote(row["userid"])}/send">'
        f'<input type="hidden" name="msgid" value="{escape(one["msgid"])}">'
        f"<button>发送</button></form></li>"
        for one in sending.pending(world, row["id"])
    )
    letters = "".join(
        f"<li>{_app_message(world, one['msgtype'], json.loads(one['content']))}"
        f"<small>{_at(one['at'])}</small></li>"
        for one in world.store.all(
            "SELECT * FROM app_message WHERE member = ? AND NOT recalled ORDER BY id DESC LIMIT ?",
            row["id"],
            SHOWN,
        )
    )
    customers = "".join(
        f'<li><a href="/residents/{quote(one["external_userid"])}">'
        f"{escape(one['remark'] or one['name'])}</a> "
        f"<small>{escape(one['name'])} · {STATES[STATE_NAMES[one['state']]]}</small></li>"
        for one in world.store.all(
            "SELECT relation.*, name, external_userid FROM relation "
            "CROSS JOIN person ON person.id = person WHERE member = ? LIMIT ?",
            row["id"],
            SHOWN,
        )
    )
    return _page(
        f"{row['name']} 的企业微信",
        _list("群发助手", tasks, "没有待发送的群发")
        + _list("应用消息", letters, "没有消息")
        + _list("客户联系", customers, "还没有客户"),
        back=True,
    )


async def send(request: Request) -> Response:
    """The member taps 发送."""
    world: World = request.app.state.world
    row = world.directory.member(request.path_params["userid"])
    form = await request.form()
    if row is None:
        return PlainTextResponse("没有这个成员", status_code=404)
    try:
        sending.confirm(world, row["id"], str(form.get("msgid", "")))
    except sending.NothingToSend:
        return PlainTextResponse("这条群发已发送或已撤销", status_code=409)
    world.commit()
    return RedirectResponse(f"/members/{quote(row['userid'])}", status_code=303)


async def resident(request: Request) -> Response:
    """One resident's WeChat: what came, and from which member."""
    world: World = request.app.state.world
    row = world.store.one(
        "SELECT * FROM person WHERE external_userid = ?", request.path_params["external_userid"]
    )
    if row is None:
        return PlainTextResponse("没有这个微信用户", status_code=404)
    messages = "".join(
        f'<li><div class="bubble">{escape(one["text"])}</div>'
        f"{_hanging(world, one['attachments'])}"
        f"<small>{escape(one['userid'])} · {_at(one['at'])}</small></li>"
        for one in reversed(received(world, row["id"]))
    )
    return _page(
        f"{row['name']} 的微信", _list("收到的消息", messages, "没有消息"), back=True, wechat=True
    )


async def authorize(request: Request) -> Response:
    """OAuth and QR sign-in: pick who you are, or be `auto_userid` or `auto_external_userid`."""
    world: World = request.app.state.world
    query = request.query_params
    redirect_uri, state = query.get("redirect_uri", ""), query.get("state", "")
    agentid = int(query["agentid"]) if query.get("agentid", "").isdigit() else world.corp.agentid
    app = world.store.one("SELECT * FROM app WHERE agentid = ? AND enabled", agentid)
    if query.get("appid") != world.corp.corpid or app is None:
        return _page("无法登录", "<section>appid 或 agentid 不正确</section>", status=400)
    if not signing_in.trusted(json.loads(app["trusted_domains"]), redirect_uri):
        return _page(
            "无法登录", "<section>redirect_uri 不是可信域名（50001）</section>", status=400
        )
    private = query.get("scope") == "snsapi_privateinfo"
    userid, visitor = query.get("auto_userid", ""), query.get("auto_external_userid", "")
    if userid or visitor:
        code = signing_in.code_for(
            world, agentid, userid=userid, external_userid=visitor, private=private
        )
        world.commit()
        return RedirectResponse(signing_in.back_to(redirect_uri, code, state), status_code=302)
    fixed = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in query.items()
        if name != "q"
    )
    search = query.get("q", "")
    rows = world.store.all(
        "SELECT userid, name FROM member WHERE status = 1 AND (userid LIKE ? OR name LIKE ?) "
        "ORDER BY id LIMIT 50",
        *[f"%{search}%"] * 2,
    )
    items = "".join(
        f"<li><form>{fixed}<button name='auto_userid' value='{escape(row['userid'])}'>"
        f"{escape(row['name'])}</button> <small>{escape(row['userid'])}</small></form></li>"
        for row in rows
    )
    finder = (
        f'<section><form>{fixed}<input name="q" value="{escape(search)}" aria-label="查找成员"> '
        "<button>查找</button></form></section>"
    )
    return _page(f"登录 {app['name']}", finder + _list("以谁的身份登录", items, "没有成员"))


async def media(request: Request) -> Response:
    """An uploaded file, as the phone shows it; gone when its three days are over."""
    world: World = request.app.state.world
    row = world.store.one("SELECT * FROM media WHERE media_id = ?", request.path_params["media_id"])
    if row is None or expired(world, row["created_at"]):
        return PlainTextResponse("文件已过期", status_code=404)
    headers = {"X-Content-Type-Options": "nosniff", "Content-Disposition": "inline"}
    if row["type"] != "image":
        headers["Content-Disposition"] = f"attachment; filename*=utf-8''{quote(row['filename'])}"
    kind = row["content_type"] if row["type"] == "image" else "application/octet-stream"
    return Response(row["content"], media_type=kind, headers=headers)


def _hanging(world: World, attachments: list[dict[str, object]]) -> str:
    """What came with a message, each in a bubble of its own."""
    return "".join(_attachment(world, one) for one in attachments)


def _attachment(world: World, one: dict[str, object]) -> str:
    kind = str(one.get("msgtype", ""))
    given = one.get(kind)
    inner = given if isinstance(given, dict) else {}
    if kind == "link":
        url = str(inner.get("url", ""))
        target = escape(url) if url.startswith(("http://", "https://")) else ""
        name, said = escape(str(inner.get("title", ""))), escape(str(inner.get("desc", "")))
        return f'<div class="bubble"><a href="{target}">{name}</a><br>{said}</div>'
    media_id = str(inner.get("media_id") or inner.get("pic_media_id") or "")
    title = f"小程序 {escape(str(inner.get('title', '')))}<br>" if kind == "miniprogram" else ""
    return f'<div class="bubble">{title}{_file(world, media_id)}</div>'


def _file(world: World, media_id: str) -> str:
    row = world.store.one("SELECT type, filename FROM media WHERE media_id = ?", media_id)
    if row is None:
        return "文件已过期"
    address, name = f"/media/{quote(media_id)}", escape(row["filename"] or row["type"])
    if row["type"] == "image":
        return f'<img src="{address}" alt="{name}">'
    return f'<a href="{address}">{name}</a>'


def _app_message(world: World, kind: str, content: dict[str, object]) -> str:
    """Text, a file, or a card whose title leads to its page."""
    if content.get("media_id"):
        return f'<div class="bubble">{_file(world, str(content["media_id"]))}</div>'
    inner = content.get("main_title")
    heading = inner.get("title", "") if isinstance(inner, dict) else content.get("title", "")
    words = content.get("content") or content.get("description") or content.get("sub_title_text")
    action = content.get("card_action")
    url = str(action.get("url", "") if isinstance(action, dict) else content.get("url", ""))
    found = f"<strong>{escape(str(heading))}</strong><br>" if heading else ""
    found += f'<div class="bubble">{escape(str(words or kind))}</div>'
    if url.startswith(("http://", "https://")):
        found += f'<a href="{escape(url)}">打开</a> '
    return found


def _at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, CHINA).strftime("%m-%d %H:%M:%S")


def _list(title: str, items: str, nothing: str) -> str:
    return f"<section><h2>{title}</h2><ul>{items or f'<li>{nothing}</li>'}</ul></section>"


def _page(
    title: str, body: str, *, back: bool = False, wechat: bool = False, status: int = 200
) -> Response:
    kind = ' class="wx"' if wechat else ""
    link = '<a href="/">全部成员</a> · ' if back else ""
    return HTMLResponse(
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
        f"<header{kind}>{link}{escape(title)}</header><main>{body}</main></html>",
        status_code=status,
    )


ROUTES = [
    Route("/", members),
    Route("/members/{userid}", member),
    Route("/members/{userid}/send", send, methods=["POST"]),
    Route("/residents/{external_userid}", resident),
    Route("/media/{media_id}", media),
    Route("/connect/oauth2/authorize", authorize),
    Route("/wwlogin/sso/login", authorize),
    Route("/wwopen/sso/qrConnect", authorize),
]
