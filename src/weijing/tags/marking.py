"""Writing the tags of waiting pairs to WeCom, a chunk of pairs at a time.

Threads call WeCom, which one after the other would stay far below its limit. What came of a chunk
is written with one commit; killed before it, its pairs are marked again, which is harmless.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from threading import Event

from django.db import connection, transaction

from wecom_api import errors
from wecom_api.client import WeCom
from weijing.core import clock
from weijing.core.logs import log
from weijing.residents import ordinals
from weijing.residents.models import Contact
from weijing.tags.models import Tag, TagAssignment, TagProjection
from weijing.tags.projecting import is_projected

CHUNK = 200
THREADS = 8
MAX_ATTEMPTS = 5
TAGS_PER_CALL = 100


def project_due(county_id: int, *, wecom: WeCom, at: datetime, limit: int = CHUNK) -> int:
    """Make WeCom equal for pairs that wait, the oldest first. Returns how many are settled.

    Only one worker does this at a time (the queue's lock). Stops when WeCom is away or not
    configured; what waits then goes on waiting.
    """
    waiting = _waiting(county_id, limit=limit, at=at)
    if not waiting:
        return 0
    marker = _Marker(wecom)
    with ThreadPoolExecutor(min(THREADS, len(waiting))) as pool:
        results = list(pool.map(marker.mark, waiting))
    settled = [pair for pair, result in zip(waiting, results, strict=True) if result is Done.EQUAL]
    with transaction.atomic():
        ordinals.take(county_id, 0)  # as everybody who writes many contacts
        _keep(county_id, settled)
        count = _settle(county_id, settled)
        for pair, result in zip(waiting, results, strict=True):
            if result is Done.NOT_YET:
                _again(pair)
            elif isinstance(result, str):
                _park(pair.projection, result)
    return count


class Done(Enum):
    """What became of a pair; one that WeCom refuses has a text instead, which says why."""

    EQUAL = "equal"
    NOT_YET = "not yet"  # counts as an attempt
    NOT_TRIED = "not tried"


@dataclass(frozen=True)
class Waiting:
    """A pair and the WeCom tag ids to add to it and to take off it."""

    projection: TagProjection
    contact: Contact
    add: list[str]
    take_off: list[str]


class _Marker:
    def __init__(self, wecom: WeCom) -> None:
        self._wecom = wecom
        self._stop = Event()

    def mark(self, pair: Waiting) -> Done | str:
        """In a thread, without the database."""
        if self._stop.is_set():
            return Done.NOT_TRIED
        try:
            self._call(pair)
        except (errors.Conflict, errors.Unanswered):  # marking twice is harmless
            return Done.NOT_YET
        except errors.UnknownTag:  # deleted since we read our library; read again, it fits
            return Done.NOT_YET
        except (errors.Unavailable, errors.Misconfigured) as error:
            if not self._stop.is_set():
                log.warning("tags.projection_waits", error_type=type(error).__name__)
            self._stop.set()
            return Done.NOT_TRIED
        except errors.Rejected as refusal:
            return f"{type(refusal).__name__} {refusal.errcode or ''}".strip()
        return Done.EQUAL

    def _call(self, pair: Waiting) -> None:
        for start in range(0, max(len(pair.add), len(pair.take_off)), TAGS_PER_CALL):
            piece = slice(start, start + TAGS_PER_CALL)
            self._wecom.tags.mark_tag(
                pair.contact.officer.wecom_userid,
                pair.contact.identity.external_userid,
                add_tag=pair.add[piece],
                remove_tag=pair.take_off[piece],
            )


def _waiting(county_id: int, *, limit: int, at: datetime) -> list[Waiting]:
    due = TagProjection.objects.filter(
        county_id=county_id, parked_because="", wanted_at__lte=at
    ).order_by("wanted_at", "pk")
    rows = list(due.select_related("contact__officer", "contact__identity")[:limit])
    if not rows:
        return []
    held = _held(county_id, [row.contact for row in rows], at=at)
    projected, ours = _library(county_id)
    waiting = []
    for row in rows:
        contact = row.contact
        if contact.state != Contact.State.LINKED:
            waiting.append(Waiting(row, contact, [], []))  # nothing is left to make equal
            continue
        carried = held.get(contact.identity.resident_id, set())
        wanted = {projected[tag] for tag in carried if tag in projected}
        has = ours.intersection(contact.wecom_tag_ids)
        waiting.append(Waiting(row, contact, sorted(wanted - has), sorted(has - wanted)))
    return waiting


def _held(county_id: int, contacts: Sequence[Contact], *, at: datetime) -> dict[int, set[int]]:
    """Tag ids that are in force, by resident."""
    assignments = TagAssignment.objects.filter(
        county_id=county_id,
        resident_id__in={contact.identity.resident_id for contact in contacts},
        expires_on__gte=clock.local_day(at),
    )
    held: dict[int, set[int]] = {}
    for resident_id, tag_id in assignments.values_list("resident_id", "tag_id"):
        held.setdefault(resident_id, set()).add(tag_id)
    return held


def _library(county_id: int) -> tuple[dict[int, str], frozenset[str]]:
    """Our tags in WeCom: the projected ones by tag id, and all the ids WeCom has for us."""
    rows = Tag.objects.filter(county_id=county_id, wecom_tag_id__gt="").select_related("group")
    tags = list(rows)
    return (
        {tag.pk: tag.wecom_tag_id for tag in tags if is_projected(tag)},
        frozenset(tag.wecom_tag_id for tag in tags),
    )


def _keep(county_id: int, pairs: Sequence[Waiting]) -> None:
    """Our copy of what WeCom shows; a reading may have changed it since, so only the difference."""
    changed = [pair for pair in pairs if pair.add or pair.take_off]
    with connection.cursor() as cursor:
        cursor.executemany(
            _KEEP, [(pair.add, pair.take_off, county_id, pair.contact.pk) for pair in changed]
        )


_KEEP = """
UPDATE residents_contact SET wecom_tag_ids = ARRAY(
    SELECT DISTINCT tag COLLATE "C" FROM unnest(wecom_tag_ids || %s::varchar[]) AS has (tag)
    WHERE tag <> ALL (%s::varchar[]) ORDER BY 1)
WHERE county_id = %s AND id = %s
"""


def _settle(county_id: int, pairs: Sequence[Waiting]) -> int:
    """Forget the rows, but for people who changed again while we were calling."""
    ordered = sorted(pairs, key=lambda pair: pair.contact.pk)  # as `projecting` writes them
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM tags_tagprojection WHERE county_id = %s AND id = %s AND wanted_at = %s",
            [(county_id, pair.projection.pk, pair.projection.wanted_at) for pair in ordered],
        )
        return max(0, int(cursor.rowcount))


def _again(pair: Waiting) -> None:
    projection = pair.projection
    projection.attempts += 1
    rows = TagProjection.objects.filter(county_id=projection.county_id, pk=projection.pk)
    rows.update(attempts=projection.attempts)
    if projection.attempts >= MAX_ATTEMPTS:
        _park(projection, "五次都没有写成")


def _park(projection: TagProjection, reason: str) -> None:
    same = TagProjection.objects.filter(
        county_id=projection.county_id, pk=projection.pk, wanted_at=projection.wanted_at
    )
    same.update(parked_because=reason[:80])
