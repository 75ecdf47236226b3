"""One event: what is known, what was said, whom it reached, and the step that is next."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from weijing.accounts.models import Officer
from weijing.audiences import counting
from weijing.audiences.expression import parse
from weijing.audit.models import AuditEntry
from weijing.campaigns import pausing, stopping
from weijing.campaigns.emergency import (
    approving,
    drilling,
    policies,
    proposing,
    reaching,
    second_channel,
    taking_over,
    wording,
    writing,
)
from weijing.campaigns.emergency.models import EmergencyEvent, EmergencyMessage, HouseholdCall
from weijing.campaigns.emergency.reaching import Reached
from weijing.campaigns.emergency.verifying import ACTIVE, OPEN, State
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.moving import UNCONFIRMED
from weijing.campaigns.policies import can_stop
from weijing.core import line
from weijing.core.clock import COUNTY_TIME
from weijing.territory.queries import path_name

LOOKS = {
    State.REPORTED: "waiting",
    State.VERIFIED: "waiting",
    State.PUSHED: "running",
    State.UPDATED: "running",
    State.CLEARED: "done",
    State.REJECTED: "off",
}
SEVERITY = {"red": "critical", "orange": "high", "yellow": "medium", "blue": "low", "": "off"}
USUALLY_VALID = timedelta(hours=8)
STILL_ON_THE_WAY = timedelta(minutes=30)


def facts(event: EmergencyEvent) -> dict[str, Any]:
    """What both the desk and the phone show of it."""
    places = policies.places(event)
    return {
        "event": event,
        "title": f"{wording.short_where(event)} {event.get_kind_display()}",
        "look": LOOKS[State(event.state)],
        "severity_look": SEVERITY[event.severity],
        "where": wording.where_it_is(event),
        "places": [path_name(place) for place in places],
        "place_codes": [place.code for place in places],
        "is_open": event.state in OPEN,
        "is_active": event.state in ACTIVE,
        "steps": timeline(event),
    }


def record(event: EmergencyEvent, officer: Officer, *, kind: str, at: datetime) -> dict[str, Any]:
    """Context of the desk's page; `kind` is the message somebody begins to write."""
    kinds = writing.possible_kinds(event)
    waiting = writing.waiting(event)
    kind = kind if kind in kinds else (waiting.kind if waiting else (kinds[0] if kinds else ""))
    may_handle = policies.can_handle(officer, event, at=at)
    may_approve = waiting is not None and policies.can_approve(officer, event, at=at)
    people = _people(waiting) if waiting else 0
    messages = sent(event)
    moving = figures(event, messages, at=at)
    return {
        **facts(event),
        **moving,
        "said_messages": [
            _said(message, moving["reached"] if message is moving["last"] else None, at=at)
            for message in reversed(messages)
        ],
        "may_stop": _may_stop(moving["last"], officer, at=at),
        "kinds": [(value, EmergencyMessage.Kind(value).label) for value in kinds],
        "kind": kind,
        "body": _body(event, kind, waiting, at=at),
        "asks_for_groups": kind in ("first", "update"),
        "groups": _groups(event) if kind in ("first", "update") else [],
        "waiting": waiting,
        "people": people,
        "as_sent": wording.as_sent(event, waiting.body) if waiting else "",
        "may_handle": may_handle,
        "may_approve": may_approve,
        "may_verify": may_handle and event.state == State.REPORTED,
        "may_write": may_handle and bool(kinds),
        "hows": EmergencyEvent.VerifiedHow.choices,
        "severities": EmergencyEvent.Severity.choices,
        "findings": _findings(event, at=at),
        "may_change": may_handle and event.state in ACTIVE,
        "drill_leaves": event.is_drill and not drilling.stays_here(),
    }


def _body(
    event: EmergencyEvent, kind: str, waiting: EmergencyMessage | None, *, at: datetime
) -> str:
    if waiting is not None and waiting.kind == kind:
        return waiting.body
    return wording.template(event, kind, at=at)


def _findings(event: EmergencyEvent, *, at: datetime) -> dict[str, str]:
    """What the form of findings starts from."""
    is_valid = event.valid_until is not None and event.valid_until > at
    until = event.valid_until if is_valid and event.valid_until else at + USUALLY_VALID
    return {
        "severity": event.severity,
        "valid_until": until.astimezone(COUNTY_TIME).strftime("%Y-%m-%dT%H:%M"),
        "detour": event.detour,
        "phone": event.phone,
    }


def figures(
    event: EmergencyEvent, messages: Sequence[EmergencyMessage], *, at: datetime
) -> dict[str, Any]:
    """What moves while one looks: reach, officers who have not confirmed, calls."""
    last = messages[-1] if messages else None
    calls = HouseholdCall.objects.filter(county_id=event.county_id, event=event)
    open_calls = calls.filter(state=HouseholdCall.State.CALLING)
    found = reaching.reached(last, at=at) if last else None
    is_paused = pausing.is_paused(event.county_id)
    return {
        "event": event,
        "last": last,
        "reached": found,
        "ways": _ways(found) if found else [],
        "unconfirmed": _unconfirmed(last) if last else [],
        "take_over_at": _take_over_at(last, is_paused=is_paused),
        "is_paused": is_paused,
        "takeovers": list(
            last.takeovers.filter(county_id=event.county_id).select_related(
                "share__officer", "handed_to__officer"
            )
        )
        if last
        else [],
        "calls": calls.count(),
        "calls_open": open_calls.count(),
        "calls_answered": calls.filter(state=HouseholdCall.State.ANSWERED).count(),
        "calls_due": open_calls.filter(due_at__lte=at).count(),
        "has_gateway": second_channel.is_on(),
        "line": line.health(at),
        "poll_seconds": 5 if _moves(event, at) else 0,
        "now": at,
        "update_is_late": bool(event.update_due_at and event.update_due_at < at),
    }


def _take_over_at(last: EmergencyMessage | None, *, is_paused: bool) -> datetime | None:
    """When the duty account steps in; not for what somebody has stopped or replaced."""
    if last is None or last.campaign is None or last.superseded_at or is_paused:
        return None
    return None if _is_stopped(last) else taking_over.late_at(last)


def _moves(event: EmergencyEvent, at: datetime) -> bool:
    """While it lives, and as long as its all-clear is still on the way."""
    just_ended = event.ended_at is not None and at < event.ended_at + STILL_ON_THE_WAY
    return event.state in ACTIVE or (event.state == State.CLEARED and just_ended)


def sent(event: EmergencyEvent) -> list[EmergencyMessage]:
    rows = EmergencyMessage.objects.filter(
        county_id=event.county_id, event=event, approved_at__isnull=False
    )
    return list(
        rows.select_related("approved_by", "drafted_by", "reviewed_by", "campaign").order_by("seq")
    )


def timeline(event: EmergencyEvent) -> list[dict[str, Any]]:
    """Reported, verified, every message, the end; with who did it."""
    how = event.get_verified_how_display()
    rows: list[tuple[str, datetime | None, str]] = [
        ("上报", event.reported_at, f"{event.reported_by.name} · {event.get_source_display()}"),
    ]
    if event.verified_at and event.verified_by:
        rows.append(("核实", event.verified_at, f"{event.verified_by.name} · {how}"))
    for message in sent(event):
        name = message.approved_by.name if message.approved_by else ""
        rows.append((message.get_kind_display(), message.approved_at, f"{name}批准"))
        if _is_stopped(message) and message.campaign is not None:
            what = f"停止{message.get_kind_display()}"
            rows.append((what, message.campaign.ended_at, "没发出的都不再发"))
    rows += _changes(event)
    rows.sort(key=lambda row: row[1] or event.reported_at)
    if event.state == State.REJECTED and event.ended_by:
        rows.append(("不属实", event.ended_at, f"{event.ended_by.name} · {event.ended_because}"))
    shown = [{"what": what, "state": "done", "at": at, "note": note} for what, at, note in rows]
    future = {
        State.REPORTED: ["核实", "推送", "解除"],
        State.VERIFIED: ["推送", "解除"],
        State.PUSHED: ["解除"],
        State.UPDATED: ["解除"],
    }.get(State(event.state), [])
    for number, what in enumerate(future):
        shown.append({"what": what, "state": "future" if number else "now", "at": None, "note": ""})
    return shown


def _changes(event: EmergencyEvent) -> list[tuple[str, datetime | None, str]]:
    """When its places, level or detour were changed, and by whom."""
    entries = AuditEntry.objects.filter(
        county_id=event.county_id,
        object_type=EmergencyEvent._meta.label_lower,
        object_id=event.pk,
        action="emergency.changed",
    )
    return [
        ("改情况", entry.at, entry.actor.name if entry.actor else "")
        for entry in entries.select_related("actor").order_by("at", "pk")
    ]


def _is_stopped(message: EmergencyMessage) -> bool:
    campaign = message.campaign
    return campaign is not None and campaign.state == Campaign.State.CANCELLED


def _people(message: EmergencyMessage) -> int:
    return len(approving.audience_of(message))


def _groups(event: EmergencyEvent) -> list[dict[str, Any]]:
    """Each proposed line with its people; ticked when the event's audience has it."""
    chosen = proposing.chosen_keys(event)
    return [
        {
            "key": group.key,
            "name": group.name,
            "checked": group.key in chosen,
            "people": counting.count(
                parse(group.tree, county_id=event.county_id), county_id=event.county_id
            ),
        }
        for group in proposing.groups(event)
    ]


def _may_stop(last: EmergencyMessage | None, officer: Officer, *, at: datetime) -> bool:
    if last is None or last.campaign is None or last.superseded_at:
        return False
    may = can_stop(officer, last.campaign, at=at)
    return may and stopping.is_going_on(last.campaign, at=at)


def _ways(found: Reached) -> list[dict[str, Any]]:
    return [
        {"key": way, "word": reaching.WORDS[way], "people": found.people[way]}
        for way in reaching.WAYS
        if found.people[way] or way in ("wecom", "not_reached")
    ]


def _unconfirmed(message: EmergencyMessage) -> list[Share]:
    shares = Share.objects.filter(
        county_id=message.county_id, campaign=message.campaign, state__in=UNCONFIRMED
    )
    return list(shares.select_related("officer__station").order_by("-people")[:50])


def _said(message: EmergencyMessage, found: Reached | None, *, at: datetime) -> dict[str, Any]:
    by = message.approved_by.name if message.approved_by else ""
    return {
        "message": message,
        "note": f"{by}批准",
        "id": f"message-{message.seq}",
        "reached": found or reaching.reached(message, at=at),
        "is_stopped": _is_stopped(message),
    }
