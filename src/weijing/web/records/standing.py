"""What somebody is: role, reach, away, gone, back; and who answers for them."""

from typing import Any

from django import forms

from weijing.core import clock
from weijing.residents.models import Resident
from weijing.residents.record import answering, households, lifecycle, reaching
from weijing.web.records.form import ActForm

ROLES = [(role.value, role.label) for role in Resident.HouseholdRole if role.value]
REACHES = [(reach.value, reach.label) for reach in Resident.Reach if reach.value]


def _day(label: str) -> forms.DateField:
    return forms.DateField(
        label=label,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "请填日期。", "invalid": "日期请写成 2026-05-18 的样子。"},
    )


class RoleForm(ActForm):
    title = "与户主关系"
    says = "改成户主的，原来的户主改为「未填」。"
    looks = {"role": "segments"}

    role = forms.ChoiceField(
        label="与户主关系", choices=ROLES, widget=forms.RadioSelect,
        error_messages={"required": "请选一项。"},
    )  # fmt: skip

    def known(self) -> dict[str, Any]:
        return {"role": self.person.household_role}

    def save(self) -> str:
        given = self.cleaned_data
        households.set_role(
            self.person, given["role"], seen=given["seen"], **self.acting.use_case()
        )
        return "已改与户主关系"


class ReachForm(ActForm):
    title = "联系方式"
    says = "没有手机或不用微信的，请再登记一位家属代收。"
    looks = {"reach": "segments"}

    reach = forms.ChoiceField(
        label="能不能用微信联系", choices=REACHES, widget=forms.RadioSelect,
        error_messages={"required": "请选一项。"},
    )  # fmt: skip

    def known(self) -> dict[str, Any]:
        return {"reach": self.person.reach}

    def save(self) -> str:
        given = self.cleaned_data
        reaching.set_reach(
            self.person, given["reach"], seen=given["seen"], **self.acting.use_case()
        )
        return "已改联系方式"


class AwayForm(ActForm):
    title = "外出情况"
    says = "在外务工的仍在册。回来了就清空再保存。"
    optional = ("place",)

    place = forms.CharField(
        label="在哪里", max_length=reaching.MAX_AWAY_CHARS, required=False,
        widget=forms.TextInput(attrs={"placeholder": "如 广东东莞"}),
    )  # fmt: skip

    def known(self) -> dict[str, Any]:
        return {"place": self.person.away_at}

    def save(self) -> str:
        given = self.cleaned_data
        reaching.set_away(self.person, given["place"], seen=given["seen"], **self.acting.use_case())
        return f"已记外出：{given['place']}" if given["place"] else "已记在家"


class LeaveForm(ActForm):
    title = "登记搬走"
    button = "登记搬走"
    says = "不再计入本地户数、人数，也不再收群发。好友和记录保留，回来可以恢复。"
    optional = ("where",)

    on = _day("哪天搬走")
    where = forms.CharField(
        label="搬到哪里", max_length=lifecycle.MAX_PLACE_CHARS, required=False,
        widget=forms.TextInput(attrs={"placeholder": "如 邵阳市大祥区"}),
    )  # fmt: skip

    def known(self) -> dict[str, Any]:
        return {"on": clock.local_day(self.acting.at)}

    def save(self) -> str:
        given = self.cleaned_data
        lifecycle.move_away(
            self.person, on=given["on"], where=given["where"], seen=given["seen"],
            **self.acting.use_case(),
        )  # fmt: skip
        return "已登记搬走"


class DeathForm(ActForm):
    title = "登记去世"
    button = "登记去世"
    says = "所有同意随之终止，不再发送任何消息，代收关系结束。合用微信的，转给另一位使用人。"
    is_grave = True

    on = _day("哪天去世")
    sure = forms.BooleanField(
        label="已和家属核对，情况属实", error_messages={"required": "请先和家属核对，再勾选。"}
    )

    def save(self) -> str:
        given = self.cleaned_data
        lifecycle.record_death(
            self.person, on=given["on"], seen=given["seen"], **self.acting.use_case()
        )
        return "已登记去世"


class ReturnForm(ActForm):
    title = "恢复在册"
    button = "恢复在册"
    says = "回到最后登记的住址。登记去世时终止的同意要重新征得。"

    def save(self) -> str:
        lifecycle.come_back(self.person, seen=self.cleaned_data["seen"], **self.acting.use_case())
        return "已恢复在册"


class OfficerForm(ActForm):
    title = "责任民辅警"
    says = "加了几位民辅警的，定一位负责。不指定时由本网格民辅警负责。"

    officer = forms.ChoiceField(label="由谁负责", required=False, widget=forms.RadioSelect)

    def prepare(self) -> None:
        self.officers = answering.candidates(self.person)
        named = [(str(one.pk), one.name) for one in self.officers]
        self.choose("officer", [("", "本网格民辅警"), *named])

    def known(self) -> dict[str, Any]:
        return {"officer": str(self.person.primary_officer_id or "")}

    def save(self) -> str:
        given = self.cleaned_data
        chosen = next((one for one in self.officers if str(one.pk) == given["officer"]), None)
        answering.answer_for(self.person, chosen, seen=given["seen"], **self.acting.use_case())
        return f"由 {chosen.name} 负责" if chosen else "由本网格民辅警负责"
