"""Somebody misses a tag and says what it would be for."""

from datetime import datetime

from django.db import IntegrityError, transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.errors import DomainError, PermissionDenied
from weijing.tags.catalogue import policies, wording
from weijing.tags.catalogue.naming import check_name
from weijing.tags.models import TagGroup, TagProposal

MAX_SENTENCE = 120
LEAST_DAYS, MOST_DAYS = 30, 1095  # as long as the longest of the catalogue
MAX_OPEN = 20  # of one person: who proposes more has a list, and a list is talked over first


class ProposedAlready(DomainError):
    """The same name waits; or this person has many that wait."""


class DecidedAlready(DomainError):
    """Somebody was faster, or its author took it back."""

    def __init__(self) -> None:
        super().__init__("这条建议已经有了答复，请刷新后再看。")


class NoSuchTime(DomainError):
    """Kept for nothing, or for ever."""


class NotOurs(DomainError):
    """The system itself says what belongs into this group."""


@transaction.atomic
def propose(
    group: TagGroup,
    *,
    name: str,
    definition: str,
    purpose: str,
    retention_days: int,
    needs_consent: bool = False,
    by: Officer,
    scope: Scope,
    at: datetime,
) -> TagProposal:
    """Ask for a tag of the county's own. The rules of the group hold for it as for the others.

    `needs_consent`: nobody carries it without a consent of their own, though the group asks none.

    Raises `PermissionDenied`, `NotOurs`, `NoSuchTime`, `ProposedAlready`, and what `check_name`
    and `wording.check` raise.
    """
    if not policies.can_propose(scope) or group.county_id != scope.county_id:
        raise PermissionDenied
    if not policies.takes_own_tags(group):
        raise NotOurs(f"没有提交：「{group.name}」由系统自动设置，不能另加标签。请选别的组。")
    if not LEAST_DAYS <= retention_days <= MOST_DAYS:
        raise NoSuchTime(f"没有提交：保存时间应在 {LEAST_DAYS} 到 {MOST_DAYS} 天之间。")
    name = check_name(name, county_id=group.county_id)
    definition = wording.tidy(definition, most=MAX_SENTENCE, what="定义")
    purpose = wording.tidy(purpose, most=MAX_SENTENCE, what="用途")
    wording.check([definition, purpose], county_id=group.county_id)
    waiting = TagProposal.objects.filter(county_id=group.county_id, state=TagProposal.State.OPEN)
    if waiting.filter(proposed_by=by).count() >= MAX_OPEN:
        raise ProposedAlready(f"没有提交：您已有 {MAX_OPEN} 个标签等确认，请先等县局答复。")
    proposal = TagProposal(
        county_id=group.county_id, group=group, name=name, definition=definition, purpose=purpose,
        retention_days=retention_days, needs_consent=needs_consent or group.needs_separate_consent,
        proposed_by=by, proposed_at=at,
    )  # fmt: skip
    try:
        with transaction.atomic():
            proposal.save(force_insert=True)
    except IntegrityError as twice:
        raise ProposedAlready(f"没有提交：已有人提了「{name}」，正在等县局确认。") from twice
    trail.record(by, "tag.proposed", proposal, at=at, group=group.code)
    return proposal


@transaction.atomic
def withdraw(proposal: TagProposal, *, by: Officer, at: datetime) -> None:
    """Its author no longer wants it. Raises `PermissionDenied`, `DecidedAlready`."""
    fresh = still_open(proposal)
    if fresh.proposed_by_id != by.pk:
        raise PermissionDenied
    fresh.state = TagProposal.State.WITHDRAWN
    fresh.decided_at = at
    fresh.save()
    trail.record(by, "tag.proposal_withdrawn", fresh, at=at)


def still_open(proposal: TagProposal) -> TagProposal:
    """The proposal, locked. Raises `DecidedAlready`."""
    rows = TagProposal.objects.select_for_update(of=("self",)).select_related("group")
    fresh = rows.get(county_id=proposal.county_id, pk=proposal.pk)
    if fresh.state != TagProposal.State.OPEN:
        raise DecidedAlready
    return fresh
