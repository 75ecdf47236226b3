"""Who opened a resident's record and why, in words the resident understands."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet

from weijing.accounts.models import Officer
from weijing.audit.models import AuditEntry
from weijing.audit.searching import READING
from weijing.core.clock import local_day
from weijing.residents.models import Resident

RECENT = timedelta(days=30)
HALF_A_YEAR = timedelta(days=180)
# By the first part of the purpose's code, the longest that fits.
PURPOSES = {
    "contact.label": "核对、登记您的称呼和住址",
    "contact.search": "查找联系人",
    "contact.record": "联系您、为您办事",
    "contact.consents": "登记您的选择",
    "tags.expiring": "核对快到期的标签",
    "contact.link": "给您发专页链接",
    "officer.": "联系您、为您办事",
    "officer.merge": "核对是否重复登记",
    "contacts.list": "在名单里看到（姓名、电话已遮盖）",
    "contacts.known": "在常用名单里看到（姓名、电话已遮盖）",
    "coverage.": "核对哪些住户还没联系上（已遮盖）",
    "campaign.": "核对通知发给谁（已遮盖）",
    "household": "核对同户人员",
    "desk.visit": "走访前核对",
    "desk.call": "接到来电或求助",
    "desk.label": "核对登记的资料",
    "desk.case": "接处警、办案需要",
    "desk.correction": "按您的要求更正",
    "desk.merge": "核对是否重复登记",
    "desk.split": "核对是否混了两个人",
    "desk.": "派出所、县局工作需要",
    "record.choose": "登记家人、代收人时看到（已遮盖）",
    "duplicates": "核对是否重复登记",
    "missing": "查找走失的人",
    "lost": "归还丢失的东西",
    "roll": "核对名册与登记的资料",
    "request": "办理您的申请",
    "emergency": "险情中通知您、确认您是否安全",
}
OTHERWISE = "工作需要"


@dataclass(frozen=True)
class Opening:
    """One officer, one reason, one day; `times` that day, the last `at`."""

    who: str
    rank: str
    station: str
    why: str
    shown: str
    at: datetime
    times: int


@dataclass(frozen=True)
class Summary:
    """The line on the first page."""

    times: int
    people: int
    last: Opening | None


def of(resident: Resident, *, at: datetime, since: timedelta = RECENT) -> list[Opening]:
    """The latest first. Everybody is named who signed in and was shown the record."""
    grouped: dict[tuple[int, str, date], list[AuditEntry]] = {}
    for entry in _entries(resident, at - since, at):
        key = (entry.actor_id or 0, words(entry), local_day(entry.at))
        grouped.setdefault(key, []).append(entry)
    return [_opening(why, entries) for (_officer, why, _day), entries in grouped.items() if entries]


def summary(openings: list[Opening]) -> Summary:
    return Summary(
        times=sum(opening.times for opening in openings),
        people=len({(opening.who, opening.station) for opening in openings}),
        last=openings[0] if openings else None,
    )


def words(entry: AuditEntry) -> str:
    """The purpose in words; every code that the house writes has some."""
    code = entry.purpose or str(entry.details.get("purpose", ""))
    fitting = [known for known in PURPOSES if code.startswith(known)]
    return PURPOSES[max(fitting, key=len)] if fitting else OTHERWISE


def _entries(resident: Resident, since: datetime, until: datetime) -> QuerySet[AuditEntry]:
    rows = AuditEntry.objects.filter(
        Q(action__in=READING),
        county_id=resident.county_id,
        object_type=Resident._meta.label_lower,
        object_id=resident.pk,
        actor__isnull=False,
        at__gt=since,
        at__lte=until,
    )
    return rows.select_related("actor__station").order_by("-at", "-pk")


def _opening(why: str, entries: list[AuditEntry]) -> Opening:
    latest = entries[0]
    officer = latest.actor
    assert isinstance(officer, Officer)
    is_phone = any(entry.action == "resident.phone_revealed" for entry in entries)
    return Opening(
        who=officer.name,
        rank=officer.get_rank_kind_display(),
        station=officer.station.name if officer.station else "县局",
        why=why,
        shown="看了完整电话" if is_phone else "",
        at=latest.at,
        times=len(entries),
    )
