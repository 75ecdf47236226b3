"""Another person takes a proposed tag into the catalogue, or says why not."""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core import jobs
from weijing.core.errors import DomainError, PermissionDenied
from weijing.tags.catalogue import policies
from weijing.tags.catalogue.naming import check_name
from weijing.tags.catalogue.proposing import still_open
from weijing.tags.loading import pinyin_of
from weijing.tags.models import OWN_ABOVE, Tag, TagChange, TagGroup, TagProposal
from weijing.territory.models import County

# WeCom's library held 3,000 tags until 2023 and holds 10,000 now (document/path/92117); a corp has
# other apps too.
MOST_TAGS = 3_000
LAST_NUMBER = 999


class CatalogueFull(DomainError):
    """No number, or no room in WeCom, is left."""


class AnswerMissing(DomainError):
    """Who says no says why."""


@transaction.atomic
def confirm(
    proposal: TagProposal,
    *,
    by: Officer,
    scope: Scope,
    at: datetime,
    needs_consent: bool | None = None,
) -> Tag:
    """The tag is in the catalogue from now on; WeCom's library follows by itself.

    Its code is the group's, with a number above 900. It is sensitive where its group is, or where
    `needs_consent` says so (None: as it was proposed).

    Raises `PermissionDenied`, `DecidedAlready`, `CatalogueFull`, and what `check_name` raises: the
    words may have been forbidden, or the name taken, since it was proposed.
    """
    if not policies.can_decide(scope, proposal):
        raise PermissionDenied("没有入库：新标签要由提出人以外、县局管标签的人确认。")
    County.objects.select_for_update(no_key=True).get(pk=scope.county_id)  # one number at a time
    fresh = still_open(proposal)
    name = check_name(fresh.name, county_id=fresh.county_id)
    pinyin, initials = pinyin_of(name)
    asked = fresh.needs_consent if needs_consent is None else needs_consent
    fresh.needs_consent = asked or fresh.group.needs_separate_consent
    tag = Tag.objects.create(
        county_id=fresh.county_id, group=fresh.group, code=_next_code(fresh.group), name=name,
        definition=fresh.definition, pinyin=pinyin, initials=initials,
        sensitive=fresh.needs_consent, purpose=fresh.purpose,
        retention_days=fresh.retention_days,
    )  # fmt: skip
    fresh.state = TagProposal.State.CONFIRMED
    fresh.decided_by, fresh.decided_at, fresh.tag = by, at, tag
    fresh.save()
    TagChange.objects.create(
        county_id=tag.county_id, tag=tag, kind=TagChange.Kind.ADDED, at=at, by=by
    )
    trail.record(by, "tag.confirmed", tag, at=at, code=tag.code, proposal=fresh.pk)
    wecom_follows(tag.county_id)
    return tag


@transaction.atomic
def decline(proposal: TagProposal, *, answer: str, by: Officer, scope: Scope, at: datetime) -> None:
    """Raises `PermissionDenied`, `DecidedAlready`, `AnswerMissing`."""
    if not policies.can_decide(scope, proposal):
        raise PermissionDenied
    answer = " ".join(answer.split())[:200]
    if not answer:
        raise AnswerMissing("请写明不采纳的原因，提出人会看到。")
    fresh = still_open(proposal)
    fresh.state = TagProposal.State.DECLINED
    fresh.decided_by, fresh.decided_at, fresh.answer = by, at, answer
    fresh.save()
    trail.record(by, "tag.declined", fresh, at=at)


def wecom_follows(county_id: int) -> None:
    """Have the corp's library made equal, soon and once."""
    jobs.enqueue(
        "tags.sync_catalogue", once=f"tags.sync_catalogue {county_id}", county_id=county_id
    )


def _next_code(group: TagGroup) -> str:
    """Also the numbers of ended tags are gone. Raises `CatalogueFull`."""
    live = Tag.objects.filter(county_id=group.county_id, retired_at=None).count()
    if live >= MOST_TAGS:
        raise CatalogueFull(f"没有入库：标签库最多 {MOST_TAGS:,} 个，请先停用不用的标签。")
    above = group.code + OWN_ABOVE
    own = Tag.objects.filter(county_id=group.county_id, group=group, code__gt=above)
    last = max((int(code[5:]) for code in own.values_list("code", flat=True)), default=900)
    if last >= LAST_NUMBER:
        raise CatalogueFull(f"没有入库：「{group.name}」这一组自己加的标签已满 99 个。")
    return f"{group.code}{last + 1}"
