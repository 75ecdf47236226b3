"""One WeChat account, two people behind it, as couples have: the first is its person."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.core.errors import DomainError
from weijing.residents.figures import touching
from weijing.residents.masking import masked_name
from weijing.residents.models import IdentitySharer, Resident, ResidentChange, WechatIdentity
from weijing.residents.record import changing
from weijing.residents.record.representing import is_child


class CannotShare(DomainError):
    """Not this account, or not with this person."""


@transaction.atomic
def share(
    identity: WechatIdentity,
    person: Resident,
    *,
    by: Officer,
    scope: Scope,
    at: datetime,
    seen: str = "",
) -> IdentitySharer:
    """Let another person be reached through this account too.

    Raises what `changing.open_record` raises for either of the two, `CannotShare`.
    """
    identity = _locked(identity)
    owner, sharer = _both(identity, person, by=by, scope=scope)
    if seen and seen != changing.version(sharer):
        raise changing.ChangedMeanwhile
    if owner.pk == sharer.pk:
        raise CannotShare("没有登记：这就是本人的微信。请选合用的另一个人。")
    if is_child(sharer, at):
        raise CannotShare("不满 14 周岁的孩子不登记微信，只登记监护人。")
    row, is_new = IdentitySharer.objects.get_or_create(
        county_id=identity.county_id,
        identity=identity,
        resident=sharer,
        defaults={"recorded_at": at, "recorded_by": by},
    )
    if is_new:
        after = {"共用微信": f"{masked_name(owner.name)} 的微信"}
        _note(sharer, identity, "identity.shared", before={}, after=after, by=by, at=at)
    return row


@transaction.atomic
def stop(row: IdentitySharer, *, by: Officer, scope: Scope, at: datetime) -> None:
    """They no longer use the account. Stopping twice does nothing.

    Raises what `changing.open_record` raises.
    """
    _locked(row.identity)
    sharer = changing.open_record(row.resident, by=by, scope=scope)
    rows = IdentitySharer.objects.filter(county_id=row.county_id, pk=row.pk)
    if rows.delete()[0]:
        before = {"共用微信": f"{masked_name(row.identity.resident.name)} 的微信"}
        _note(sharer, row.identity, "identity.unshared", before=before, after={}, by=by, at=at)


@transaction.atomic
def put_first(row: IdentitySharer, *, by: Officer, scope: Scope, at: datetime) -> None:
    """The account is mainly theirs from now on; who was first shares it.

    Raises what `changing.open_record` raises for either of the two, `CannotShare`.
    """
    identity = _locked(row.identity)
    owner, sharer = _both(identity, row.resident, by=by, scope=scope)
    if not IdentitySharer.objects.filter(county_id=identity.county_id, pk=row.pk).exists():
        raise changing.ChangedMeanwhile
    _hand_on(identity, owner, sharer, by=by, at=at)
    IdentitySharer.objects.create(
        county_id=identity.county_id,
        identity=identity,
        resident=owner,
        recorded_at=at,
        recorded_by=by,
    )


def lock_identities(person: Resident) -> None:
    """Accounts before people: what WeCom tells us is written in that order too."""
    rows = WechatIdentity.objects.select_for_update().filter(county_id=person.county_id)
    list(rows.filter(resident=person).order_by("pk").values_list("pk"))


def hand_on_all(person: Resident, *, by: Officer, at: datetime) -> None:
    """Whoever shared the person's accounts becomes their first; the person shares none any more.

    The caller holds the locks of the identities and of the person.
    """
    for identity in WechatIdentity.objects.filter(county_id=person.county_id, resident=person):
        sharer = sharers(identity).first()
        if sharer is not None:
            _hand_on(identity, person, sharer.resident, by=by, at=at)
    IdentitySharer.objects.filter(county_id=person.county_id, resident=person).delete()


def sharers(identity: WechatIdentity) -> QuerySet[IdentitySharer]:
    """Who else is behind the account, in the order they were noted."""
    rows = IdentitySharer.objects.filter(
        county_id=identity.county_id,
        identity=identity,
        resident__lifecycle=Resident.Lifecycle.ROLL,
    )
    return rows.select_related("resident__division").order_by("recorded_at", "pk")


def shared_by(person: Resident) -> QuerySet[IdentitySharer]:
    """Accounts of others that the person uses as well."""
    rows = IdentitySharer.objects.filter(county_id=person.county_id, resident=person)
    return rows.select_related("identity__resident", "resident").order_by("recorded_at", "pk")


def _locked(identity: WechatIdentity) -> WechatIdentity:
    rows = WechatIdentity.objects.select_for_update(of=("self",)).select_related("resident")
    return rows.get(county_id=identity.county_id, pk=identity.pk)


def _both(
    identity: WechatIdentity, person: Resident, *, by: Officer, scope: Scope
) -> tuple[Resident, Resident]:
    """The account's person, and the other one; both locked, both the officer's to change."""
    opened = changing.open_records([identity.resident, person], by=by, scope=scope)
    found = {one.pk: one for one in opened}
    return found[identity.resident_id], found[person.pk]


def _hand_on(
    identity: WechatIdentity, owner: Resident, sharer: Resident, *, by: Officer, at: datetime
) -> None:
    rows = IdentitySharer.objects.filter(county_id=identity.county_id, identity=identity)
    rows.filter(resident=sharer).delete()
    identity.resident = sharer
    identity.save(update_fields=["resident"])
    for person, word in ((owner, "不再是"), (sharer, "现在是")):
        after = {"共用微信": f"{word}这个微信的主要使用人"}
        _note(person, identity, "identity.handed_on", before={}, after=after, by=by, at=at)
    changing.push_remarks(identity.county_id, [sharer.pk])


def _note(
    person: Resident,
    identity: WechatIdentity,
    action: str,
    *,
    before: dict[str, str],
    after: dict[str, str],
    by: Officer,
    at: datetime,
) -> None:
    changing.note(
        person, ResidentChange.Kind.SHARED, action, before=before, after=after, by=by, at=at,
        identity=identity.pk,
    )  # fmt: skip
    touching.touch_residents(person.county_id, [person.pk])
