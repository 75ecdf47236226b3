"""Choosing another person: somebody of the household, or found by name or phone in the scope."""

from django import forms
from django.db.models import Q

from weijing.audit import trail
from weijing.residents.finding import searching
from weijing.residents.masking import masked_name
from weijing.residents.models import Resident
from weijing.territory.queries import path_name
from weijing.web.records.form import ActForm

MAX_FOUND = 6


class PersonForm(ActForm):
    """`who` is one of the people shown; `find` looks beyond the household."""

    who = forms.ChoiceField(
        label="选谁", widget=forms.RadioSelect, required=False, error_messages={
            "invalid_choice": "请从下面列出的人里选。",
        },
    )  # fmt: skip
    find = forms.CharField(label="不在同户的，按姓名或电话找", required=False, max_length=40)

    def prepare(self) -> None:
        self.people = [*members_beside(self.person), *self._found()]
        self.choose("who", [(str(one.pk), self.words(one)) for one in self.people])

    def apart(self) -> tuple[str, ...]:
        return ("find",)

    def clean(self) -> None:
        if not self.cleaned_data.get("who") and "who" not in self.errors:
            self.add_error("who", "请选一个人。")

    def chosen(self) -> Resident:
        return next(one for one in self.people if str(one.pk) == self.cleaned_data["who"])

    def words(self, one: Resident) -> str:
        if one.household_id and one.household_id == self.person.household_id:
            return member_words(one)
        home = f" {one.household.address}" if one.household else ""
        where = f"{path_name(one.division)}{home}" if one.division else ""
        born = f" {one.born_on.year} 年生" if one.born_on else ""
        return f"{masked_name(one.name)}{born}，{where}"

    def _found(self) -> list[Resident]:
        """Masked; that they were shown is noted like every reading."""
        text = self.typed("find")
        if not text:
            return []
        acting = self.acting
        found = searching.search(text, scope=acting.scope, limit=MAX_FOUND + 1)
        own = (self.person.household_id,) if self.person.household_id else ()
        others = [
            one for one in found
            if one.pk != self.person.pk
            and one.household_id not in own
            and one.lifecycle == Resident.Lifecycle.ROLL
        ][:MAX_FOUND]  # fmt: skip
        trail.viewed(
            acting.by, Resident._meta.label_lower, [one.pk for one in others],
            purpose="record.choose", at=acting.at,
        )  # fmt: skip
        return others


def members_beside(person: Resident) -> list[Resident]:
    """Who else of the household is on the roll."""
    people = Resident.objects.filter(
        ~Q(pk=person.pk),
        county_id=person.county_id,
        household_id__in=[person.household_id or 0],
        lifecycle=Resident.Lifecycle.ROLL,
    )
    return list(people.select_related("household", "division").order_by("ordinal"))


def member_words(one: Resident) -> str:
    role = f" {one.get_household_role_display()}" if one.household_role else ""
    born = f" {one.born_on.year} 年生" if one.born_on else ""
    return f"{masked_name(one.name)}{role}{born}"
