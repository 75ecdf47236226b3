"""Writing down a thing that is lost or found."""

from datetime import timedelta
from typing import Any

from django import forms

from weijing.accounts.scope import Scope
from weijing.core import clock
from weijing.requests.lost.taking_in import Thing
from weijing.requests.models import LostItem
from weijing.residents.models import Resident
from weijing.web.sent_once import once_field
from weijing.web.village_choice import (
    DayInput,
    chosen,
    village_code,
    village_field,
    villages,
)

Side = LostItem.Side


class ThingForm(forms.Form):
    """Of an officer. What everybody reads, and what only the proof needs, are asked apart."""

    once = once_field()
    kind = forms.ChoiceField(label="什么东西", choices=LostItem.Kind.choices)
    holder = forms.CharField(
        label="证件上的姓名", required=False, max_length=60, help_text="公开时只显示姓，如 罗**"
    )
    number = forms.CharField(
        label="证件号、卡号",
        required=False,
        max_length=40,
        help_text="全部或后四位；只用来核对，不保存、不显示",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    words = forms.CharField(
        label="样子",
        required=False,
        max_length=200,
        help_text="大家都看得到：颜色、牌子、大小；不写姓名、电话、证件号",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    marks = forms.CharField(
        label="只有失主知道的特征",
        required=False,
        max_length=200,
        help_text="不公开，认领时核对用，如「钥匙串上有红绳」",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    village = village_field(label="在哪个村")
    place = forms.CharField(
        label="具体地方", required=False, max_length=100, help_text="不公开，如「信用社门口」"
    )
    happened_on = forms.DateField(label="哪天", widget=DayInput)
    reporter = forms.CharField(label="谁来说的", required=False, max_length=60)
    phone = forms.CharField(
        label="他的电话",
        required=False,
        max_length=30,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
    )
    held = forms.BooleanField(label="东西已经交到我手里", required=False)

    optional = ("holder", "number", "words", "marks", "place", "reporter", "phone")

    def __init__(self, scope: Scope, side: str, data: Any = None) -> None:
        self.county_id, self.side = scope.county_id, side
        day = clock.today()
        super().__init__(data, initial={"happened_on": day}, auto_id="%s")
        self.fields["village"].choices = [  # type: ignore[attr-defined]
            ("", "请选村"),
            *villages(scope.county_id, scope),
        ]
        _limit_days(self.fields["happened_on"])
        if side == Side.LOST:
            del self.fields["held"]
            self.fields["reporter"].label, self.fields["phone"].label = "失主姓名", "失主电话"

    def thing(self) -> Thing:
        said = {k: v for k, v in self.cleaned_data.items() if k not in ("village", "held")}
        return Thing(division=chosen(self.county_id, self.cleaned_data["village"]), **said)

    @property
    def is_held(self) -> bool:
        return bool(self.cleaned_data.get("held"))


class ResidentThingForm(forms.Form):
    """Of a resident, about themselves or what they picked up."""

    once = once_field()
    kind = forms.ChoiceField(label="什么东西", choices=LostItem.Kind.choices)
    holder = forms.CharField(label="上面写的姓名", required=False, max_length=60)
    words = forms.CharField(
        label="什么样子",
        required=False,
        max_length=200,
        help_text="颜色、牌子、大小；不写电话和证件号",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    number = forms.CharField(
        label="证件号后四位",
        required=False,
        max_length=40,
        help_text="只用来核对，不保存、不显示",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    village = village_field(label="在哪个村")
    place = forms.CharField(label="具体地方", required=False, max_length=100)
    happened_on = forms.DateField(label="哪天", widget=DayInput)
    phone = forms.CharField(
        label="您的电话",
        max_length=30,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
    )

    optional = ("holder", "words", "number", "place")

    def __init__(self, visitor: Resident, side: str, data: Any = None) -> None:
        self.visitor = visitor
        initial: dict[str, Any] = {"happened_on": clock.today()}
        if visitor.division:
            initial["village"] = village_code(visitor.division)
        if side == Side.LOST:
            initial["holder"] = visitor.name
        super().__init__(data, initial=initial, auto_id="%s")
        offered = villages(visitor.county_id, own=visitor.division)
        self.fields["village"].choices = [("", "请选村"), *offered]  # type: ignore[attr-defined]
        _limit_days(self.fields["happened_on"])
        if visitor.phone:
            del self.fields["phone"]

    def thing(self) -> Thing:
        said = {k: v for k, v in self.cleaned_data.items() if k not in ("village", "phone")}
        return Thing(
            division=chosen(self.visitor.county_id, self.cleaned_data["village"]),
            phone=self.visitor.phone or self.cleaned_data["phone"],
            reporter=self.visitor.name,
            resident=self.visitor,
            **said,
        )


def _limit_days(field: forms.Field) -> None:
    today = clock.today()
    field.widget.attrs |= {
        "max": today.isoformat(),
        "min": (today - timedelta(days=366)).isoformat(),
    }
