"""Short messages go to the gateway, and what became of them is asked for."""

from datetime import datetime, timedelta

from django.db import transaction

from weijing.audit import trail
from weijing.campaigns import backoff
from weijing.campaigns.emergency import drilling, wording
from weijing.campaigns.emergency.models import Sms
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


def send_due(county_id: int, *, gateway: Gateway, at: datetime) -> int:
    """Hand one batch to the gateway; how many were taken. Repeated, nobody gets one twice."""
    batch, texts = _take(county_id, at=at)
    if not texts:
        return len(batch)
    try:
        outcomes = gateway.send(texts)
    except NotAnswered:
        _later(batch, "短信平台没有答复，稍后自动再发。", at=at)
        return len(batch)
    except NotConfigured:
        _later(batch, "短信平台不认我们的密钥，请系统管理员检查。", at=at)
        return len(batch)
    _write_down(batch, outcomes, at=at)
    return len(batch)


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
def _take(county_id: int, *, at: datetime) -> tuple[list[Sms], list[Text]]:
    """Lease what is due, and read the numbers now: who was erased or moved on gets nothing."""
    rows = list(
        Sms.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(county_id=county_id, due_at__lte=at, state__in=[State.WAITING, State.SENDING])
        .select_related("message__event", "resident")
        .order_by("due_at", "pk")[:MOST_AT_ONCE]
    )
    texts, left = [], []
    for row in rows:
        end = _why_not(row, at=at)
        if end:
            _end(row, State.STOPPED, end, at=at)
            continue
        body = wording.as_sent(row.message.event, row.message.body)
        texts.append(Text(str(row.pk), row.resident.phone, body))
        row.state, row.attempts, row.due_at = State.SENDING, row.attempts + 1, at + LEASE
        left.append(row)
    Sms.objects.bulk_update(left, ["state", "attempts", "due_at"])
    return left, texts


def _why_not(row: Sms, *, at: datetime) -> str:
    message = row.message
    assert message.approved_at is not None
    if message.event.is_drill and not drilling.stays_here():
        return "演练不发到真实的短信平台，已停止。"
    if at > message.approved_at + GIVE_UP_AFTER or message.superseded_at:
        return "消息已过时，没有发。"
    if not row.resident.phone or row.resident.phone_index != row.phone_index:
        return "电话已更改或删除，没有发。"
    return ""


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


def _end(row: Sms, state: str, note: str, *, at: datetime) -> None:
    Sms.objects.filter(county_id=row.county_id, pk=row.pk).update(
        state=state, note=note, due_at=None, ended_at=at
    )
    trail.record(None, "sms.stopped", row, at=at)
