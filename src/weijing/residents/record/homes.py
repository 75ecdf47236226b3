"""The homes people live in: found at an address or opened there, ended when the last one leaves."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from weijing.accounts.scope import Scope
from weijing.core.clock import local_day
from weijing.core.errors import DomainError
from weijing.core.ids import new_id
from weijing.residents.models import Household, Resident
from weijing.territory.models import Division

MAX_ADDRESS_CHARS = 120


class NoAddress(DomainError):
    """A home is somewhere: without a house number nobody finds the door."""


class NotYourPlace(DomainError):
    """People are moved inside the mover's own scope; beyond it by the desk that has both places."""


class HomeEnded(DomainError):
    """The household was joined into another one, or everybody left, while the form was open."""


class SeveralHomes(DomainError):
    """More than one household lives at the address; `homes` are they."""

    def __init__(self, homes: Sequence[Household]) -> None:
        super().__init__(f"这个门牌有 {len(homes)} 户，请选住进哪一户，或者单独成户。")
        self.homes = list(homes)


@dataclass(frozen=True)
class Place:
    """Where somebody goes to live. `household` names one of several homes at the address.

    `own_home`: they live there as a household of their own, whoever else does.
    """

    division: Division
    address: str
    household: Household | None = None
    own_home: bool = False


def written(address: str) -> str:
    """As it is kept: no blanks around, and `12` is `12号`."""
    text = " ".join(address.split())[:MAX_ADDRESS_CHARS]
    return f"{text}号" if text.isdecimal() else text


def check(place: Place, *, scope: Scope) -> None:
    """Raises `NotYourPlace`, `NoAddress`."""
    is_too_wide = place.division.level in (Division.Level.COUNTY, Division.Level.TOWNSHIP)
    if is_too_wide or not scope.covers(place.division):
        raise NotYourPlace("这个地方不归你管，没有迁移。请找派出所综合指挥室或县局迁移。")
    if place.household is None and not written(place.address):
        raise NoAddress("请填门牌，没有门牌的写清位置，如「桥头第二家」。")


def at_address(division: Division, address: str) -> list[Household]:
    """The households that live there now."""
    rows = Household.objects.filter(
        county_id=division.county_id, division=division, address=written(address), ended_on=None
    )
    return list(rows.order_by("pk"))


def settle(place: Place, *, leaving: int | None = None) -> Household:
    """The home at the place, locked together with the one being left; opened if there is none.

    Raises `SeveralHomes`, `HomeEnded`.
    """
    division = place.division
    # Two officers may register one house at the same moment.
    rows = Division.objects.select_for_update(no_key=True)
    rows.get(county_id=division.county_id, pk=division.pk)
    chosen = place.household or _the_one_home(place)
    if chosen is None:
        lock(division.county_id, [leaving])
        return open_home(division, place.address)
    locked = lock(division.county_id, [leaving, chosen.pk])
    home = locked.get(chosen.pk)
    if home is None or home.ended_on is not None or home.division_id != division.pk:
        raise HomeEnded("没有保存：要住进的那一户刚刚变动过。请重新选一户。")
    return home


def _the_one_home(place: Place) -> Household | None:
    there = [] if place.own_home else at_address(place.division, place.address)
    if len(there) > 1:
        raise SeveralHomes(there)
    return there[0] if there else None


def open_home(division: Division, address: str) -> Household:
    """A household the roll does not know; its number says so."""
    id = new_id()
    return Household.objects.create(
        id=id,
        county_id=division.county_id,
        division=division,
        number=f"W{id}",
        address=written(address),
    )


def lock(county_id: int, household_ids: Collection[int | None]) -> dict[int, Household]:
    """Whose members come and go: held until the commit, always in the order of ids."""
    rows = Household.objects.select_for_update(of=("self",), no_key=True).filter(
        county_id=county_id, pk__in=[pk for pk in household_ids if pk is not None]
    )
    found = rows.select_related("division__parent__parent").order_by("pk")
    return {household.pk: household for household in found}


def end_if_empty(county_id: int, household_id: int | None, *, at: datetime) -> bool:
    """Nobody on the roll lives there any more. The caller holds the household's lock."""
    if household_id is None or living_in(county_id, [household_id]):
        return False
    open_ones = Household.objects.filter(county_id=county_id, pk=household_id, ended_on=None)
    return bool(open_ones.update(ended_on=local_day(at)))


def reopen(county_id: int, household_id: int | None) -> None:
    """Somebody is at home again. The caller holds the household's lock."""
    homes = Household.objects.filter(county_id=county_id, pk__in=[household_id or 0])
    homes.update(ended_on=None)


def living_in(county_id: int, household_ids: Collection[int]) -> list[int]:
    """Ids of the people on the roll in these households."""
    people = Resident.objects.filter(
        county_id=county_id,
        household_id__in=household_ids,
        lifecycle=Resident.Lifecycle.ROLL,
    )
    return list(people.order_by("pk").values_list("pk", flat=True))
