"""What an officer fills in about a contact, and what is wrong with it, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from weijing.core.errors import DomainError
from weijing.residents import consent, phones
from weijing.residents.labels import labelling
from weijing.residents.labels.labelling import Label
from weijing.residents.models import Resident
from weijing.tags import assigning
from weijing.tags.models import Tag
from weijing.territory.models import Division

ROLES = [(role.value, role.label) for role in (
    Resident.HouseholdRole.HEAD, Resident.HouseholdRole.FAMILY, Resident.HouseholdRole.TENANT,
)]  # fmt: skip

# Under which question an error of the use case stands.
FIELD_OF: dict[type[DomainError], str] = {
    labelling.NotAName: "name",
    labelling.PhoneTaken: "phone",
    phones.NotAPhone: "phone",
    labelling.OutsideOwnBeat: "village",
    labelling.NoNotice: "told",
    assigning.OnlyTheResident: "tags",
    assigning.ConsentMissing: "tags",
    assigning.TagBelongsElsewhere: "tags",
}


@dataclass(frozen=True)
class Places:
    """Where the officer's people can live: villages, each with its groups of the grid."""

    villages: list[Division]
    groups: dict[str, list[Division]]  # by the code of the village

    @staticmethod
    def of(places: Sequence[Division]) -> "Places":
        villages = [place for place in places if place.level == Division.Level.VILLAGE]
        groups: dict[str, list[Division]] = {village.code: [] for village in villages}
        for place in places:
            if place.level == Division.Level.GROUP and place.parent:
                groups[place.parent.code].append(place)
        return Places(villages, groups)

    def find(self, village: str, group: str) -> Division | None:
        """The group, or the village when it has no groups; None when they do not fit."""
        groups = self.groups.get(village, [])
        if not groups:
            return next((place for place in self.villages if place.code == village), None)
        return next((place for place in groups if place.code == group), None)


class LabelForm(forms.Form):
    """`is_on_roll`: name and address come from the roll and are not asked again."""

    name = forms.CharField(label="真实姓名", max_length=60, required=False)
    phone = forms.CharField(label="电话", max_length=30, required=False)
    is_shared = forms.BooleanField(label="一家人合用这个电话，照样保存", required=False)
    village = forms.ChoiceField(label="村", required=False)
    group = forms.ChoiceField(label="组", required=False)
    house = forms.CharField(label="门牌", max_length=30, required=False)
    role = forms.ChoiceField(
        label="与户主关系", choices=ROLES, required=False, widget=forms.RadioSelect
    )
    tags = forms.MultipleChoiceField(label="标签", required=False)
    told = forms.BooleanField(label="已当面说明用途，本人同意加为好友", required=False)
    publicity = forms.BooleanField(label="本人同意接收宣传信息", required=False)

    def __init__(
        self,
        *args: Any,
        places: Places,
        tags: Sequence[Tag],
        is_on_roll: bool,
        already_told: bool,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.places, self.offered = places, {tag.code: tag for tag in tags}
        self.is_on_roll, self.already_told = is_on_roll, already_told
        self.choose("village", [(place.code, place.name) for place in places.villages])
        groups = [(place.code, place.name) for place in places.groups.get(self.village_code, [])]
        self.choose("group", [("", "请选"), *groups] if groups else [("", "不分组")])
        self.choose("tags", [(tag.code, tag.name) for tag in tags])

    def choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    @property
    def village_code(self) -> str:
        """The village chosen so far; the first one to begin with."""
        given = str(self["village"].value() or "")
        known = [place.code for place in self.places.villages]
        return given if given in known else next(iter(known), "")

    def division(self) -> Division | None:
        return self.places.find(self.village_code, str(self["group"].value() or ""))

    def chosen(self) -> list[Tag]:
        """Tags ticked so far, whether the rest of the form is right or not."""
        given = self["tags"].value() or []
        return [self.offered[code] for code in given if code in self.offered]

    def consents_wanted(self) -> dict[str, str]:
        """Scopes that the ticked sensitive tags need, with the words for them."""
        needing = [tag for tag in self.chosen() if assigning.needs_consent(tag)]
        return {tag.group.code: tag.group.name for tag in needing}

    def clean(self) -> None:
        given = self.cleaned_data
        if given.get("phone", "").strip() and not phones.normal(given["phone"]):
            self.add_error("phone", "电话应为 11 位数字，如 138 开头的手机号。")
        if not given.get("told") and not self.already_told:
            self.add_error("told", "请先当面说明用途，给群众看告知书，再勾选。")
        if self.is_on_roll:
            return
        if not given.get("name", "").strip():
            self.add_error("name", "请填真实姓名。")
        if self.division() is None:
            self.add_error("group", "请选组。")
        if not given.get("role"):
            self.add_error("role", "请选与户主关系。")

    def label(self, *, resident: Resident, description: str, extra: Sequence[str]) -> Label:
        """What to save. `extra` are consents to sensitive groups of tags, as ticked."""
        given = self.cleaned_data
        division = resident.division if self.is_on_roll else self.division()
        assert division is not None, "a form without a place is not valid"
        publicity = [consent.PUBLICITY] if given["publicity"] else []
        return Label(
            name=resident.name if self.is_on_roll else given["name"],
            phone=given["phone"],
            division=division,
            house_number=given["house"],
            role=given["role"],
            description=description,
            notice_given=given["told"] or self.already_told,
            consents=[*publicity, *(scope for scope in extra if scope in self.consents_wanted())],
        )

    def say(self, wrong: DomainError) -> None:
        self.add_error(FIELD_OF.get(type(wrong)), str(wrong))
