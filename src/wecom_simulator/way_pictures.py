"""The pictures behind `qr_code`: WeCom serves them from another host, here they are at hand."""

import io

import segno
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from wecom_simulator.world import World

SCANNED = "https://work.weixin.qq.com/simulated/ca/{config_id}"  # what a phone would read


async def picture(request: Request) -> Response:
    world: World = request.app.state.world
    config_id = request.path_params["config_id"]
    if world.store.one("SELECT 1 FROM contact_way WHERE config_id = ?", config_id) is None:
        return PlainTextResponse("", status_code=404)
    return Response(drawn(SCANNED.format(config_id=config_id)), media_type="image/png")


def drawn(text: str) -> bytes:
    """A PNG, ten dots to a module."""
    content = io.BytesIO()
    segno.make(text, error="m", micro=False).save(content, kind="png", scale=10, border=4)
    return content.getvalue()


ROUTES = [Route("/simulated/{config_id}/0", picture)]
