"""Giving people an account, a role and a place to serve."""

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from weijing.accounts.models import (
    FIELD_ROLES,
    SEPARATED_ROLES,
    Officer,
    Posting,
    Role,
    RoleGrant,
)
from weijing.accounts.scope import roles_of
from weijing.core.errors import DomainError, PermissionDenied
from weijing.territory.models import Beat, County, Station


class UsernameTaken(DomainError):
    """Two accounts of one county differ in more than upper and lower case."""


class WeakPassword(DomainError):
    """The words say what is missing."""


class MustStaySeparate(DomainError):
    """Who runs the machine, checks the trail or works with residents are different people."""

    def __init__(self) -> None:
        super().__init__("系统管理员、审计管理员不能兼任其他岗位，没有授予。请另选一个人。")


class BadPosting(DomainError):
    """A posting is to a beat, to a station, or to the county desk."""


def _must_administer(by: Officer | None) -> None:
    """The command line (`by` is None) belongs to whoever runs the machine."""
    if by is not None and Role.SYSTEM_ADMIN not in roles_of(by):
        raise PermissionDenied


@transaction.atomic
def open_account(
    county: County,
    *,
    username: str,
    name: str,
    by: Officer | None,
    at: datetime,
    password: str = "",
    wecom_userid: str = "",
    station: Station | None = None,
    rank_kind: str = Officer.RankKind.AUXILIARY,
) -> Officer:
    """A new officer, without roles yet. Without a password they sign in through WeCom.

    Raises `PermissionDenied`, `UsernameTaken`, `WeakPassword`.
    """
    _must_administer(by)
    taken = Q(username__iexact=username)
    if wecom_userid:
        taken |= Q(wecom_userid__iexact=wecom_userid)
    if Officer.objects.filter(taken, county=county).exists():
        raise UsernameTaken(f"账号 {username} 已经有人用了，请换一个。")
    officer = Officer(
        county=county,
        username=username,
        name=name,
        wecom_userid=wecom_userid,
        station=station,
        rank_kind=rank_kind,
    )
    _set_password(officer, password)
    officer.save()
    return officer


def change_password(officer: Officer, password: str) -> None:
    """Raises `WeakPassword`."""
    _set_password(officer, password)
    officer.save(update_fields=["password"])


def _set_password(officer: Officer, password: str) -> None:
    if not password:
        officer.set_unusable_password()
        return
    try:
        validate_password(password, officer)
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages)) from error
    officer.set_password(password)


def give_role(officer: Officer, role: Role, *, by: Officer | None, at: datetime) -> None:
    """Idempotent.

    Raises `PermissionDenied`, `MustStaySeparate`.
    """
    _must_administer(by)
    others = roles_of(officer) - {role}
    if others and not {role, *others}.isdisjoint(SEPARATED_ROLES):
        raise MustStaySeparate
    RoleGrant.objects.get_or_create(
        county_id=officer.county_id,
        officer=officer,
        role=role,
        ended_at=None,
        defaults={"granted_at": at, "granted_by": by},
    )


def take_role(officer: Officer, role: Role, *, by: Officer | None, at: datetime) -> None:
    """In force at the officer's next request.

    Raises `PermissionDenied`.
    """
    _must_administer(by)
    RoleGrant.objects.filter(
        county_id=officer.county_id, officer=officer, role=role, ended_at=None
    ).update(ended_at=at)


@transaction.atomic
def post(
    officer: Officer,
    *,
    at: datetime,
    by: Officer | None,
    beat: Beat | None = None,
    station: Station | None = None,
    deputy: bool = False,
) -> Posting:
    """Post an officer to a beat, to a station's desk, or (neither given) to the county desk.

    A beat has one primary officer: the one before ends at the same moment.

    Raises `PermissionDenied`, `BadPosting`.
    """
    _must_administer(by)
    if beat and station:
        raise BadPosting("只能选警务区或派出所中的一个。")
    kind = Posting.Kind.COUNTY
    if beat:
        kind = Posting.Kind.DEPUTY if deputy else Posting.Kind.PRIMARY
    elif station:
        kind = Posting.Kind.STATION
    if kind == Posting.Kind.PRIMARY:
        Posting.objects.filter(
            county_id=officer.county_id, beat=beat, kind=kind, ends_at=None
        ).update(ends_at=at)
    posting = Posting.objects.create(
        county_id=officer.county_id,
        officer=officer,
        kind=kind,
        beat=beat,
        station=station,
        starts_at=at,
    )
    home = beat.station if beat else station
    if home and officer.station_id != home.pk:
        officer.station = home
        officer.save(update_fields=["station"])
    return posting


def is_field_officer(officer: Officer) -> bool:
    """Serves residents in a beat."""
    return not roles_of(officer).isdisjoint(FIELD_ROLES)
