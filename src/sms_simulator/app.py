"""The gateway as one process: `python -m sms_simulator`.

POST /v1/messages  {"messages": [{"id", "to", "text"}]}  at most 100; an id is sent once
POST /v1/reports   {"ids": [...]}                        what became of them
Both signed: X-Time, and X-Signature = hex HMAC-SHA256 of "TIME\\n" + body, five minutes valid.
/admin/…  what a test or a drill wants different, and the truth; no signature, this machine only.
"""

import argparse
import hashlib
import hmac
import json
import socket
import time
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sms_simulator.mailbox import MOST_AT_ONCE, Mailbox, Message

VALID_SECONDS = 300
FAULTS = ("http_500", "http_401", "accepted_no_reply", "cut_body")


class World:
    """One gateway: its key, its mailbox, and the faults that wait for the next calls."""

    def __init__(self, secret: str) -> None:
        self.secret = secret.encode()
        self.mailbox = Mailbox()
        self.faults: list[str] = []

    def is_signed(self, request: Request, body: bytes) -> bool:
        at = request.headers.get("X-Time", "")
        if not at.isdigit() or abs(time.time() - int(at)) > VALID_SECONDS:
            return False
        wanted = hmac.new(self.secret, f"{at}\n".encode() + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(wanted, request.headers.get("X-Signature", ""))


async def messages(request: Request) -> Response:
    world: World = request.app.state.world
    body = await request.body()
    if not world.is_signed(request, body):
        return JSONResponse({"error": "signature"}, status_code=401)
    fault = world.faults.pop(0) if world.faults else ""
    if fault in ("http_500", "http_401"):
        return JSONResponse({"error": fault}, status_code=int(fault[-3:]))
    try:
        rows = json.loads(body)["messages"]
        given = [(str(row["id"]), str(row["to"]), str(row["text"])) for row in rows]
    except (ValueError, KeyError, TypeError):
        return JSONResponse({"error": "body"}, status_code=400)
    if len(given) > MOST_AT_ONCE:
        return JSONResponse({"error": "too many"}, status_code=400)
    taken = [world.mailbox.accept(*row, at=time.time()) for row in given]
    if fault == "accepted_no_reply":
        return JSONResponse({"error": "gateway timeout"}, status_code=504)
    if fault == "cut_body":
        return Response('{"results": [{"id": "', media_type="application/json")
    return JSONResponse({"results": [_shown(one) for one in taken]})


async def reports(request: Request) -> Response:
    world: World = request.app.state.world
    body = await request.body()
    if not world.is_signed(request, body):
        return JSONResponse({"error": "signature"}, status_code=401)
    found = [world.mailbox.state_of(str(id), at=time.time()) for id in json.loads(body)["ids"]]
    return JSONResponse({"results": [_shown(one) for one in found if one is not None]})


async def settings(request: Request) -> Response:
    """delivery_seconds, switched_off, refused (lists of numbers), faults (kinds, in order)."""
    world: World = request.app.state.world
    wanted: dict[str, Any] = await request.json()
    if unknown := [fault for fault in wanted.get("faults", []) if fault not in FAULTS]:
        return JSONResponse({"error": f"no fault is called {unknown[0]}"}, status_code=400)
    world.faults += wanted.get("faults", [])
    world.mailbox.switched_off |= set(wanted.get("switched_off", []))
    world.mailbox.refused |= set(wanted.get("refused", []))
    world.mailbox.delivery_seconds = float(
        wanted.get("delivery_seconds", world.mailbox.delivery_seconds)
    )
    return JSONResponse({})


async def truth(request: Request) -> Response:
    """Every message, as the phones have it; `sent` counts how often the client sent its id."""
    world: World = request.app.state.world
    return JSONResponse({"messages": world.mailbox.truth(at=time.time())})


def _shown(message: Message) -> dict[str, str]:
    return {"id": message.id, "state": message.state, "reason": message.reason}


def application(world: World) -> Starlette:
    app = Starlette(
        routes=[
            Route("/v1/messages", messages, methods=["POST"]),
            Route("/v1/reports", reports, methods=["POST"]),
            Route("/admin/settings", settings, methods=["POST"]),
            Route("/admin/truth", truth, methods=["GET"]),
        ]
    )
    app.state.world = world
    return app


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="sms_simulator", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8200, help="0: a free one")
    parser.add_argument("--secret", default="only-a-simulator", help="the key that signs calls")
    parser.add_argument("--json", action="store_true", help="print one line of JSON when ready")
    options = parser.parse_args(argv)
    listener = socket.create_server(("127.0.0.1", options.port), backlog=128)
    here = f"http://127.0.0.1:{listener.getsockname()[1]}"
    facts = {"base_url": f"{here}/v1", "admin_url": f"{here}/admin", "secret": options.secret}
    if options.json:
        print(json.dumps(facts), flush=True)  # noqa: T201  whoever started it reads this line
    else:
        print(f"SMS gateway simulator: {facts['base_url']}  key: {options.secret}")  # noqa: T201
    server = uvicorn.Server(
        uvicorn.Config(application(World(options.secret)), log_level="warning", access_log=False)
    )
    server.run(sockets=[listener])
    return 0
