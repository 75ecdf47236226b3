"""WeCom's address book, taken over as stations and officers. Nobody is ever deleted here."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from wecom_api import WeCom
from wecom_api.departments import Department
from wecom_api.members import DISABLED, LEFT, Member
from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.audit.models import AuditEntry
from weijing.core.errors import DomainError
from weijing.territory.models import Station

STATION_SUFFIX = "派出所"
LEFT_WECOM, BACK_IN_WECOM = "officer.left_wecom", "officer.back_in_wecom"

# More than this leaving at once is a changed visible scope of our app, hardly a day of farewells.
FEW_MAY_LEAVE = 10
SHARE_MAY_LEAVE = 0.2


class TooManyLeft(DomainError):
    """WeCom shows so few members that we would rather ask than shut everybody out."""


@dataclass(frozen=True)
class AddressBook:
    """What WeCom showed: every department, its direct members, and who may have customers."""

    departments: tuple[Department, ...]
    members: tuple[Member, ...]
    serving: frozenset[str]  # userids in lower case


@dataclass
class Changes:
    """What a reading of the address book changed. Officers by id."""

    stations: int = 0
    created: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)


def read(wecom: WeCom) -> AddressBook:
    """One call per department: WeCom lists direct members only. Raises `wecom_api.WeComError`."""
    departments = wecom.departments.list()
    members: dict[str, Member] = {}
    for department in departments:
        for member in wecom.members.list(department.id):
            members.setdefault(member.userid.lower(), member)
    serving = wecom.customers.get_follow_user_list()
    return AddressBook(
        departments, tuple(members.values()), frozenset(userid.lower() for userid in serving)
    )


@transaction.atomic
def take_over(
    county_id: int, book: AddressBook, *, at: datetime, many_may_leave: bool = False
) -> Changes:
    """Make stations and officers equal to the address book.

    Who is not in it any more becomes inactive and keeps contacts and open work: a handover is
    somebody's decision. Accounts that were never in WeCom are left alone, and so is an account
    that a person here has ended.

    Raises `TooManyLeft`, with nothing changed.
    """
    changes = Changes()
    stations = _take_over_stations(county_id, book.departments, changes)
    known = {
        officer.wecom_userid.lower(): officer
        for officer in Officer.objects.select_for_update()
        .filter(county_id=county_id)
        .exclude(wecom_userid="")
        .order_by("pk")
    }
    present = {m.userid.lower() for m in book.members if m.status not in (DISABLED, LEFT)}
    leaving = [o for userid, o in known.items() if o.is_active and userid not in present]
    if not many_may_leave:
        _refuse_an_exodus(known.values(), leaving)
    taken = _taken_usernames(county_id)
    for member in book.members:
        serves = member.userid.lower() in book.serving
        station_id = _station_of(member, stations)
        officer = known.get(member.userid.lower())
        if officer is None:
            if member.userid.lower() in present:
                changes.created.append(_create(county_id, member, station_id, serves, taken, at=at))
            continue
        _follow(officer, member, station_id, serves, changes, at=at)
    for officer in leaving:
        _let_go(officer, changes, at=at)
    return changes


def _refuse_an_exodus(known: Iterable[Officer], leaving: list[Officer]) -> None:
    active = sum(officer.is_active for officer in known)
    if len(leaving) > max(FEW_MAY_LEAVE, SHARE_MAY_LEAVE * active):
        raise TooManyLeft(
            f"企业微信通讯录里少了 {len(leaving)} 人（共 {active} 人），没有改动任何账号。"
            "请先检查应用的可见范围；确认无误后用 weijing sync departments --many-may-leave。"
        )


def _take_over_stations(
    county_id: int, departments: Iterable[Department], changes: Changes
) -> dict[int, int]:
    """Ids of stations by department; a department below a station's belongs to that station."""
    by_id = {department.id: department for department in departments}
    stations = list(Station.objects.select_for_update().filter(county_id=county_id).order_by("pk"))
    bound = {
        s.wecom_department_id: s
        for s in stations
        if s.wecom_department_id is not None and s.wecom_department_id in by_id
    }
    named = {station.name: station for station in stations}
    for department in by_id.values():
        station = bound.get(department.id) or _unbound(named.get(department.name), by_id)
        if station is None:
            if not department.name.endswith(STATION_SUFFIX) or department.name in named:
                continue
            station = Station(county_id=county_id)
        elif station.name != department.name and (
            # Hidden from our app, or the name of another station here: a person decides.
            not department.name or department.name in named
        ):
            continue
        bound[department.id], named[department.name] = station, station
        if (station.name, station.wecom_department_id) != (department.name, department.id):
            station.name, station.wecom_department_id = department.name, department.id
            station.save()
            changes.stations += 1
    found: dict[int, int] = {}
    for id in by_id:
        above = _nearest(id, by_id, bound)
        if above is not None:
            found[id] = above.pk
    return found


def _unbound(station: Station | None, departments: dict[int, Department]) -> Station | None:
    """A station of that name may take the department, unless it has another that still exists."""
    if station is None or station.wecom_department_id in departments:
        return None
    return station


def _nearest(
    id: int, departments: dict[int, Department], bound: dict[int, Station]
) -> Station | None:
    seen: set[int] = set()
    while id in departments and id not in seen:
        if id in bound:
            return bound[id]
        seen.add(id)
        id = departments[id].parentid
    return None


def _station_of(member: Member, stations: dict[int, int]) -> int | None:
    places = (member.main_department, *member.department)
    return next((stations[place] for place in places if place in stations), None)


def _taken_usernames(county_id: int) -> set[str]:
    names = Officer.objects.filter(county_id=county_id).values_list("username", flat=True)
    return {name.lower() for name in names}


def _create(
    county_id: int,
    member: Member,
    station_id: int | None,
    serves: bool,
    taken: set[str],
    *,
    at: datetime,
) -> int:
    """A new account without any role: it sees nobody until an administrator gives it one."""
    # A local account of that name may be somebody else's: WeCom must not open it.
    username = member.userid if member.userid.lower() not in taken else f"{member.userid}@wecom"
    taken.add(username.lower())
    officer = Officer(
        county_id=county_id,
        username=username[:64],
        name=(member.name or member.userid)[:40],
        rank_kind=_rank(member.position),
        station_id=station_id,
        wecom_userid=member.userid,
        serves_residents=serves,
    )
    officer.set_unusable_password()
    officer.save()
    trail.record(None, "officer.came_from_wecom", officer, at=at)
    return officer.pk


def _rank(position: str) -> str:
    if "辅警" in position:
        return Officer.RankKind.AUXILIARY
    if "民警" in position or "所长" in position or "教导员" in position:
        return Officer.RankKind.POLICE
    return Officer.RankKind.CIVILIAN if "文职" in position else Officer.RankKind.AUXILIARY


def _follow(
    officer: Officer,
    member: Member,
    station_id: int | None,
    serves: bool,
    changes: Changes,
    *,
    at: datetime,
) -> None:
    present = member.status not in (DISABLED, LEFT)
    if present and not officer.is_active and left_by_wecom(officer):
        officer.is_active = True
        officer.save(update_fields=["is_active"])
        trail.record(None, BACK_IN_WECOM, officer, at=at)
        changes.returned.append(officer.pk)
    wanted = {
        "wecom_userid": member.userid,
        "name": (member.name or officer.name)[:40],
        "station_id": station_id or officer.station_id,
        "serves_residents": serves and present,
    }
    different = {name: value for name, value in wanted.items() if getattr(officer, name) != value}
    if different:
        for name, value in different.items():
            setattr(officer, name, value)
        officer.save(update_fields=[name.removesuffix("_id") for name in different])
        trail.record(None, "officer.followed_wecom", officer, at=at, fields=sorted(different))
        changes.changed.append(officer.pk)


def _let_go(officer: Officer, changes: Changes, *, at: datetime) -> None:
    officer.is_active = officer.serves_residents = False
    officer.save(update_fields=["is_active", "serves_residents"])
    trail.record(None, LEFT_WECOM, officer, at=at)
    changes.left.append(officer.pk)


def left_by_wecom(officer: Officer) -> bool:
    """Whether it was WeCom, and not a person here, who ended the account last."""
    last = (
        AuditEntry.objects.filter(
            county_id=officer.county_id,
            object_type=officer._meta.label_lower,
            object_id=officer.pk,
            action__in=[LEFT_WECOM, BACK_IN_WECOM],
        )
        .order_by("-at", "-pk")
        .first()
    )
    return last is not None and last.action == LEFT_WECOM
