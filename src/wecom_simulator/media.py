"""Files that messages carry: three days, and not from one scene into another (docs 90253-95098)."""

from wecom_simulator.calls import JSON, Binary, Call, Upload, api
from wecom_simulator.limits import UPLOADIMG_LIMITS
from wecom_simulator.refusals import Refused
from wecom_simulator.world import World

MIB = 1024 * 1024
CAPS = {"image": 10 * MIB, "voice": 2 * MIB, "video": 10 * MIB, "file": 20 * MIB}
RANGE_CAP = 20 * MIB
MESSAGES, ATTACHMENTS = "messages", "attachments"


@api("media/upload")
def upload(call: Call) -> JSON:
    """created_at is a string here and a number in upload_attachment."""
    kind = call.text("type")
    media_id, at = _keep(call, kind, MESSAGES, CAPS.get(kind))
    return {"type": kind, "media_id": media_id, "created_at": str(at)}


@api("media/upload_attachment", customer_contact=True)
def upload_attachment(call: Call) -> JSON:
    kind = call.text("media_type")
    if call.text("attachment_type") not in ("1", "2"):
        raise Refused(40058, "attachment_type")
    media_id, at = _keep(call, kind, ATTACHMENTS, 10 * MIB if kind in CAPS else None)
    return {"type": kind, "media_id": media_id, "created_at": at}


@api("media/uploadimg")
def uploadimg(call: Call) -> JSON:
    world = call.world
    world.limits.spend(
        "uploadimg", UPLOADIMG_LIMITS, scale=world.settings.scale_limits, now=world.now()
    )
    _sized(call.upload, least=5, most=2 * MIB)
    return {"url": f"https://wework.qpic.cn/wwpic/{world.mint('', 24)}/0"}


@api("media/get")
def media_get(call: Call) -> Binary:
    row = call.world.store.one(
        "SELECT * FROM media WHERE media_id = ?", call.required("media_id", 40007)
    )
    if row is None or expired(call.world, row["created_at"]):
        raise Refused(40007)
    headers = {
        "Content-Type": row["content_type"] or "application/octet-stream",
        "Content-Disposition": 'attachment; filename="media"',
        "Accept-Ranges": "bytes",
    }
    content: bytes = row["content"]
    wanted = call.headers.get("range", "")
    if not wanted.startswith("bytes="):
        return Binary(content, headers)
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    start = int(first) if first.isdigit() else 0
    end = min(int(last) if last.isdigit() else len(content) - 1, len(content) - 1)
    if end - start + 1 > RANGE_CAP:
        raise Refused(830002)
    headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
    return Binary(content[start : end + 1], headers, 206)


def check_usable(world: World, media_id: str) -> None:
    """Raises `Refused`: 40007 unknown or too old, 41072 uploaded for moments."""
    row = world.store.one("SELECT scene, created_at FROM media WHERE media_id = ?", media_id)
    if row is None or expired(world, row["created_at"]):
        raise Refused(40007)
    if row["scene"] != MESSAGES:
        raise Refused(41072)


def expired(world: World, created_at: float) -> bool:
    return world.now() > created_at + world.settings.media_seconds


def _keep(call: Call, kind: str, scene: str, cap: int | None) -> tuple[str, int]:
    if cap is None:
        raise Refused(40004)
    file = _sized(call.upload, least=6, most=cap)
    world = call.world
    media_id, at = world.mint("3", 62), int(world.now())
    world.store.run(
        "INSERT INTO media VALUES (?,?,?,?,?,?,?)",
        media_id,
        kind,
        file.filename,
        file.content_type,
        at,
        scene,
        file.content,
    )
    return media_id, at


def _sized(file: Upload | None, *, least: int, most: int) -> Upload:
    if file is None or len(file.content) < least:
        raise Refused(44001)
    if len(file.content) > most:
        raise Refused(45001)
    return file
