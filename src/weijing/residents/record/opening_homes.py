"""Households whose members are about to change: all of them locked, and as the officer saw them."""

from collections.abc import Mapping

from django.db.models import QuerySet

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.core.errors import PermissionDenied
from weijing.residents.models import Household, Resident
from weijing.residents.record import changing, homes

Opened = tuple[Household, list[Resident]]


def open_homes(seen: Mapping[Household, str], *, by: Officer, scope: Scope) -> list[Opened]:
    """Each household with everybody who belongs to it, also who moved away or died there.

    `seen` says which version of each the officer had before them ("" asks nothing). In its order.

    Raises `PermissionDenied`, `changing.ChangedMeanwhile`, `homes.HomeEnded`.
    """
    ids = [household.pk for household in seen]
    people = changing.open_records(
        list(_belonging(scope.county_id, ids)),
        by=by,
        scope=scope,
        lifecycles=Resident.Lifecycle.values,
    )
    locked = homes.lock(scope.county_id, ids)
    # Who came in while we waited for the locks is not among those we hold.
    now = set(_belonging(scope.county_id, ids).values_list("pk", "household_id"))
    if now != {(person.pk, person.household_id) for person in people}:
        raise changing.ChangedMeanwhile
    opened = []
    for household, version in seen.items():
        home = locked.get(household.pk)
        if home is None or home.ended_on is not None:
            raise homes.HomeEnded("没有保存：这一户已经注销或并入别户，请从现在的住户里重新选。")
        if not scope.covers(home.division):  # also when nobody belongs to it
            raise PermissionDenied
        members = [person for person in people if person.household_id == home.pk]
        _check_version(home, members, version)
        opened.append((home, members))
    return opened


def _belonging(county_id: int, household_ids: list[int]) -> QuerySet[Resident]:
    return Resident.objects.filter(county_id=county_id, household_id__in=household_ids)


def _check_version(home: Household, members: list[Resident], version: str) -> None:
    living = [person.pk for person in members if person.lifecycle in changing.ON_ROLL]
    if version and version != changing.household_version(home, living):
        raise changing.ChangedMeanwhile
