"""Writing down that somebody is missing; what is not known may stay empty, nothing waits for it."""

from datetime import datetime
from typing import Any

from django import forms

from weijing.accounts.scope import Scope
from weijing.core import clock
from weijing.core.clock import COUNTY_TIME
from weijing.requests.missing.consenting import RELATIONS
from weijing.requests.missing.reporting import Report
from weijing.residents.models import Resident
from weijing.web.sent_once import once_field
from weijing.web.village_choice import (
    MOMENT_FORMATS,
    MomentInput,
    chosen,
    village_code,
    village_field,
    villages,
)

CARE_HINT = "不写病情；写遇到他怎么说话、怎么帮"
TEL = {"type": "tel", "inputmode": "tel"}


class MissingForm(forms.Form):
    """Of an officer who takes the call, or of the family on their own page."""

    once = once_field()
    name = forms.CharField(label="走失的人叫什么", min_length=2, max_length=60)
    age = forms.IntegerField(
        label="多大年纪",
        min_value=0,
        max_value=120,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    sex = forms.ChoiceField(
        label="性别", choices=[("f", "女"), ("m", "男")], required=False, widget=forms.RadioSelect
    )
    last_seen_at = forms.DateTimeField(
        label="最后见到的时间", widget=MomentInput, input_formats=MOMENT_FORMATS
    )
    village = village_field(label="在哪个村附近")
    place = forms.CharField(
        label="最后在哪里", required=False, max_length=100, help_text="如「桥头小卖部」"
    )
    looks = forms.CharField(
        label="长相、衣着",
        required=False,
        max_length=200,
        help_text="身高、胖瘦、穿什么、带了什么；不写姓名、电话",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    needs_care = forms.BooleanField(label="需要照护", required=False)
    help = forms.CharField(
        label="遇到时怎么帮",
        required=False,
        max_length=200,
        help_text=CARE_HINT,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    relation = forms.ChoiceField(
        label="报的人是他的", choices=[("", "请选关系"), *((one, one) for one in RELATIONS)]
    )
    family_name = forms.CharField(label="报的人姓名", min_length=2, max_length=60)
    family_phone = forms.CharField(
        label="报的人电话", max_length=30, widget=forms.TextInput(attrs=TEL)
    )

    optional = ("sex", "place", "looks", "help")

    def __init__(
        self,
        county_id: int,
        data: Any = None,
        *,
        scope: Scope | None = None,
        visitor: Resident | None = None,
        person: Resident | None = None,
    ) -> None:
        self.county_id, self.visitor, self.person = county_id, visitor, person
        own = visitor.division if visitor else None
        super().__init__(data, initial=self._known(), auto_id="%s")
        offered = villages(county_id, scope, own=own)
        self.fields["village"].choices = [("", "请选村"), *offered]  # type: ignore[attr-defined]
        if visitor:
            self.fields["relation"].label = "您是他的什么人"
            del self.fields["family_name"]
            self.fields["family_phone"].label = "您的电话"
            if visitor.phone:
                del self.fields["family_phone"]

    def report(self) -> Report:
        said = {k: v for k, v in self.cleaned_data.items() if k != "village"}
        if self.visitor:
            said["family_name"] = self.visitor.name
            said.setdefault("family_phone", self.visitor.phone)
        return Report(
            division=chosen(self.county_id, self.cleaned_data["village"]),
            resident=self.person,
            family=self.visitor,
            **said,
        )

    def _known(self) -> dict[str, Any]:
        now: datetime = clock.now()
        known: dict[str, Any] = {"last_seen_at": now.astimezone(COUNTY_TIME).replace(tzinfo=None)}
        somebody = self.person or self.visitor
        if somebody and somebody.division:
            known["village"] = village_code(somebody.division)
        if self.person:
            known |= {"name": self.person.name, "sex": self.person.sex}
            if self.person.born_on:
                born, today = self.person.born_on, clock.today()
                had_birthday = (today.month, today.day) >= (born.month, born.day)
                known["age"] = today.year - born.year - (not had_birthday)
        return known
