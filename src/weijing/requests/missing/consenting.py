"""The family says, in writing and one by one, what may be shown; and takes it back."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.errors import DomainError
from weijing.requests.missing import looking_again, opening
from weijing.requests.models import MissingPerson, PublicConsent
from weijing.requests.wording import plain
from weijing.residents.models import Resident

Field, Channel = PublicConsent.Field, PublicConsent.Channel
WORDING = (
    "我是走失者的{relation}，同意{bureau}为了找人公开走失者的{field}。"
    "公开 24 小时一续，人找到马上撤下；我随时可以撤回。"
)
# Who may speak for a child: the Civil Code's guardians, articles 27 and 28.
GUARDIANS = ("父亲", "母亲", "祖父母", "外祖父母", "监护人")
RELATIONS = (*GUARDIANS, "配偶", "儿子", "女儿", "兄弟姐妹", "其他近亲属")


class NotInWriting(DomainError):
    """Who agreed, how they are related, and where it is written."""


class NotTheGuardian(DomainError):
    """For a child only a guardian can agree."""


def wording(field: str, *, relation: str, bureau: str) -> str:
    """The sentence that is signed, for one thing."""
    return WORDING.format(relation=relation, bureau=bureau, field=Field(field).label)


def in_force(missing: MissingPerson) -> frozenset[str]:
    """The fields that may be shown now."""
    rows = PublicConsent.objects.filter(
        county_id=missing.county_id, missing=missing, withdrawn_at=None
    )
    return frozenset(rows.values_list("field", flat=True))


@transaction.atomic
def agree(
    missing: MissingPerson,
    fields: Collection[str],
    *,
    given_by: str,
    relation: str,
    channel: str,
    by: Officer,
    scope: Scope,
    at: datetime,
) -> None:
    """Record what an officer has in writing. What was agreed before stays as it was.

    A child's notice that would show more comes down until the desk publishes it again.

    Raises `PermissionDenied`, `NotThisStep`, `NotInWriting`, `NotTheGuardian`.
    """
    missing = opening.opened(missing, *opening.OPEN, by=by, scope=scope)
    if channel not in (Channel.PAPER, Channel.CHAT):
        raise NotInWriting("没有保存，你填的还在：请选书面同意留在哪里。")
    _write(missing, fields, given_by, relation, channel, by=by, at=at)


@transaction.atomic
def agree_oneself(
    missing: MissingPerson, fields: Collection[str], *, by: Resident, at: datetime
) -> None:
    """The family member who reported it ticks the boxes on their own page.

    Raises `NotThisStep`, `NotTheGuardian`, `NotInWriting`.
    """
    locked = opening.locked_row(by.county_id, missing.pk)
    if locked.family_id != by.pk or locked.state not in opening.OPEN:
        raise opening.NotThisStep
    before = in_force(locked)
    if gone := before - set(fields):
        _withdraw(locked, gone, by=None, at=at)
    if set(fields) - before:
        name, relation = by.name, locked.relation
        _write(locked, fields, name, relation, Channel.PHONE_PAGE, by=None, at=at)


@transaction.atomic
def withdraw(
    missing: MissingPerson, fields: Collection[str], *, by: Officer, scope: Scope, at: datetime
) -> None:
    """Taken back: off the notice with this commit. Raises `PermissionDenied`, `NotThisStep`."""
    missing = opening.opened(missing, *opening.OPEN, by=by, scope=scope)
    _withdraw(missing, fields, by=by, at=at)


def _write(
    missing: MissingPerson, fields: Collection[str], given_by: str, relation: str, channel: str,
    *, by: Officer | None, at: datetime,
) -> None:  # fmt: skip
    new = [field for field in Field.values if field in set(fields) - in_force(missing)]
    name = plain(given_by)[:60]
    if not fields or len(name) < 2 or relation not in RELATIONS:
        raise NotInWriting("没有保存，你填的还在：请勾选同意公开的项目，写明谁同意的、什么关系。")
    if opening.is_minor(missing) and relation not in GUARDIANS:
        raise NotTheGuardian("没有保存，你填的还在：未成年人要由父母或其他监护人同意。")
    bureau = missing.county.bureau_name
    for field in new:
        row = PublicConsent(
            county_id=missing.county_id, missing=missing, field=field, channel=channel,
            relation=relation, given_at=at, recorded_by=by,
            wording=wording(field, relation=relation, bureau=bureau),
        )  # fmt: skip
        row.given_by = name
        row.save(force_insert=True)
    trail.record(by, "missing.publicity_agreed", missing, at=at, fields=new)
    if new:
        looking_again.after_change(missing, by=by, at=at)


def _withdraw(
    missing: MissingPerson, fields: Collection[str], *, by: Officer | None, at: datetime
) -> None:
    rows = PublicConsent.objects.filter(
        county_id=missing.county_id, missing=missing, withdrawn_at=None, field__in=list(fields)
    )
    rows.update(withdrawn_at=at, withdrawn_by=by)
    trail.record(by, "missing.publicity_withdrawn", missing, at=at, fields=sorted(fields))
