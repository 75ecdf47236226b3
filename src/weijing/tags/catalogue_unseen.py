"""Tags that nobody may see in WeCom any more are deleted from the corp's library.

One call takes a tag off every pair of officer and contact, where taking it off each of them would
be a call for each.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from wecom_api import errors
from wecom_api.client import WeCom
from wecom_api.tags import CorpTagGroup
from weijing.core.logs import log
from weijing.residents import ordinals
from weijing.tags.models import Tag
from weijing.tags.projecting import is_projected
from weijing.territory.models import County

TAGS_PER_CALL = 50


@dataclass
class Unseen:
    """`waiting` ones may be gone, or not: the next reading of the library says."""

    deleted: int = 0
    waiting: int = 0


def delete(county: County, library: Iterable[CorpTagGroup], *, wecom: WeCom) -> Unseen:
    """Merged, retired, and those that became sensitive. Raises `errors.Unavailable`."""
    there = {tag.id for group in library for tag in group.tag}
    known = Tag.objects.filter(county_id=county.pk, wecom_tag_id__gt="").select_related("group")
    ended = [tag for tag in known.order_by("code") if not is_projected(tag)]
    _forget([tag for tag in ended if tag.wecom_tag_id not in there])
    found, unseen = [tag for tag in ended if tag.wecom_tag_id in there], Unseen()
    for start in range(0, len(found), TAGS_PER_CALL):
        piece = found[start : start + TAGS_PER_CALL]
        try:
            wecom.tags.del_corp_tag(tag_id=[tag.wecom_tag_id for tag in piece])
        except errors.Unanswered:
            unseen.waiting += len(piece)
        except errors.Rejected:
            _one_by_one(piece, unseen, wecom=wecom)
        else:
            _forget(piece)
            unseen.deleted += len(piece)
    return unseen


def _one_by_one(piece: Sequence[Tag], unseen: Unseen, *, wecom: WeCom) -> None:
    """One that another app has made spoils the call for all: ours go, theirs stays in the library,
    and `marking` takes it off each pair.
    """
    for tag in piece:
        try:
            wecom.tags.del_corp_tag(tag_id=[tag.wecom_tag_id])
        except errors.Unanswered:
            unseen.waiting += 1
            continue
        except errors.Rejected as refusal:
            log.warning("tags.not_deleted", errcode=refusal.errcode, kind=tag.code)
            continue
        _forget([tag])
        unseen.deleted += 1


@transaction.atomic
def _forget(tags: Sequence[Tag]) -> None:
    """Their ids mean nothing any more, neither here nor on our copies of the pairs."""
    if not tags:
        return
    county_id, ids = tags[0].county_id, [tag.wecom_tag_id for tag in tags]
    ordinals.take(county_id, 0)  # as everybody who writes many contacts
    with connection.cursor() as cursor:
        cursor.execute(_STRIP, [ids, county_id, ids])
    rows = Tag.objects.filter(county_id=county_id, pk__in=[tag.pk for tag in tags])
    rows.update(wecom_tag_id="")


_STRIP = """
UPDATE residents_contact SET wecom_tag_ids = ARRAY(
    SELECT has FROM unnest(wecom_tag_ids) WITH ORDINALITY AS held (has, place)
    WHERE has <> ALL (%s::varchar[]) ORDER BY place)
WHERE county_id = %s AND wecom_tag_ids && %s::varchar[]
"""
