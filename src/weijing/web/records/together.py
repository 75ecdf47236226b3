"""Who stands in for whom, and who shares whose WeChat account."""

from typing import Any

from django import forms

from weijing.residents.models import (
    IdentitySharer,
    Representative,
    Resident,
    WechatIdentity,
)
from weijing.residents.record import changing, representing, sharing
from weijing.web.records.form import ActForm
from weijing.web.records.people_choice import PersonForm

UNREACHABLE = "这位还没有加民辅警微信，消息到不了，请先请本人加好友。"


class RepresentForm(PersonForm):
    title = "监护人和代收人"
    button = "登记"
    says = "不满 14 周岁的孩子只能由监护人接收；没有手机的老人由成年家属代收。"
    looks = {"kind": "segments"}

    kind = forms.ChoiceField(
        label="登记为", choices=Representative.Kind.choices, widget=forms.RadioSelect,
        error_messages={"required": "请选监护人或代收人。"},
    )  # fmt: skip

    def known(self) -> dict[str, Any]:
        is_child = representing.is_child(self.person, self.acting.at)
        kinds = Representative.Kind
        return {"kind": kinds.GUARDIAN if is_child else kinds.PROXY}

    def save(self) -> str:
        given, stand_in = self.cleaned_data, self.chosen()
        appointed = representing.appoint(
            self.person, stand_in, given["kind"], seen=given["seen"], **self.acting.use_case()
        )
        kind = appointed.representative.get_kind_display()
        said = f"已登记{kind}"
        return said if appointed.is_reachable else f"{said}\n{UNREACHABLE}"


class EndRepresentForm(ActForm):
    """`row` is the representation that ends."""

    title = "结束代收"
    row = forms.CharField(widget=forms.HiddenInput)

    def save(self) -> str:
        rows = representing.in_force(self.person)
        row = rows.filter(pk=_number(self.cleaned_data["row"])).first()
        if row is None:  # another officer was quicker
            raise changing.ChangedMeanwhile
        representing.end(row, **self.acting.use_case())
        return f"{row.get_kind_display()}已结束"


class ShareForm(PersonForm):
    title = "共用微信"
    button = "登记共用"
    says = "夫妻合用一个微信的，两人都算已联系，消息只发一次。"

    identity = forms.ChoiceField(label="哪个微信", required=False)

    def prepare(self) -> None:
        super().prepare()
        self.own = list(
            WechatIdentity.objects.filter(county_id=self.acting.county_id, resident=self.person)
        )
        self.choose("identity", [(str(one.pk), one.nickname or "微信") for one in self.own])
        if len(self.own) < 2:
            del self.fields["identity"]
        self.fields["who"].label = "还有谁用本人的微信" if self.own else "本人用谁的微信"

    def save(self) -> str:
        other = self.chosen()
        identity, sharer = self._identity(other), other if self.own else self.person
        # What was seen is the record on this page: the sharer's only when that is this person.
        seen = "" if self.own else self.cleaned_data["seen"]
        sharing.share(identity, sharer, seen=seen, **self.acting.use_case())
        return "已登记共用微信"

    def _identity(self, other: Resident) -> WechatIdentity:
        if self.own:
            wanted = self.cleaned_data.get("identity")
            return next((one for one in self.own if str(one.pk) == wanted), self.own[0])
        theirs = WechatIdentity.objects.filter(county_id=self.acting.county_id, resident=other)
        identity = theirs.order_by("pk").first()
        if identity is None:
            raise sharing.CannotShare("没有登记：这个人没有加民辅警的微信。请先加好友。")
        return identity


class SharerForm(ActForm):
    """`row` is the sharer; `do` is stop or first."""

    title = "共用微信"
    row = forms.CharField(widget=forms.HiddenInput)
    do = forms.ChoiceField(choices=[("stop", ""), ("first", "")])

    def save(self) -> str:
        sharer = self._sharer()
        if self.cleaned_data["do"] == "first":
            sharing.put_first(sharer, **self.acting.use_case())
            return "已换主要使用人，企业微信备注稍后更新"
        sharing.stop(sharer, **self.acting.use_case())
        return "已结束共用"

    def _sharer(self) -> IdentitySharer:
        """Of the person's accounts, or of an account the person shares."""
        rows = IdentitySharer.objects.filter(
            county_id=self.acting.county_id, pk=_number(self.cleaned_data["row"])
        )
        row = rows.select_related("identity__resident", "resident").first()
        if row is None or self.person.pk not in (row.resident_id, row.identity.resident_id):
            raise changing.ChangedMeanwhile
        return row


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
