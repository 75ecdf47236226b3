"""The photo: checked, drawn anew so that nothing a camera wrote into it stays, sealed."""

import base64
import io
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core import pictures
from weijing.core.errors import DomainError
from weijing.requests.missing import looking_again, opening
from weijing.requests.models import MissingPerson, MissingPhoto
from weijing.residents.models import Resident

MAX_BYTES = 8 * 1024 * 1024
LONGEST_SIDE = 1280
QUALITY = 82


class NotAPhoto(DomainError):
    """Not a picture we read, too large, or broken."""


@transaction.atomic
def keep(
    missing: MissingPerson, data: bytes, *, by: Officer, scope: Scope, at: datetime
) -> MissingPhoto:
    """Keep this one photo, in place of earlier ones.

    Raises `PermissionDenied`, `NotThisStep`, `NotAPhoto`.
    """
    drawn, size = redrawn(data)
    missing = opening.opened(missing, *opening.OPEN, by=by, scope=scope)
    return _write(missing, drawn, size, by=by, at=at)


@transaction.atomic
def keep_of_family(
    missing: MissingPerson, data: bytes, *, by: Resident, at: datetime
) -> MissingPhoto:
    """From the page of the family member who reported it.

    Nobody sees it before an officer does; one that an officer looked at stays until then.

    Raises `NotThisStep`, `NotAPhoto`.
    """
    drawn, size = redrawn(data)
    locked = opening.locked_row(by.county_id, missing.pk)
    if locked.family_id != by.pk or locked.state not in opening.OPEN:
        raise opening.NotThisStep
    return _write(locked, drawn, size, by=None, at=at)


def redrawn(data: bytes) -> tuple[bytes, tuple[int, int]]:
    """A JPEG of at most 1280 pixels a side without metadata, and its (width, height).

    Raises `NotAPhoto`.
    """
    if not 0 < len(data) <= MAX_BYTES:
        raise NotAPhoto(f"没有保存：照片应在 {MAX_BYTES // 1024 // 1024} MB 以内，请换一张。")
    try:
        bare, _came_as = pictures.redrawn(data, longest_side=LONGEST_SIDE)
    except pictures.TooManyPixels as huge:
        raise NotAPhoto("没有保存：照片太大，请换一张小一点的。") from huge
    except pictures.UnreadablePicture as broken:
        raise NotAPhoto("没有保存：这不是能打开的照片，请用 JPG、PNG 或 WebP。") from broken
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue(), bare.size


def photo(missing: MissingPerson, *, waiting: bool = False) -> bytes:
    """The JPEG, or the one that waits to take its place; empty when there is none."""
    kept = _photos(missing).filter(is_waiting=waiting).first()
    return base64.b64decode(kept.data) if kept else b""


def has_photo(missing: MissingPerson) -> bool:
    return _photos(missing).exists()


def has_waiting(missing: MissingPerson) -> bool:
    """Whether the family gave a photo that no officer has looked at since."""
    kept = _photos(missing).filter(is_waiting=True).exists()
    return kept or (has_photo(missing) and not is_looked_at(missing))


def kept_id(missing: MissingPerson) -> int | None:
    """Of the photo that publishing would show; a new one has another."""
    return _photos(missing).order_by("-is_waiting").values_list("pk", flat=True).first()


def is_looked_at(missing: MissingPerson) -> bool:
    """Whether the photo in its place may be shown: an officer added it, or published it since."""
    kept = _photos(missing).filter(is_waiting=False).only("added_at", "added_by").first()
    if kept is None or missing.published_at is None:
        return False
    return kept.added_by_id is not None or kept.added_at < missing.published_at


def let_in(missing: MissingPerson) -> None:
    """The one that waits takes its place, when an officer publishes. Of a locked row."""
    if waiting := _photos(missing).filter(is_waiting=True).first():
        _photos(missing).filter(is_waiting=False).delete()
        _photos(missing).filter(pk=waiting.pk).update(is_waiting=False)


@transaction.atomic
def turn_down(missing: MissingPerson, *, by: Officer, scope: Scope, at: datetime) -> None:
    """It is not them, or worse than the one shown: the earlier photo stays.

    Raises `PermissionDenied`, `NotThisStep`.
    """
    missing = opening.opened(missing, *opening.OPEN, by=by, scope=scope)
    if not _photos(missing).filter(is_waiting=True).delete()[0]:
        raise opening.NotThisStep
    trail.record(by, "missing.photo_turned_down", missing, at=at)


def _photos(missing: MissingPerson) -> QuerySet[MissingPhoto]:
    return MissingPhoto.objects.filter(county_id=missing.county_id, missing=missing)


def _write(
    missing: MissingPerson, drawn: bytes, size: tuple[int, int], *, by: Officer | None, at: datetime
) -> MissingPhoto:
    waits = by is None and is_looked_at(missing)
    (_photos(missing).filter(is_waiting=True) if waits else _photos(missing)).delete()
    kept = MissingPhoto(
        county_id=missing.county_id, missing=missing, width=size[0], height=size[1],
        added_at=at, added_by=by, is_waiting=waits,
    )  # fmt: skip
    kept.data = base64.b64encode(drawn).decode()
    kept.save(force_insert=True)
    trail.record(by, "missing.photo_kept", missing, at=at, bytes=len(drawn))
    looking_again.after_change(missing, by=by, at=at)
    return kept
