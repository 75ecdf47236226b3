"""From an HTTP request below /cgi-bin/ to WeCom's answer: limits, token, faults, envelope."""

import asyncio
import json
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from wecom_simulator import tokens
from wecom_simulator.calls import CATALOGUE, JSON, Api, Binary, Call, Upload
from wecom_simulator.connections import Cut, CutBody
from wecom_simulator.faults import Fault
from wecom_simulator.limits import CORP_LIMITS, DEBUG_LIMITS, IP_LIMITS
from wecom_simulator.refusals import Refused
from wecom_simulator.world import CONTACT_SYNC, World

ADDRESS_BOOK = ("department/", "user/")  # details: not for 通讯录同步 from a new address

# Some gateway page in front of WeCom: a client must not take it for an answer.
GATEWAY_PAGE = (
    "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
)


async def answer(request: Request) -> Response:
    """The one endpoint for every API path."""
    world: World = request.app.state.world
    known = CATALOGUE.get(request.path_params["api"])
    if known is None or (world.private and known.customer_contact):
        return PlainTextResponse("404 page not found", status_code=404)
    fault = world.faults.next(known.path)
    if fault is None:
        return await _handled(world, known, request, None)
    return await _through(fault, world, known, request)


async def _through(fault: Fault, world: World, known: Api, request: Request) -> Response:
    if fault.kind == "slow":
        await asyncio.sleep(fault.delay_seconds)
    response: Response | None = None
    if fault.handles:
        response = await _handled(world, known, request, fault)
    elif fault.kind != "not_arrived":
        world.calls[(known.path, fault.errcode if fault.kind == "errcode" else -500)] += 1
    if fault.kind == "late_reply":
        await asyncio.sleep(fault.delay_seconds)
    if fault.kind in ("not_arrived", "arrived_no_reply"):
        return Cut()
    if fault.kind == "errcode":
        return _json(
            {"errcode": fault.errcode, "errmsg": Refused(fault.errcode).text(), **known.empty}
        )
    if fault.kind == "http_500":
        return PlainTextResponse("internal server error", status_code=500)
    if fault.kind == "html":
        return HTMLResponse(GATEWAY_PAGE, status_code=200)
    if fault.kind == "cut_body" and response is not None:
        return CutBody(bytes(response.body))
    return response or Cut()


async def _handled(world: World, known: Api, request: Request, fault: Fault | None) -> Response:
    """Count, check, handle, keep, answer. Nothing is awaited between handling and keeping."""
    settings = world.settings
    errcode = 0
    entered = False
    try:
        world.limits.enter(known.path, settings.concurrency_limit)
        entered = True
        body, upload = await _read(request)
        changed = [str(body.get(name)).lower() for name in known.changes]
        with world.limits.changing(changed):
            await asyncio.sleep(settings.latency_real_seconds)
        call = _checked(world, known, request, body, upload)
        found = known.handle(call)
        world.commit()
    except Refused as refusal:
        # Counters of limits live outside the store, so a rollback loses only the refused work.
        world.rollback()
        errcode = refusal.errcode
        return _json({"errcode": errcode, "errmsg": _said(world, refusal, request), **known.empty})
    except ClientDisconnect:
        return Cut()
    except BaseException:
        world.rollback()
        errcode = -500
        raise
    finally:
        world.calls[(known.path, errcode)] += 1
        if entered:
            world.limits.leave(known.path)
    if isinstance(found, Binary):
        return Response(found.content, status_code=found.status, headers=found.headers)
    return _json(_enveloped(world, known, call, found))


def _said(world: World, refusal: Refused, request: Request) -> str:
    """The errmsg, with what WeCom adds for its own support."""
    hint = world.random.randrange(10**17, 10**18)
    return f"{refusal.text()}, hint: [{hint}], from ip: {_address(request)}"


def _address(request: Request) -> str:
    forwarded = request.headers.get("x-forwarded-for")
    return forwarded or (request.client.host if request.client else "")


def _enveloped(world: World, known: Api, call: Call, found: JSON) -> JSON:
    omit = world.settings.omit_envelope
    if known.path in omit or "*" in omit:
        return found
    errmsg = "ok. Warning: wrong json format. " if call.wrong_types else "ok"
    return {"errcode": 0, "errmsg": errmsg, **found}


def _checked(world: World, known: Api, request: Request, body: JSON, upload: Upload | None) -> Call:
    """Raises `Refused`: too often, no valid token, a foreign address, a forbidden API."""
    query = dict(request.query_params)
    ip = _address(request)
    now, scale = world.now(), world.settings.scale_limits
    world.limits.check_not_locked_out(ip, now)
    if query.get("debug") == "1":
        world.limits.spend("debug", DEBUG_LIMITS, scale=1, now=now)
    if not known.uncounted:
        world.limits.spend(f"ip {ip} {known.path}", IP_LIMITS, scale=scale, now=now)
        world.limits.spend(f"corp {known.path}", CORP_LIMITS, scale=scale, now=now)
    app = tokens.app_for(world, query, ip=ip, login=known.open)
    if app["agentid"] == CONTACT_SYNC and not (known.contact_sync or known.open):
        raise Refused(48009 if known.path.startswith(ADDRESS_BOOK) else 48002)
    if known.customer_contact and not app["callable"]:
        raise Refused(48002)
    return Call(world, known.path, query, body, ip, app, upload, dict(request.headers))


async def _read(request: Request) -> tuple[JSON, Upload | None]:
    if request.method != "POST":
        return {}, None
    if request.headers.get("content-type", "").startswith("multipart/"):
        return {}, await _uploaded(request)
    raw = await request.body()
    try:
        found: Any = json.loads(raw) if raw.strip() else {}
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        found = {}  # WeCom then misses parameters; it does not speak of JSON
    return (found if isinstance(found, dict) else {}), None


async def _uploaded(request: Request) -> Upload | None:
    async with request.form(max_part_size=64 * 1024 * 1024) as form:
        for part in form.values():
            if not isinstance(part, str):
                return Upload(part.filename or "", part.content_type or "", await part.read())
    return None


def _json(found: JSON) -> Response:
    return Response(
        json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode(),
        media_type="application/json; charset=UTF-8",
    )
