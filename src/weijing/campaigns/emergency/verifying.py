"""A desk makes sure of it, or writes down that it is not so. Nothing goes out before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns.emergency import calling, policies, proposing
from weijing.campaigns.emergency.models import EmergencyEvent
from weijing.campaigns.emergency.reporting import MOST_PLACES, Incomplete, set_places
from weijing.core.errors import DomainError, PermissionDenied
from weijing.territory.models import Division

State = EmergencyEvent.State
ACTIVE = (State.PUSHED, State.UPDATED)
OPEN = (State.REPORTED, State.VERIFIED, *ACTIVE)
LONGEST = timedelta(days=7)


class NotThatFar(DomainError):
    """Somebody else was quicker, or a step before it is missing."""

    def __init__(self) -> None:
        super().__init__("这起险情的状态已经变了，没有改动。请刷新后再看。")


@dataclass(frozen=True)
class Findings:
    """How it was made sure of, how bad it is, what drivers should do and until when it holds."""

    how: str
    severity: str
    valid_until: datetime
    detour: str = ""
    phone: str = ""
    divisions: Sequence[Division] = ()  # the area anew; empty: as it was


@transaction.atomic
def verify(event: EmergencyEvent, found: Findings, *, by: Officer, at: datetime) -> EmergencyEvent:
    """Make an event certain; the audience is proposed from its road and places.

    Raises `PermissionDenied`, `NotThatFar`, `Incomplete`.
    """
    fresh = locked(event)
    if not policies.can_handle(by, fresh, at=at):
        raise PermissionDenied
    if fresh.state != State.REPORTED:
        raise NotThatFar
    _take(fresh, found, at=at)
    fresh.state = State.VERIFIED
    fresh.verified_how = found.how
    fresh.verified_by = by
    fresh.verified_at = at
    fresh.audience = proposing.tree(proposing.groups(fresh))
    fresh.save()
    trail.record(by, "emergency.verified", fresh, at=at, how=found.how, severity=found.severity)
    return fresh


@transaction.atomic
def change(event: EmergencyEvent, found: Findings, *, by: Officer, at: datetime) -> int:
    """It has spread, lasts longer, another way round is open; how many households are new to call.

    The groups that were chosen now mean the new places: the next update reaches who is new, and
    those who were told before are told with it, not by an event of its own.
    Raises `PermissionDenied`, `NotThatFar`, `Incomplete`.
    """
    fresh = locked(event)
    if not policies.can_handle(by, fresh, at=at):
        raise PermissionDenied
    if fresh.state not in ACTIVE:
        raise NotThatFar
    chosen = proposing.chosen_keys(fresh)
    _take(fresh, found, at=at)
    if chosen:
        groups = [group for group in proposing.groups(fresh) if group.key in chosen]
        fresh.audience = proposing.tree(groups)
    fresh.save()
    # Danger does not wait for the next text.
    households = calling.list_households(fresh, at=at)
    trail.record(
        by, "emergency.changed", fresh, at=at, how=found.how, severity=found.severity,
        places=len(found.divisions), households=households,
    )  # fmt: skip
    return households


@transaction.atomic
def reject(event: EmergencyEvent, *, by: Officer, at: datetime, because: str) -> None:
    """It is not so, and nobody was told. What has gone out is corrected instead, by a message.

    Raises `PermissionDenied`, `NotThatFar`, `Incomplete`.
    """
    fresh = locked(event)
    if not policies.can_handle(by, fresh, at=at):
        raise PermissionDenied
    if fresh.state not in (State.REPORTED, State.VERIFIED):
        raise NotThatFar
    because = because.replace("\0", "").strip()
    if not because:
        raise Incomplete("请写明怎么核实的、为什么不属实。")
    fresh.messages.filter(county_id=fresh.county_id, approved_at=None).delete()
    fresh.state = State.REJECTED
    fresh.ended_at, fresh.ended_by, fresh.ended_because = at, by, because[:100]
    fresh.save()
    trail.record(by, "emergency.rejected", fresh, at=at)


def _take(event: EmergencyEvent, found: Findings, *, at: datetime) -> None:
    """What was found out, into the event; not saved yet, but for its places."""
    _check(found, at=at)
    if found.divisions:
        set_places(event, found.divisions)
    event.severity = found.severity
    event.valid_until = found.valid_until
    event.detour = found.detour.strip()
    event.phone = found.phone.strip()


def locked(event: EmergencyEvent) -> EmergencyEvent:
    return EmergencyEvent.objects.select_for_update(of=("self",)).get(
        county_id=event.county_id, pk=event.pk
    )


def _check(found: Findings, *, at: datetime) -> None:
    if found.how not in EmergencyEvent.VerifiedHow.values:
        raise Incomplete("请选怎么核实的：到场、照片或第二个来源。")
    if found.severity not in EmergencyEvent.Severity.values:
        raise Incomplete("请选等级。")
    if not at < found.valid_until <= at + LONGEST:
        raise Incomplete("有效期应在现在之后、7 天之内。")
    if len(found.detour) > 100 or "\0" in found.detour + found.phone:
        raise Incomplete("绕行办法最多 100 个字。")
    if len(found.phone) > 20:
        raise Incomplete("联系电话最多 20 个字符。")
    if len(found.divisions) > MOST_PLACES:
        raise Incomplete(f"最多选 {MOST_PLACES} 个地方，范围再大请选乡镇。")
