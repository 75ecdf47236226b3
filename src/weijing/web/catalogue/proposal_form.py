"""What somebody says about a tag they miss, on the phone and at the desk."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django import forms

from weijing.core.errors import DomainError
from weijing.tags.catalogue import naming, policies, proposing, wording
from weijing.tags.models import TagGroup, TagProposal
from weijing.web.access import OfficerRequest

DAYS = [(90, "90 天"), (180, "180 天"), (365, "1 年"), (730, "2 年"), (1095, "3 年")]
FIELD_OF: dict[type[DomainError], str] = {
    naming.NameTaken: "name",
    proposing.ProposedAlready: "name",
    proposing.NotOurs: "group",
    proposing.NoSuchTime: "retention_days",
}


class ProposalForm(forms.Form):
    group = forms.ChoiceField(label="放在哪一组", error_messages={"required": "请选组。"})
    name = forms.CharField(
        label="标签名称", max_length=30, error_messages={"required": "请填标签名称。"}
    )
    definition = forms.CharField(
        label="带这个标签说明什么", max_length=120, error_messages={"required": "请写明定义。"}
    )
    purpose = forms.CharField(
        label="用来做什么", max_length=120, error_messages={"required": "请写明用途。"}
    )
    needs_consent = forms.BooleanField(label="要本人单独同意，才能带这个标签", required=False)
    retention_days = forms.TypedChoiceField(label="保存多久", choices=DAYS, coerce=int, initial=365)

    def __init__(self, *args: Any, county_id: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self.county_id = county_id
        field = self.fields["group"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "请选"), *_groups(county_id)]

    def send(self, request: OfficerRequest, *, at: Any) -> TagProposal | None:
        """None when something has to be changed; the form says what."""
        said = self.cleaned_data
        group = TagGroup.objects.get(county_id=self.county_id, code=said["group"])
        names = ("name", "definition", "purpose", "retention_days", "needs_consent")
        fields = {name: said[name] for name in names}
        try:
            return proposing.propose(group, by=request.user, scope=request.scope, at=at, **fields)
        except wording.ForbiddenTopic as refusal:
            self.add_error(self._holding(refusal.word), str(refusal))
        except DomainError as refusal:
            self.add_error(FIELD_OF.get(type(refusal)), str(refusal))
        return None

    def _holding(self, word: str) -> str | None:
        """The field that has the word in it; hidden between blanks, it is none of them."""
        names = ("name", "definition", "purpose")
        return next((name for name in names if word in self.cleaned_data[name]), None)


def _groups(county_id: int) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    groups = TagGroup.objects.filter(county_id=county_id).select_related("category")
    offered = [one for one in groups.order_by("code") if policies.takes_own_tags(one)]
    for category, members in groupby(offered, key=lambda one: one.category.name):
        yield category, [(one.code, one.name) for one in members]
