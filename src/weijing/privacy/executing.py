"""Doing what was granted: the record is changed by the same use cases officers use."""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.core.errors import DomainError
from weijing.privacy import deciding, erasing
from weijing.privacy.models import RightsRequest
from weijing.residents.record import correcting, moving_house
from weijing.residents.record.homes import Place

Kind, Field = RightsRequest.Kind, RightsRequest.Field


class NoPlace(DomainError):
    """An address is corrected by choosing where it is."""


@transaction.atomic
def grant_and_execute(
    request: RightsRequest,
    *,
    by: Officer,
    scope: Scope,
    at: datetime,
    place: Place | None = None,
) -> None:
    """Grant it and do it, both or neither. What only a person can do is marked by that person.

    `place` is where an address is corrected to.

    Raises `NoPlace` and what `deciding.grant`, `correcting`, `moving_house.move` and
    `erasing.erase` raise.
    """
    deciding.grant(request, by=by, scope=scope, at=at)
    if _execute(request, by=by, scope=scope, at=at, place=place):
        deciding.mark_executed(request, by=by, scope=scope, at=at)


def _execute(
    request: RightsRequest, *, by: Officer, scope: Scope, at: datetime, place: Place | None
) -> bool:
    """Whether the machine could do it."""
    match request.kind, request.field:
        case Kind.CORRECT, Field.NAME if request.wanted:
            correcting.correct_name(request.resident, request.wanted, by=by, scope=scope, at=at)
        case Kind.CORRECT, Field.PHONE if request.wanted:
            correcting.correct_phone(request.resident, request.wanted, by=by, scope=scope, at=at)
        case Kind.CORRECT, Field.ADDRESS:
            if place is None:
                raise NoPlace("请先选要更正到哪个村、哪个组、哪个门牌。")
            moving_house.move(request.resident, place, by=by, scope=scope, at=at)
        case Kind.DELETE, _:
            erasing.erase(request.resident, by=by, at=at)
        case _:
            return False
    return True
