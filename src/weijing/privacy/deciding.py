"""What becomes of a request: who they are is checked, it is granted or refused, done, answered."""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import FIELD_ROLES, Officer, Role
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.errors import DomainError, PermissionDenied
from weijing.privacy.models import RightsRequest
from weijing.residents.queries import visible_to

MAX_ANSWER = 500
# PIPL 50: who is refused may go to court, and is told so.
REMEDY = "您对这个答复不服的，可以向{bureau}投诉，也可以依法向人民法院起诉。"
State, Check = RightsRequest.State, RightsRequest.Check


class NotThisStep(DomainError):
    """Somebody else took the step, or it is not its turn."""

    def __init__(self) -> None:
        super().__init__("没有保存：这件申请刚刚有人办过，请看过最新进度再办。")


class NotChecked(DomainError):
    """Before we know who asks, we neither change nor refuse."""


class NoReason(DomainError):
    """A refusal says why, and every request gets an answer."""


@transaction.atomic
def check_identity(
    request: RightsRequest, how: str, *, by: Officer, scope: Scope, at: datetime
) -> None:
    """Note how we know that it is the person.

    Raises `PermissionDenied`, `NotThisStep`, `NotChecked` (no way of checking was named).
    """
    if how not in (Check.IN_PERSON, Check.CALL, Check.KNOWN):
        raise NotChecked("请选怎么核实的身份。")
    request = taken_up(request, State.RECEIVED, by=by, scope=scope)
    _step(request, State.IDENTITY_CHECKED, checked_how=how, checked_by=by, checked_at=at)
    trail.record(by, "request.identity_checked", request.resident, at=at, request=request.pk)


@transaction.atomic
def grant(request: RightsRequest, *, by: Officer, scope: Scope, at: datetime) -> None:
    """Decide that it will be done. Raises `PermissionDenied`, `NotThisStep`."""
    request = taken_up(request, State.IDENTITY_CHECKED, by=by, scope=scope)
    _step(request, State.DECIDED, granted=True, decided_by=by, decided_at=at)
    trail.record(by, "request.granted", request.resident, at=at, request=request.pk)


@transaction.atomic
def refuse(request: RightsRequest, reason: str, *, by: Officer, scope: Scope, at: datetime) -> None:
    """Refuse with the ground and the way to a court; that is the answer.

    Raises `PermissionDenied`, `NotThisStep`, `NoReason`.
    """
    reason = _said(reason, "请写明不能办理的依据，群众会看到。")
    request = taken_up(request, State.IDENTITY_CHECKED, by=by, scope=scope)
    remedy = REMEDY.format(bureau=request.county.bureau_name)
    request.answer = f"{reason}\n{remedy}"
    _step(
        request, State.ANSWERED, granted=False, decided_by=by, decided_at=at,
        answered_by=by, answered_at=at, answer_sealed=request.answer_sealed,
    )  # fmt: skip
    trail.record(by, "request.refused", request.resident, at=at, request=request.pk)


@transaction.atomic
def mark_executed(request: RightsRequest, *, by: Officer, scope: Scope, at: datetime) -> None:
    """What was granted has been done. Raises `PermissionDenied`, `NotThisStep`."""
    request = taken_up(request, State.DECIDED, by=by, scope=scope)
    _step(request, State.EXECUTED, executed_by=by, executed_at=at)
    trail.record(by, "request.executed", request.resident, at=at, request=request.pk)


@transaction.atomic
def answer(request: RightsRequest, words: str, *, by: Officer, scope: Scope, at: datetime) -> None:
    """Tell the resident what was done. Raises `PermissionDenied`, `NotThisStep`, `NoReason`."""
    words = _said(words, "请写明办理结果，群众会看到。")
    request = taken_up(request, State.EXECUTED, by=by, scope=scope)
    request.answer = words
    _step(
        request, State.ANSWERED, answered_by=by, answered_at=at,
        answer_sealed=request.answer_sealed,
    )  # fmt: skip
    trail.record(by, "request.answered", request.resident, at=at, request=request.pk)


def taken_up(request: RightsRequest, state: str, *, by: Officer, scope: Scope) -> RightsRequest:
    """The request, locked until the commit, if it stands in `state`.

    Raises `PermissionDenied`, `NotThisStep`.
    """
    rows = RightsRequest.objects.select_for_update(of=("self",)).select_related(
        "resident__division", "resident__household", "county"
    )
    locked = rows.get(county_id=scope.county_id, pk=request.pk)
    if scope.officer_id != by.pk or not scope.has(*FIELD_ROLES, Role.STATION_COMMAND):
        raise PermissionDenied
    if not visible_to(scope).filter(pk=locked.resident_id).exists():
        raise PermissionDenied
    if locked.state != state:
        raise NotThisStep
    return locked


def _step(request: RightsRequest, to: str, **changes: object) -> None:
    rows = RightsRequest.objects.filter(county_id=request.county_id, pk=request.pk)
    rows.update(state=to, **changes)


def _said(words: str, missing: str) -> str:
    words = words.strip()[:MAX_ANSWER]
    if not words:
        raise NoReason(missing)
    return words
