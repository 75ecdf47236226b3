"""Short messages go to the gateway, and what became of them is asked for."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from weijing.audit import trail
from weijing.campaigns import backoff, pausing
from weijing.campaigns.emergency import drilling, wording
from weijing.campaigns.emergency.models import EmergencyMessage, Sms
from weijing.campaigns.models import Campaign
from weijing.core.sms import (
    ACCEPTED,
    DELIVERED,
    MOST_AT_ONCE,
    Gateway,
    NotAnswered,
    NotConfigured,
    Outcome,
    Text,
)

State = Sms.State
LEASE = timedelta(seconds=60)  # a worker that died is followed by another; the id keeps it one
GIVE_UP_AFTER = timedelta(hours=2)  # then an update stands in its place
ASK_AFTER = timedelta(seconds=30)
REPORTS_WITHIN = timedelta(hours=24)


def stop(messages: QuerySet[EmergencyMessage], county_id: int, *, at: datetime) -> int:
    """End what has not left; how many. What may have arrived is asked for when its time comes."""
    waiting = Sms.objects.filter(
        county_id=county_id, message__in=messages, state=State.WAITING, attempts=0
    )
    return waiting.update(state=State.STOPPED, due_at=None, ended_at=at)


@dataclass
class Batch:
    """What one run takes: rows with their texts, and rows that must not go but may have gone."""

    rows: list[Sms] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    doubtful: dict[str, tuple[Sms, str]] = field(default_factory=dict)  # by id, with why not
    size: int = 0

    @property
    def leased(self) -> list[Sms]:
        return [*self.rows, *(row for row, _ in self.doubtful.values())]


def send_due(county_id: int, *, gateway: Gateway, at: datetime) -> int:
    """Hand one batch to the gateway; how many were taken. Repeated, nobody gets one twice.

    0 also when the gateway does not answer: the next tick tries again, a loop would not end.
    """
    batch = _take(county_id, at=at)
    try:
        if batch.doubtful:
            _settle_doubt(batch, gateway.states(list(batch.doubtful)), at=at)
        if batch.texts:
            _write_down(batch.rows, gateway.send(batch.texts), at=at)
    except NotAnswered:
        _later(batch.leased, "短信平台没有答复，稍后自动再发。", at=at)
        return 0
    except NotConfigured:
        _later(batch.leased, "短信平台不认我们的密钥，请系统管理员检查。", at=at)
        return 0
    return batch.size


def ask_reports(county_id: int, *, gateway: Gateway, at: datetime) -> int:
    """What the gateway accepted a while ago: delivered, failed, or not known yet; how many asked.

    Raises `NotAnswered`, `NotConfigured`; the next tick asks again.
    """
    batch = _take_accepted(county_id, at=at)
    if not batch:
        return 0
    _write_down(batch, gateway.states([str(row.pk) for row in batch]), at=at)
    return len(batch)


@transaction.atomic
def _take(county_id: int, *, at: datetime) -> Batch:
    """Lease what is due, and read the numbers now: who was erased or moved on gets nothing."""
    batch = Batch()
    if pausing.is_paused(county_id):
        return batch
    rows = (
        Sms.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(county_id=county_id, due_at__lte=at, state__in=[State.WAITING, State.SENDING])
        .select_related("message__event", "message__campaign", "resident")
        .order_by("due_at", "pk")[:MOST_AT_ONCE]
    )
    for row in rows:
        batch.size += 1
        why_not = _why_not(row, at=at)
        if not why_not:
            body = wording.as_sent(row.message.event, row.message.body)
            batch.texts.append(Text(str(row.pk), row.resident.phone, body))
            batch.rows.append(row)
        elif _may_have_left(row, at=at):
            batch.doubtful[str(row.pk)] = (row, why_not)
        else:
            _end(row, why_not, at=at)
    for row in batch.leased:
        row.state, row.attempts, row.due_at = State.SENDING, row.attempts + 1, at + LEASE
    Sms.objects.bulk_update(batch.leased, ["state", "attempts", "due_at"])
    return batch


def _why_not(row: Sms, *, at: datetime) -> str:
    message = row.message
    assert message.approved_at is not None
    if message.event.is_drill and not drilling.stays_here():
        return "演练不发到真实的短信平台，已停止。"
    if message.campaign is not None and message.campaign.state == Campaign.State.CANCELLED:
        return "这条消息已停止，没有发。"
    if at > message.approved_at + GIVE_UP_AFTER or message.superseded_at:
        return "消息已过时，没有发。"
    if not row.resident.phone or row.resident.phone_index != row.phone_index:
        return "电话已更改或删除，没有发。"
    return ""


def _may_have_left(row: Sms, *, at: datetime) -> bool:
    """It was tried and the answer is missing: the gateway knows, as long as it keeps our ids."""
    message = row.message
    assert message.approved_at is not None
    stays = not message.event.is_drill or drilling.stays_here()
    return stays and row.attempts > 0 and at <= message.approved_at + REPORTS_WITHIN


@transaction.atomic
def _settle_doubt(batch: Batch, outcomes: dict[str, Outcome], *, at: datetime) -> None:
    for id, (row, why_not) in batch.doubtful.items():
        if id in outcomes:
            _write_down([row], outcomes, at=at)
        else:
            _end(row, why_not, at=at)


@transaction.atomic
def _take_accepted(county_id: int, *, at: datetime) -> list[Sms]:
    rows = list(
        Sms.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(county_id=county_id, due_at__lte=at, state=State.ACCEPTED)
        .order_by("due_at", "pk")[:MOST_AT_ONCE]
    )
    for row in rows:
        assert row.accepted_at is not None
        # A tenth of the time it has taken so far; after a day it stays "accepted".
        over = at > row.accepted_at + REPORTS_WITHIN
        row.due_at = None if over else at + max(ASK_AFTER, (at - row.accepted_at) / 10)
    Sms.objects.bulk_update(rows, ["due_at"])
    return rows


@transaction.atomic
def _write_down(rows: list[Sms], outcomes: dict[str, Outcome], *, at: datetime) -> None:
    for row in rows:
        outcome = outcomes.get(str(row.pk))
        if outcome is None:  # left out of the answer: sent again, with the same id
            continue
        accepted_at = row.accepted_at or at
        if outcome.state == ACCEPTED:
            change = {"state": State.ACCEPTED, "accepted_at": accepted_at, "note": ""}
            if row.state == State.SENDING:
                change["due_at"] = at + ASK_AFTER
        elif outcome.state == DELIVERED:
            change = {"state": State.DELIVERED, "accepted_at": accepted_at, "ended_at": at,
                      "due_at": None, "note": ""}  # fmt: skip
        else:
            note = f"短信平台没发成：{outcome.reason or '没有说明'}"[:100]
            change = {"state": State.FAILED, "ended_at": at, "due_at": None, "note": note}
        Sms.objects.filter(
            county_id=row.county_id, pk=row.pk, state__in=[State.SENDING, State.ACCEPTED]
        ).update(**change)


@transaction.atomic
def _later(rows: list[Sms], note: str, *, at: datetime) -> None:
    for row in rows:
        Sms.objects.filter(county_id=row.county_id, pk=row.pk, state=State.SENDING).update(
            state=State.WAITING, note=note, due_at=backoff.after_failure(row.attempts, at=at)
        )


def _end(row: Sms, note: str, *, at: datetime) -> None:
    Sms.objects.filter(county_id=row.county_id, pk=row.pk).update(
        state=State.STOPPED, note=note, due_at=None, ended_at=at
    )
    trail.record(None, "sms.stopped", row, at=at)
