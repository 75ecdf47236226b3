"""A person's timeline: what the contact book knows, and the messages sent by campaign."""

from collections.abc import Iterable
from typing import Any

from weijing.campaigns.models import Delivery
from weijing.residents.models import Resident
from weijing.residents.record import timeline
from weijing.residents.record.timeline import Event

SHOWN = 30


def steps(person: Resident, *, limit: int = SHOWN) -> list[dict[str, Any]]:
    """As the component `timeline` takes them, newest first."""
    found = [*timeline.events(person, limit=limit), *_messages(person, limit)]
    return [_step(event) for event in timeline.latest(found, limit=limit)]


def _messages(person: Resident, limit: int) -> Iterable[Event]:
    """What was asked for but not sent yet has not happened to the person."""
    rows = Delivery.objects.filter(
        county_id=person.county_id, resident=person, sent_at__isnull=False
    )
    for row in rows.select_related("share__campaign", "share__officer").order_by("-sent_at")[
        :limit
    ]:
        assert row.sent_at is not None
        what = f"群发「{row.share.campaign.title}」{row.get_result_display()}"
        yield Event(row.sent_at, what, by=row.share.officer.name)


def _step(event: Event) -> dict[str, Any]:
    by = f"{event.by} 经手" if event.by else ""
    return {
        "what": event.what,
        "note": " · ".join(part for part in (event.note, by) if part),
        "at": event.at,
        "state": "problem" if event.is_bad else "done",
    }
