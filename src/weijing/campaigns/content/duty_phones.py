"""The number of a station that is answered day and night: filled into messages, known to checks."""

import re
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import scope_of
from weijing.audit import trail
from weijing.campaigns import policies
from weijing.core.errors import DomainError, PermissionDenied
from weijing.territory.models import Station

NUMBER = re.compile(r"0\d{2,3}-?\d{7,8}|1[3-9]\d{9}|110", re.ASCII)


class NotADutyPhone(DomainError):
    """Residents would dial it in vain."""


def stations_of(by: Officer, *, at: datetime) -> QuerySet[Station]:
    """Whose number this person may set: a station its own, who approves messages all."""
    stations = Station.objects.filter(county_id=by.county_id).order_by("name")
    scope = scope_of(by, at=at)
    if policies.can_pause(by):
        return stations
    if scope.has(Role.STATION_COMMAND):
        return stations.filter(pk__in=scope.station_ids)
    return stations.none()


@transaction.atomic
def register(station: Station, text: str, *, by: Officer, at: datetime) -> None:
    """Set the number; an empty one, and messages say 110 instead.

    Raises `PermissionDenied`, `NotADutyPhone`.
    """
    number = re.sub(r"[\s－—]", "", text.strip()).removeprefix("+86")
    if number and not NUMBER.fullmatch(number):
        raise NotADutyPhone("没有保存：请填带区号的座机，如 0739-8888888，或 11 位手机号。")
    if not stations_of(by, at=at).filter(pk=station.pk).update(phone=number):
        raise PermissionDenied
    trail.record(by, "station.duty_phone_set", station, at=at, given=int(bool(number)))
