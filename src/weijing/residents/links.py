"""A resident's own door: a personal link, whose key is known to nobody but who was given it.

The row keeps only a keyed digest, so neither our database nor a copy of it opens a page. A key is
256 random bits: it is looked up, never compared bit by bit, and cannot be guessed.
"""

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.core import clock
from weijing.core.env import keyring
from weijing.core.errors import DomainError
from weijing.residents import consent
from weijing.residents.models import Resident, ResidentLink, WechatIdentity

LIVES = timedelta(days=180)  # then the officer, or the next greeting, gives a new one
NOTED_EVERY = timedelta(minutes=10)  # a visitor who looks around writes one row, not fifty


class NoSuchDoor(DomainError):
    """The link is forged, mistyped, ended or too old; which of them is nobody's business."""


class NoDoorOfTheirOwn(DomainError):
    """A child has none; whose record has ended has none any more."""


@transaction.atomic
def issue(
    resident: Resident, *, by: Officer | None, at: datetime, identity: WechatIdentity | None = None
) -> str:
    """A new key for this person; earlier ones stay good, for they lie in another chat.

    `identity` is the WeChat account it is sent to; None when shown at the door. The key is
    returned once and never again.

    Raises `NoDoorOfTheirOwn`.
    """
    _check(resident, at=at)
    key = secrets.token_urlsafe(32)
    link = ResidentLink.objects.create(
        county_id=resident.county_id,
        resident=resident,
        identity=identity,
        key_digest=_digest(key),
        created_at=at,
        expires_at=at + LIVES,
    )
    trail.record(by, "link.issued", resident, at=at, link=link.pk)
    return key


@transaction.atomic
def open_with(county_id: int, key: str, *, at: datetime) -> ResidentLink:
    """The door this key opens.

    Raises `NoSuchDoor`.
    """
    link = _usable(county_id, at=at).filter(key_digest=_digest(key)).first()
    if link is None:
        raise NoSuchDoor("这个链接已失效。请在微信里找您的民警要一个新的。")
    trail.record(None, "link.opened", link.resident, at=at, link=link.pk)
    _note_use(link, at=at)
    return link


def open_again(county_id: int, link_id: int, *, at: datetime) -> ResidentLink:
    """The same door on a later page. An end of the link is an end of every visit through it.

    Raises `NoSuchDoor`.
    """
    link = _usable(county_id, at=at).filter(pk=link_id).first()
    if link is None:
        raise NoSuchDoor("您的专页已退出。请从微信里民警发给您的链接重新打开。")
    if link.last_used_at is None or link.last_used_at <= at - NOTED_EVERY:
        _note_use(link, at=at)
    return link


@transaction.atomic
def end(resident: Resident, *, by: Officer | None, at: datetime) -> int:
    """End all doors of a person. Returns how many were open."""
    ended = in_use(resident, at=at).update(ended_at=at)
    if ended:
        trail.record(by, "link.ended", resident, at=at, count=ended)
    return ended


def in_use(resident: Resident, *, at: datetime) -> QuerySet[ResidentLink]:
    """Links of a person that still open, the latest first."""
    mine = ResidentLink.objects.filter(county_id=resident.county_id, resident=resident)
    return mine.filter(ended_at=None, expires_at__gt=at).order_by("-created_at", "-pk")


def is_shared(resident: Resident) -> bool:
    """Whether anybody else reads along: a WeChat account of theirs is somebody else's as well."""
    accounts = WechatIdentity.objects.filter(county_id=resident.county_id)
    own_with_sharers = Q(resident=resident, sharers__isnull=False)
    return accounts.filter(own_with_sharers | Q(sharers__resident=resident)).exists()


def _usable(county_id: int, *, at: datetime) -> QuerySet[ResidentLink]:
    gone = [Resident.Lifecycle.DUPLICATE, Resident.Lifecycle.DECEASED]
    return (
        ResidentLink.objects.filter(county_id=county_id, ended_at=None, expires_at__gt=at)
        .filter(~Q(resident__lifecycle__in=gone))
        .select_related("resident__division__parent__parent", "resident__household", "identity")
    )


def _note_use(link: ResidentLink, *, at: datetime) -> None:
    ResidentLink.objects.filter(county_id=link.county_id, pk=link.pk).update(last_used_at=at)


def _check(resident: Resident, *, at: datetime) -> None:
    if resident.lifecycle in (Resident.Lifecycle.DUPLICATE, Resident.Lifecycle.DECEASED):
        raise NoDoorOfTheirOwn("这个人的记录已经停用，不能再发专页链接。")
    age = consent.age_on(resident.born_on, clock.local_day(at)) if resident.born_on else None
    if age is not None and age < consent.OWN_CONSENT_FROM_AGE:
        raise NoDoorOfTheirOwn("不满 14 周岁的孩子没有自己的专页，请发给监护人本人。")


def _digest(key: str) -> str:
    return keyring().fingerprint(key, purpose="resident_link").hex()
