"""A list of results as a file to take away: masked, with the name of who took it on top.

Nothing in a cell is a formula to a spreadsheet, whatever a resident calls themselves.
"""

import csv
import io
from collections.abc import Iterator
from datetime import datetime, time

import xlsxwriter
from django.db import transaction

from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.audit.models import AuditEntry
from weijing.campaigns import deselecting
from weijing.campaigns.models import Campaign, Delivery
from weijing.campaigns.reasons import why
from weijing.campaigns.results import Listed
from weijing.core.clock import COUNTY_TIME, local_day
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents.masking import masked_name
from weijing.residents.models import Resident
from weijing.residents.queries import visible_to
from weijing.territory.queries import path_names

MOST_PEOPLE = 1_000  # in one file; more needs a second person, and there is no way yet to ask one
# Of one officer on one natural day: what somebody can go through by phone or on foot within a week.
# Without it a thousand at a time would carry off the whole county.
MOST_A_DAY = 3_000
MAY_EXPORT = (Role.STATION_COMMAND, Role.CAMPAIGN_APPROVER)  # who sends others after those missed
EXPORTED = "campaign.results_exported"
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
HEADINGS = ("姓名", "住址", "民辅警", "派出所", "结果", "原因", "发出时间")
MINUTE = "%Y-%m-%d %H:%M"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class NothingToExport(DomainError):
    """An empty file looks like a lost one."""

    def __init__(self) -> None:
        super().__init__("没有符合条件的人，没有导出。请改一下筛选。")


class TooManyToExport(DomainError):
    """So many people leave the house only when two have looked at it."""

    def __init__(self) -> None:
        super().__init__(
            f"超过 {MOST_PEOPLE:,} 人的名单须经另一人审批才能导出，目前还不能审批。"
            "请先按结果、派出所或民辅警筛选。"
        )


class EnoughToday(DomainError):
    """Many small files are one large one."""

    def __init__(self, left: int) -> None:
        super().__init__(
            f"每人每天最多导出 {MOST_A_DAY:,} 人，您今天还能导出 {left:,} 人。"
            "没有导出，请再筛选，或明天再导。"
        )


class StillBeingListed(DomainError):
    """A file with half of the people looks like a whole one."""

    def __init__(self, people: int) -> None:
        super().__init__(f"刚下发，还有 {people:,} 人的名单正在写入。请过一分钟再导出。")


def may_export(scope: Scope) -> bool:
    return scope.has(*MAY_EXPORT)


def left_today(by: Officer, *, at: datetime) -> int:
    """How many people this officer may still take away on this natural day, as the trail says."""
    begin = datetime.combine(local_day(at), time(), COUNTY_TIME)
    taken = AuditEntry.objects.filter(
        county_id=by.county_id, actor=by, action=EXPORTED, at__gte=begin
    )
    people = sum(int(details["people"]) for details in taken.values_list("details", flat=True))
    return max(0, MOST_A_DAY - people)


def check(found: Listed, *, by: Officer, scope: Scope, at: datetime) -> None:
    """Raises `PermissionDenied`, `StillBeingListed`, `NothingToExport`, `TooManyToExport`,
    `EnoughToday`.
    """
    if not may_export(scope):
        raise PermissionDenied("名单由派出所负责人和审批人导出。")
    if found.unlisted:
        raise StillBeingListed(found.unlisted)
    if not found.count():
        raise NothingToExport
    if found.count() > MOST_PEOPLE or found.is_cut:
        raise TooManyToExport
    left = left_today(by, at=at)
    if found.count() > left:
        raise EnoughToday(left)


@transaction.atomic
def export(
    campaign: Campaign, found: Listed, *, kind: str, by: Officer, scope: Scope, at: datetime
) -> bytes:
    """The file, of one of `KINDS`; every person in it is noted as read.

    Raises what `check` raises.
    """
    # One file at a time: two at once would both find the day's number unused.
    Officer.objects.select_for_update(no_key=True).get(county_id=by.county_id, pk=by.pk)
    check(found, by=by, scope=scope, at=at)
    rows = found[0 : found.count()]
    ids = [row.resident_id for row in rows]
    trail.record(by, EXPORTED, campaign, at=at, people=len(rows))
    trail.viewed(by, Resident._meta.label_lower, ids, purpose="campaign.export", at=at)
    taken = at.astimezone(COUNTY_TIME).strftime(MINUTE)
    mark = f"{campaign.number} 结果名单，{by.name} {taken} 导出，内部资料"
    lines = [(mark,), HEADINGS, *_lines(rows, scope)]
    return _csv(lines) if kind == "csv" else _xlsx(lines)


def _lines(rows: list[Delivery], scope: Scope) -> Iterator[tuple[str, ...]]:
    ids = [row.resident_id for row in rows]
    ours = set(visible_to(scope).filter(pk__in=ids).values_list("pk", flat=True))
    divisions = {row.resident.division_id for row in rows if row.resident.division_id}
    places = path_names(scope.county_id, divisions)
    noted = deselecting.reasons_of(scope.county_id, [row.pk for row in rows])
    for row in rows:
        officer = row.share.officer
        yield (
            masked_name(row.resident.name),
            places.get(row.resident.division_id or 0, "") if row.resident_id in ours else "",
            officer.name,
            officer.station.name if officer.station else "",
            row.get_result_display(),
            why(row, noted.get(row.pk, "")),
            row.sent_at.astimezone(COUNTY_TIME).strftime(MINUTE) if row.sent_at else "",
        )


def _csv(lines: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerows([_inert(cell) for cell in line] for line in lines)
    return text.getvalue().encode("utf-8-sig")  # Excel takes it for GBK without the mark


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def _xlsx(lines: list[tuple[str, ...]]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet("名单")
        sheet.set_column(0, len(HEADINGS) - 1, 18)
        for number, line in enumerate(lines):
            for column, cell in enumerate(line):
                sheet.write_string(number, column, cell)
    return file.getvalue()
