"""The simulator as one process: `python -m wecom_simulator`."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

# Importing a module puts its paths into the catalogue or among the admin calls.
from wecom_simulator import (  # noqa: F401
    address_book,
    admin_acts,
    admin_corp,
    admin_people,
    admin_truth,
    app_messages,
    behaviour,
    cards,
    contact_ways,
    jssdk,
    mass_messages,
    media,
    member_tags,
    relations,
    signing_in,
    tag_library,
    tokens,
    welcome,
)
from wecom_simulator.admin import ROUTES as ADMIN
from wecom_simulator.answering import answer
from wecom_simulator.connections import TrackedProtocol
from wecom_simulator.options import Options, parsed
from wecom_simulator.pages import ROUTES as PAGES
from wecom_simulator.way_pictures import ROUTES as WAY_PICTURES
from wecom_simulator.world import World


def application(world: World) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        delivery = asyncio.create_task(world.outbox.run())
        yield
        delivery.cancel()
        with suppress(asyncio.CancelledError):
            await delivery
        world.outbox.close()
        world.close()

    # Any method everywhere: WeCom answers a GET on a POST path with a parameter error, not 405.
    app = Starlette(
        routes=[
            Route("/cgi-bin/{api:path}", answer, methods=["GET", "POST"]),
            *ADMIN,
            *PAGES,
            *WAY_PICTURES,
        ],
        lifespan=lifespan,
    )
    app.state.world = world
    return app


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; state is kept in the data directory."""
    options = parsed(argv)
    listener = socket.create_server((options.host, options.port), backlog=1024)
    # asyncio does this only for sockets that name their protocol; else each answer waits 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    world = World(options)
    server = uvicorn.Server(
        uvicorn.Config(
            application(world),
            http=TrackedProtocol,
            loop="asyncio",
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
    )

    def stop(*_: object) -> None:
        """Before uvicorn listens to signals, and when it raises them again after its end."""
        server.should_exit = True

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, stop)
    print(_greeting(world, listener.getsockname()[1]), flush=True)  # noqa: T201
    server.run(sockets=[listener])
    return 0


def _greeting(world: World, port: int) -> str:
    options: Options = world.options
    host = "127.0.0.1" if options.host in ("0.0.0.0", "") else options.host  # noqa: S104
    origin = f"http://{host}:{port}"
    facts = {
        "base_url": f"{origin}/cgi-bin/",
        "corpid": world.corp.corpid,
        "agentid": world.corp.agentid,
        "secret": world.corp.secret,
        "token": world.corp.token,
        "encoding_aes_key": world.corp.encoding_aes_key,
        "contact_sync_secret": world.corp.contact_sync_secret,
        "admin_url": f"{origin}/admin/",
        "authorize_url": f"{origin}/connect/oauth2/authorize",
        "qr_login_url": f"{origin}/wwlogin/sso/login",
        "page_url": f"{origin}/",
        "pid": os.getpid(),
    }
    if options.json:
        return json.dumps(facts)
    return "\n".join(f"{name:17} {value}" for name, value in facts.items())
