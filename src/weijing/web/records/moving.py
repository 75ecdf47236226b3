"""Where somebody lives and with whom: moves, splits, joins."""

from typing import Any

from django import forms

from weijing.core.errors import DomainError
from weijing.residents.models import Household, Resident
from weijing.residents.record import changing, homes, households, moving_house
from weijing.residents.record.moving_house import whereabouts
from weijing.web.records.form import ActForm
from weijing.web.records.people_choice import member_words, members_beside
from weijing.web.records.place_choice import OWN_HOME, PlaceForm

ROLES = [
    (role.value, role.label)
    for role in Resident.HouseholdRole
    if role not in (Resident.HouseholdRole.HEAD, Resident.HouseholdRole.UNKNOWN)
]


class NoHousehold(DomainError):
    """Only who belongs to a household can leave it or take it along."""


class MoveForm(PlaceForm):
    title = "迁移本人"
    button = "迁到这里"
    says = "只迁这一位。这个门牌没有人住的，成为新的一户，本人是户主。"
    looks = {"role": "segments"}
    optional = ("role",)

    role = forms.ChoiceField(
        label="住进别人家的，与户主关系", choices=ROLES, required=False, widget=forms.RadioSelect
    )

    def clean(self) -> None:
        super().clean()
        if self.homes and not self.cleaned_data.get("household") and "household" not in self.errors:
            self.add_error("household", "请选住进哪一户，或者单独成户。")

    def save(self) -> str:
        given = self.cleaned_data
        is_own = given.get("household") == OWN_HOME or not self.homes
        home = moving_house.move(
            self.person, self.place(), role="" if is_own else given["role"], seen=given["seen"],
            **self.acting.use_case(),
        )  # fmt: skip
        return f"已迁到 {_address(home)}"


class HouseholdForm(ActForm):
    """Acts on the whole household; `seen_home` is its version."""

    seen_home = forms.CharField(widget=forms.HiddenInput, required=False)

    def prepare(self) -> None:
        super().prepare()
        self.fields["seen_home"].initial = self.home_version()

    def home(self) -> Household:
        if self.person.household is None:
            raise NoHousehold("这位群众还没有登记住户，请先用「迁移本人」登记门牌。")
        return self.person.household

    def home_version(self) -> str:
        home = self.person.household
        if home is None:
            return ""
        return changing.household_version(home, homes.living_in(home.county_id, [home.pk]))


class MoveHouseholdForm(HouseholdForm, PlaceForm):
    title = "全户迁移"
    button = "全户迁到这里"
    says = "同户的人一起迁，仍是同一户。那个门牌另有住户的，各自成户。"
    looks_at_homes = False

    def save(self) -> str:
        home = moving_house.move_household(
            self.home(), self.place(), seen=self.cleaned_data["seen_home"],
            **self.acting.use_case(),
        )  # fmt: skip
        return f"全户已迁到 {_address(home)}"


class SplitForm(HouseholdForm, PlaceForm):
    title = "分户"
    button = "分出去"
    says = "勾选分出去的人，其余的人留在原户。同一个门牌也可以分成两户。"
    looks_at_homes = False

    leaving = forms.MultipleChoiceField(
        label="谁分出去", required=False, widget=forms.CheckboxSelectMultiple
    )
    head = forms.ChoiceField(label="新户的户主", required=False)
    optional = ("head",)
    field_order = ("seen", "seen_home", "leaving", "head", "town", "village", "group", "house")

    def known(self) -> dict[str, Any]:
        house = self.person.household.address if self.person.household else ""
        return super().known() | {"house": house}

    def prepare(self) -> None:
        super().prepare()
        self.members = [self.person, *members_beside(self.person)]
        choices = [(str(one.pk), member_words(one)) for one in self.members]
        self.choose("leaving", choices)
        self.choose("head", [("", "以后再定"), *choices])

    def save(self) -> str:
        given = self.cleaned_data
        leaving = [one for one in self.members if str(one.pk) in given["leaving"]]
        head = next((one for one in leaving if str(one.pk) == given["head"]), None)
        home = households.split(
            self.home(), leaving, self.place(), head=head, seen=given["seen_home"],
            **self.acting.use_case(),
        )  # fmt: skip
        return f"{len(leaving)} 人已分出去，新户在 {_address(home)}"


class JoinForm(HouseholdForm, PlaceForm):
    title = "并户"
    button = "并入这一户"
    says = "同户的人全部并入选定的一户，原来的户注销，上门记录一起带过去。"

    def prepare(self) -> None:
        super().prepare()
        if "household" in self.fields:
            self.fields["household"].label = "并入哪一户"
            named = self.fields["household"].choices  # type: ignore[attr-defined]
            self.choose("household", [one for one in named if one[0] != OWN_HOME])

    def clean(self) -> None:
        super().clean()
        if not self.homes:
            self.add_error("house", "这个门牌没有别的住户。请写对方的门牌，再点「看这里的住户」。")
        elif not self.cleaned_data.get("household") and "household" not in self.errors:
            self.add_error("household", "请选并入哪一户。")

    def save(self) -> str:
        into = self.place().household
        assert into is not None, "a form without a household is not valid"
        home = households.join(
            self.home(), into, seen=self.cleaned_data["seen_home"], **self.acting.use_case()
        )
        return f"已并入 {_address(home)}"


def _address(home: Household) -> str:
    return whereabouts(Resident(household=home, division=home.division))["住址"]
