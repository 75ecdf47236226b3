"""The way in for tests and drills, outside /cgi-bin/: JSON in, JSON out. See README.md."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from wecom_simulator.refusals import Refused
from wecom_simulator.world import World

JSON = dict[str, Any]


class NotFound(Exception):
    """What the admin call names does not exist."""


@dataclass
class Order:
    """One admin call. Fields are read through the methods, which say what is missing."""

    world: World
    body: JSON
    path: dict[str, Any]
    query: dict[str, str]

    def get(self, name: str, default: Any = None) -> Any:
        if name in self.path:
            return self.path[name]
        return self.body.get(name, self.query.get(name, default))

    def need(self, name: str) -> Any:
        value = self.get(name)
        if value is None:
            raise ValueError(f"{name} is missing")
        return value


Act = Callable[[Order], JSON | Awaitable[JSON]]
ROUTES: list[Route] = []


def admin(method: str, path: str) -> Callable[[Act], Act]:
    """Register an admin call; its changes are kept when it returns, dropped when it raises."""

    def register(act: Act) -> Act:
        async def endpoint(request: Request) -> JSONResponse:
            return await _carried_out(act, request)

        ROUTES.append(Route("/admin/" + path, endpoint, methods=[method]))
        return act

    return register


async def _carried_out(act: Act, request: Request) -> JSONResponse:
    world: World = request.app.state.world
    raw = await request.body()
    try:
        body = json.loads(raw) if raw.strip() else {}
        if not isinstance(body, dict):
            raise ValueError("the body must be a JSON object")
        order = Order(world, body, dict(request.path_params), dict(request.query_params))
        found = act(order)
        answer = found if isinstance(found, dict) else await found
        world.commit()
    except Exception as failure:
        world.rollback()
        world.directory.forget()  # it may hold what was just rolled back
        return _refused(failure)
    return JSONResponse(answer)


def _refused(failure: Exception) -> JSONResponse:
    if isinstance(failure, NotFound):
        return JSONResponse({"error": str(failure)}, status_code=404)
    if isinstance(failure, Refused):
        return JSONResponse({"error": failure.text(), "errcode": failure.errcode}, status_code=409)
    if isinstance(failure, ValueError | KeyError | TypeError):
        return JSONResponse({"error": str(failure)}, status_code=400)
    raise failure
