"""A resident asks for something about their own data; the clock of the law starts."""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.core import ids, working_days
from weijing.core.clock import local_day
from weijing.core.errors import DomainError
from weijing.privacy.models import RightsRequest
from weijing.residents import phones
from weijing.residents.models import Resident
from weijing.residents.record import filling

WORKING_DAYS = 15  # our own promise; the law says "in time" (PIPL 50)
MAX_WORDS = 500
NUMBER_CHARS = 6
Kind, Field, State = RightsRequest.Kind, RightsRequest.Field, RightsRequest.State


class NothingSaid(DomainError):
    """Nobody can answer a request that says nothing."""


class AlreadyAsked(DomainError):
    """The same is being dealt with; `request` is that one."""

    def __init__(self, request: RightsRequest) -> None:
        super().__init__(f"您已经提交过同样的申请（编号 {request.number}），正在办理，不用再交。")
        self.request = request


@transaction.atomic
def submit(
    resident: Resident,
    kind: str,
    *,
    by: Officer | None,
    at: datetime,
    channel: str = RightsRequest.Channel.PHONE_PAGE,
    field: str = "",
    wanted: str = "",
    words: str = "",
) -> RightsRequest:
    """Take a request in. `by` is the officer who wrote it down, None for the resident's own page.

    `wanted` is the new value of `field`, checked as the record will have it.

    Raises `NothingSaid`, `AlreadyAsked`, `phones.NotAPhone`, `filling.NotAName`.
    """
    wanted, words = _checked(kind, field, wanted), words.strip()[:MAX_WORDS]
    if kind in (Kind.CORRECT, Kind.COMPLAINT) and not (wanted or words):
        raise NothingSaid("请写明要改成什么，或者是什么事。")
    # Two taps on a slow phone: the second waits here and then finds the first.
    rows = Resident.objects.select_for_update(no_key=True)
    person = rows.get(county_id=resident.county_id, pk=resident.pk)
    _check_not_asked(person, kind, field)
    request = RightsRequest(
        county_id=person.county_id,
        number=f"SQ-{ids.new_code(NUMBER_CHARS)}",
        resident=person,
        kind=kind,
        field=field,
        channel=channel,
        received_at=at,
        received_by=by,
        due_on=working_days.after(local_day(at), WORKING_DAYS),
    )
    request.wanted, request.words = wanted, words
    request.save(force_insert=True)
    trail.record(by, "request.received", person, at=at, request=request.pk, kind=kind)
    return request


def _checked(kind: str, field: str, wanted: str) -> str:
    if kind != Kind.CORRECT or not wanted.strip():
        return ""
    if field == Field.PHONE:
        return phones.required(wanted)
    if field == Field.NAME:
        return filling.checked_name(wanted)
    return " ".join(wanted.split())[:MAX_WORDS]


def _check_not_asked(person: Resident, kind: str, field: str) -> None:
    if kind == Kind.COMPLAINT:
        return
    same = RightsRequest.objects.filter(
        county_id=person.county_id, resident=person, kind=kind, field=field
    )
    for waiting in same.order_by("received_at"):
        if waiting.state != State.ANSWERED:
            raise AlreadyAsked(waiting)
