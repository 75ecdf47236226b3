"""An officer is away: until they are back messages go through a colleague who stands in."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from weijing.accounts.models import Absence, Officer, Role
from weijing.accounts.scope import Scope, scope_of
from weijing.audit import trail
from weijing.campaigns.models import Share
from weijing.campaigns.moving import UNCONFIRMED
from weijing.campaigns.stopping import stop_shares
from weijing.core.errors import DomainError, PermissionDenied

LONGEST = timedelta(days=366)


class BadAbsence(DomainError):
    """The words say what does not fit."""


def visible_to(scope: Scope, *, at: datetime) -> QuerySet[Absence]:
    """Those that last or are to come, of oneself and of whom one may note it for."""
    absences = Absence.objects.filter(county_id=scope.county_id, ends_at__gt=at)
    absences = absences.select_related("officer__station", "deputy", "noted_by")
    return absences.filter(officer__in=officers_of(scope)).order_by("starts_at", "pk")


def officers_of(scope: Scope) -> QuerySet[Officer]:
    """Whose absence one may note: one's own, a station's head that of its officers."""
    officers = Officer.objects.filter(county_id=scope.county_id, is_active=True)
    if scope.has(Role.SYSTEM_ADMIN):
        return officers.none()
    is_desk = scope.has(Role.STATION_COMMAND, Role.CAMPAIGN_APPROVER)
    if is_desk and scope.whole_county:
        return officers
    mine = officers.filter(pk=scope.officer_id)
    return (mine | officers.filter(station_id__in=scope.station_ids)) if is_desk else mine


def deputies_for(officer: Officer) -> QuerySet[Officer]:
    """Who may stand in: colleagues of the same station who serve residents."""
    return Officer.objects.filter(
        county_id=officer.county_id, station=officer.station, is_active=True,
        serves_residents=True,
    ).filter(~Q(pk=officer.pk))  # fmt: skip


@transaction.atomic
def note(
    officer: Officer,
    *,
    by: Officer,
    at: datetime,
    starts_at: datetime,
    ends_at: datetime,
    deputy: Officer | None = None,
) -> Absence:
    """From `starts_at` until before `ends_at` messages go through the deputy, or somebody else.

    Raises `PermissionDenied`, `BadAbsence`.
    """
    _check_may(by, officer, at=at)
    if not at < ends_at or not starts_at < ends_at or ends_at - starts_at > LONGEST:
        raise BadAbsence("结束要晚于开始，而且还没有过去，最长一年。没有保存。")
    if deputy is not None and not deputies_for(officer).filter(pk=deputy.pk).exists():
        raise BadAbsence("代办人要是同一个派出所、在岗服务群众的同事。没有保存。")
    # One at a time: two absences at once would name two deputies.
    Officer.objects.select_for_update(no_key=True).get(county_id=by.county_id, pk=officer.pk)
    others = Absence.objects.filter(county_id=by.county_id, officer=officer)
    if others.filter(starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
        raise BadAbsence(f"{officer.name}这段时间已经登记过不在岗，请先结束那一条。")
    absence = Absence.objects.create(
        county_id=by.county_id, officer=officer, deputy=deputy, starts_at=starts_at,
        ends_at=ends_at, noted_by=by, noted_at=at,
    )  # fmt: skip
    trail.record(by, "absence.noted", absence, at=at, officer=officer.pk)
    return absence


@transaction.atomic
def end(absence: Absence, *, by: Officer, at: datetime) -> None:
    """Back now; one that has not begun does not happen. Raises `PermissionDenied`, `BadAbsence`."""
    fresh = Absence.objects.select_for_update(of=("self",)).get(
        county_id=by.county_id, pk=absence.pk
    )
    _check_may(by, fresh.officer, at=at)
    if fresh.ends_at <= at:
        raise BadAbsence("这一条已经结束了。")
    fresh.ends_at = max(at, fresh.starts_at)
    fresh.save()
    trail.record(by, "absence.ended", fresh, at=at, officer=fresh.officer_id)


def waiting_with(officer_ids: Iterable[int], county_id: int) -> dict[int, list[Share]]:
    """What these officers were given before they went and have not confirmed, by officer.

    A task in WeCom is one officer's: nobody can confirm it for another. Of an urgent message
    other ways follow by themselves (`emergency.taking_over`).
    """
    rows = Share.objects.filter(
        county_id=county_id, officer_id__in=list(officer_ids), state__in=UNCONFIRMED, stop="",
        campaign__is_urgent=False,
    )  # fmt: skip
    found: dict[int, list[Share]] = {}
    for share in rows.select_related("campaign").order_by("campaign__confirm_by", "part"):
        found.setdefault(share.officer_id, []).append(share)
    return found


def may_stop_for(absence: Absence, scope: Scope) -> bool:
    """A desk that answers for the officer; who is away themselves just does not confirm."""
    is_desk = scope.has(Role.STATION_COMMAND, Role.CAMPAIGN_APPROVER)
    return is_desk and absence.officer_id != scope.officer_id


@transaction.atomic
def stop_waiting(absence: Absence, *, by: Officer, at: datetime) -> int:
    """Stop what waits with who is away; of how many shares. Then a new message to whom they did
    not reach goes through the deputy (`campaigns.following_up`).

    Raises `PermissionDenied`, `BadAbsence`.
    """
    _check_may(by, absence.officer, at=at)
    if not may_stop_for(absence, scope_of(by, at=at)):
        raise PermissionDenied
    found = waiting_with([absence.officer_id], by.county_id).get(absence.officer_id, [])
    stopped = stop_shares([share.pk for share in found], county_id=by.county_id, at=at)
    if not stopped:
        raise BadAbsence("没有要停的：这期间已经确认或结束了。")
    trail.record(by, "absence.shares_stopped", absence, at=at, shares=stopped)
    return stopped


def _check_may(by: Officer, officer: Officer, *, at: datetime) -> None:
    if not officers_of(scope_of(by, at=at)).filter(pk=officer.pk).exists():
        raise PermissionDenied
