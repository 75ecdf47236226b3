"""Our tags in the corp's tag library of WeCom: made, found again by name, repaired."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wecom_api import errors
from wecom_api.client import WeCom
from wecom_api.tags import CorpTagGroup, NewTag
from weijing.core.logs import log
from weijing.tags import catalogue_unseen
from weijing.tags.models import Tag, TagGroup
from weijing.tags.projecting import is_projected
from weijing.territory.models import County

TAGS_PER_CALL = 50
ROUNDS = 3  # an answer that got lost is found at the next reading


@dataclass
class Synced:
    """What a run did. `waiting` tags could not be made; the next run tries again."""

    made: int = 0
    adopted: int = 0
    renamed: int = 0
    deleted: int = 0
    waiting: int = 0


def sync_catalogue(county: County, *, wecom: WeCom) -> Synced:
    """Give every tag that may be seen in WeCom its id there.

    A tag known by its id but called otherwise is renamed; a deleted one is made anew; one of our
    name that somebody made in WeCom is taken as ours. Tags that ended, or that must no longer be
    seen, are deleted, which takes them off everybody. Other people's tags are left alone.

    Raises `errors.Unavailable`, `errors.Misconfigured`; what was made until then is kept.
    """
    synced = Synced()
    for _ in range(ROUNDS):
        library = wecom.tags.get_corp_tag_list()
        ended = catalogue_unseen.delete(county, library, wecom=wecom)
        synced.deleted += ended.deleted
        synced.waiting = ended.waiting + _round(county, library, synced, wecom=wecom)
        if not synced.waiting:
            break
    return synced


def _round(county: County, library: Iterable[CorpTagGroup], synced: Synced, *, wecom: WeCom) -> int:
    """One pass over our groups. Returns how many tags still lack a counterpart or its name."""
    groups = {group.group_id: group for group in library}
    by_name = {group.group_name: group for group in groups.values()}
    waiting = 0
    for ours in TagGroup.objects.filter(county_id=county.pk).order_by("code"):
        tags = Tag.objects.filter(county_id=county.pk, group=ours).select_related("group")
        wanted = [tag for tag in tags.order_by("code") if is_projected(tag)]
        if not wanted:
            continue
        theirs = groups.get(ours.wecom_group_id) or by_name.get(ours.name)
        if theirs is not None:
            _keep_group(ours, theirs, synced, wecom=wecom)
        missing, unnamed = _match(wanted, theirs, synced, wecom=wecom)
        waiting += unnamed + _make(ours, missing, synced, wecom=wecom)
    return waiting


def _keep_group(ours: TagGroup, theirs: CorpTagGroup, synced: Synced, *, wecom: WeCom) -> None:
    if ours.wecom_group_id != theirs.group_id:
        ours.wecom_group_id = theirs.group_id
        ours.save(update_fields=["wecom_group_id"])
    if theirs.group_name != ours.name:
        _rename(theirs.group_id, ours.name, synced, wecom=wecom)


def _match(
    wanted: list[Tag], theirs: CorpTagGroup | None, synced: Synced, *, wecom: WeCom
) -> tuple[list[Tag], int]:
    """Pair our tags with those of the group.

    Returns the ones without a counterpart, and how many could not get their name yet.
    """
    names = {tag.id: tag.name for tag in theirs.tag} if theirs else {}
    ids: Mapping[str, str] = {name: id for id, name in names.items()}
    known = {tag.wecom_tag_id for tag in wanted}
    missing, unnamed = [], 0
    for tag in wanted:
        if tag.wecom_tag_id in names:
            if names[tag.wecom_tag_id] != tag.name:
                unnamed += not _rename(tag.wecom_tag_id, tag.name, synced, wecom=wecom)
        elif tag.name in ids and ids[tag.name] not in known:
            _keep_id(tag, ids[tag.name])
            synced.adopted += 1
        else:
            missing.append(tag)
    return missing, unnamed


def _make(group: TagGroup, missing: list[Tag], synced: Synced, *, wecom: WeCom) -> int:
    for start in range(0, len(missing), TAGS_PER_CALL):
        piece = missing[start : start + TAGS_PER_CALL]
        try:
            made = wecom.tags.add_corp_tag(
                [NewTag(tag.name) for tag in piece],
                group_id=group.wecom_group_id or None,
                group_name=None if group.wecom_group_id else group.name,
            )
        except errors.Unanswered:
            return len(missing) - start
        except errors.Rejected as refusal:
            # The group is gone, or somebody was faster: the next reading shows which.
            log.warning("tags.not_made", errcode=refusal.errcode, kind=group.code)
            TagGroup.objects.filter(county_id=group.county_id, pk=group.pk).update(
                wecom_group_id=""
            )
            return len(missing) - start
        group.wecom_group_id = made.group_id
        group.save(update_fields=["wecom_group_id"])
        ids = {tag.name: tag.id for tag in made.tag}
        for tag in piece:
            if tag.name in ids:
                _keep_id(tag, ids[tag.name])
                synced.made += 1
    return 0


def _rename(id: str, name: str, synced: Synced, *, wecom: WeCom) -> bool:
    """False when the next round may succeed: the name belongs to one that is renamed as well."""
    try:
        wecom.tags.edit_corp_tag(id, name=name)
    except errors.TagNameTaken:
        return False
    except errors.Rejected as refusal:
        # Made by another app: theirs to name. The id works all the same.
        log.warning("tags.not_renamed", errcode=refusal.errcode)
        return True
    synced.renamed += 1
    return True


def _keep_id(tag: Tag, wecom_tag_id: str) -> None:
    tag.wecom_tag_id = wecom_tag_id
    tag.save(update_fields=["wecom_tag_id"])
