"""Choosing where somebody lives, step by step: township, village, group, house number."""

from typing import Any

from django import forms

from weijing.accounts.scope import Scope
from weijing.residents.masking import masked_name
from weijing.residents.models import Household, Resident
from weijing.residents.record.homes import Place, at_address, written
from weijing.territory import queries as territory
from weijing.territory.models import Division
from weijing.web.records.form import ActForm

OWN_HOME = "own"


class PlaceForm(ActForm):
    """`household`: which of the homes at the address, or one of their own."""

    town = forms.CharField(label="乡镇街道", required=False)
    village = forms.CharField(label="村社区", required=False)
    group = forms.CharField(label="组", required=False)
    house = forms.CharField(
        label="门牌",
        max_length=120,
        required=False,
        help_text="没有门牌的写清位置，如「桥头第二家」",
    )
    household = forms.ChoiceField(
        label="这个门牌已经有人住", required=False, widget=forms.RadioSelect
    )
    looks_at_homes = True

    def prepare(self) -> None:
        self.places = Places(self.acting.scope, *map(self.typed, ("town", "village", "group")))
        self.homes = self._homes()
        self.choose("household", [*_named(self.homes), (OWN_HOME, "单独成户")])
        if not self.homes:
            del self.fields["household"]

    def known(self) -> dict[str, Any]:
        return place_of(self.person)

    def apart(self) -> tuple[str, ...]:
        return ("town", "village", "group")

    def clean(self) -> None:
        if self.places.division is None:
            self.add_error("group", "请选村和组。")

    def place(self) -> Place:
        division = self.places.division
        assert division is not None, "a form without a place is not valid"
        chosen = self.cleaned_data.get("household", "")
        home = next((home for home in self.homes if str(home.pk) == chosen), None)
        return Place(division, self.cleaned_data["house"], home, own_home=chosen == OWN_HOME)

    def _homes(self) -> list[Household]:
        """Who lives at the address typed so far; not the person's own household."""
        division, house = self.places.division, written(self.typed("house"))
        if not self.looks_at_homes or division is None or not house:
            return []
        own = self.person.household_id
        return [home for home in at_address(division, house) if home.pk != own]


class Places:
    """What can be chosen inside the scope, given what was chosen so far."""

    def __init__(self, scope: Scope, town: str, village: str, group: str) -> None:
        self.scope = scope
        self.towns = [one for one in territory.townships(scope.county_id) if self._reaches(one)]
        self.town = _chosen(self.towns, town)
        self.villages = self._below(self.town)
        self.village = _chosen(self.villages, village)
        self.groups = [one for one in self._below(self.village) if scope.covers(one)]
        self.group = next((one for one in self.groups if one.code == group), None)

    @property
    def division(self) -> Division | None:
        """The group; the village itself when it has none."""
        if self.groups or self.village is None:
            return self.group
        return self.village if self.scope.covers(self.village) else None

    def _below(self, above: Division | None) -> list[Division]:
        if above is None:
            return []
        rows = territory.children(above).select_related("parent__parent__parent")
        return [one for one in rows if self._reaches(one)]

    def _reaches(self, place: Division) -> bool:
        """The scope has it, or a part of it."""
        parts = self.scope.ranges
        return self.scope.whole_county or any(lo <= place.hi and place.lo <= hi for lo, hi in parts)


def place_of(person: Resident) -> dict[str, str]:
    """Where they live now, as the fields take it."""
    path = territory.ancestors(person.division) if person.division else []
    codes = {one.level: one.code for one in path}
    names = {"town": "township", "village": "village", "group": "group"}
    return {name: codes.get(level, "") for name, level in names.items()}


def _chosen(places: list[Division], code: str) -> Division | None:
    """The one with the code; the only one there is; none before a choice is made."""
    found = next((place for place in places if place.code == code), None)
    return found or (places[0] if len(places) == 1 else None)


def _named(homes: list[Household]) -> list[tuple[str, str]]:
    """`住进 罗** 家（3 人）`, told apart by their head."""
    choices = []
    for home in homes:
        people = list(
            Resident.objects.filter(
                county_id=home.county_id, household=home, lifecycle=Resident.Lifecycle.ROLL
            ).order_by("ordinal")
        )
        head = next((one for one in people if one.household_role == "head"), None)
        name = masked_name((head or people[0]).name) if people else "没有登记的人"
        choices.append((str(home.pk), f"{name} 家（{len(people)} 人）"))
    return choices
