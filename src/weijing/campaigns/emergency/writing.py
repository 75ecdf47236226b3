"""A desk writes what is to be said next; it goes out when a duty leader lets it."""

from datetime import datetime
from typing import Any

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns import codes
from weijing.campaigns.emergency import policies, proposing, wording
from weijing.campaigns.emergency.models import EmergencyEvent, EmergencyMessage
from weijing.campaigns.emergency.reporting import Incomplete
from weijing.campaigns.emergency.verifying import ACTIVE, NotThatFar, State, locked
from weijing.core import jobs
from weijing.core.errors import PermissionDenied
from weijing.territory.models import County

Kind = EmergencyMessage.Kind


def possible_kinds(event: EmergencyEvent) -> list[str]:
    """What may be said next."""
    if event.state == State.VERIFIED:
        return [Kind.FIRST]
    return [Kind.UPDATE, Kind.CLEAR, Kind.CORRECTION] if event.state in ACTIVE else []


def waiting(event: EmergencyEvent) -> EmergencyMessage | None:
    """The text that waits for a duty leader."""
    texts = EmergencyMessage.objects.filter(county_id=event.county_id, event=event)
    return texts.select_related("drafted_by").filter(approved_at=None).first()


@transaction.atomic
def write(
    event: EmergencyEvent,
    kind: str,
    body: str,
    *,
    by: Officer,
    at: datetime,
    audience: dict[str, Any] | None = None,
) -> EmergencyMessage:
    """Put a text before the duty leader; what was waiting is replaced.

    `audience` (the first time and with updates) is an expression; None keeps the event's.
    Raises `PermissionDenied`, `NotThatFar`, `Incomplete`, `BadExpression`.
    """
    fresh = locked(event)
    if not policies.can_handle(by, fresh, at=at):
        raise PermissionDenied
    if kind not in possible_kinds(fresh):
        raise NotThatFar
    body = _checked(fresh, body)
    if audience is not None and kind in (Kind.FIRST, Kind.UPDATE):
        if not audience:
            raise Incomplete("请至少选一类要通知的人。")
        proposing.people(fresh, audience)  # what cannot be read is refused now, not at the approval
        fresh.audience = audience
        fresh.save(update_fields=["audience"])
    texts = EmergencyMessage.objects.filter(county_id=fresh.county_id, event=fresh)
    texts.filter(approved_at=None).delete()
    message = EmergencyMessage.objects.create(
        county_id=fresh.county_id,
        event=fresh,
        seq=texts.count() + 1,
        kind=kind,
        body=body,
        drafted_by=by,
        drafted_at=at,
    )
    trail.record(by, "emergency.written", message, at=at, kind=kind)
    jobs.enqueue("campaigns.tell_duty", county_id=fresh.county_id, event_id=fresh.pk)
    return message


def _checked(event: EmergencyEvent, body: str) -> str:
    body = body.replace("\r\n", "\n").strip()
    if not body or "\0" in body:
        raise Incomplete("请写正文。")
    short_name = County.objects.get(pk=event.county_id).short_name
    over = codes.text_bytes(wording.as_sent(event, body), short_name=short_name)
    if over > codes.MAX_TEXT_BYTES:
        more = over - codes.MAX_TEXT_BYTES
        raise Incomplete(f"正文太长：多了 {more:,} 字节（约 {-(-more // 3)} 个汉字）。")
    return body
