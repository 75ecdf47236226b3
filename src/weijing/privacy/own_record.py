"""Everything a resident's record holds, item by item: what for, from where, seen by whom, how long.

Source: PIPL 17, 44, 45. What is missing here would be kept in secret, so a test compares this with
the columns of the record.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from weijing.core.clock import local_day
from weijing.privacy import choices
from weijing.residents import links
from weijing.residents.masking import masked_name, masked_phone
from weijing.residents.mirror.contacts import live
from weijing.residents.models import Contact, Representative, Resident, WechatIdentity
from weijing.tags import assigning
from weijing.tags.models import TagAssignment
from weijing.tags.queries import carried_by
from weijing.territory.queries import path_name

BY_LAW, BY_CONSENT = "法定职责", "您的同意"
ROLL, OFFICER, WECHAT, SELF = "户籍底册", "民辅警登记", "您的微信", "您自己填写"
SEEN_BY = "您的民辅警、所在派出所和县局指挥室"
WHILE_LINKED = "解除好友后 90 天"
WHILE_HERE = "户籍在本县期间"


@dataclass(frozen=True)
class Item:
    """One thing we keep. `field` is what a correction of it is called, "" if it cannot be."""

    name: str
    value: str
    purpose: str
    basis: str
    source: str
    until: str
    seen_by: str = SEEN_BY
    field: str = ""
    confirmed_on: date | None = None


def items(resident: Resident, *, on: date) -> list[Item]:
    """As the resident may read it on a phone: the phone number masked, the ID number never."""
    return [*_person(resident), *_home(resident), *_reach(resident), *_tags(resident, on=on)]


def hidden(resident: Resident, *, on: date) -> int:
    """How many tags are not shown here, so that the page can say where to ask for them."""
    return sum(not _is_shown(resident, row) for row in carried_by(resident, on=on))


def _person(resident: Resident) -> Iterator[Item]:
    is_known = resident.lifecycle != Resident.Lifecycle.PROVISIONAL
    basis, source, until = _standing(resident)
    for name, value, purpose, field in (
        ("姓名", resident.name if is_known else "", "称呼您、核对身份", "name"),
        ("电话", masked_phone(resident.phone), "有急事时给您打电话", "phone"),
        ("出生日期", _day(resident.born_on), "区分同名的人、保护未成年人", "other"),
        ("性别", resident.get_sex_display() if resident.sex else "", "称呼您", "other"),
        ("身份证号", "已加密保存，页面上不显示" if resident.id_number_index else "",
         "核对底册，防止把您和别人弄混", "other"),
    ):  # fmt: skip
        if value:
            yield Item(name, value, purpose, basis, source, until, field=field)
    for identity in WechatIdentity.objects.filter(county_id=resident.county_id, resident=resident):
        yield Item(
            "微信昵称", identity.nickname or "没有昵称", "在微信里认出您",
            BY_CONSENT, WECHAT, WHILE_LINKED,
        )  # fmt: skip


def _home(resident: Resident) -> Iterator[Item]:
    basis, source, until = _standing(resident)
    if resident.division is not None:
        home = f" {resident.household.address}" if resident.household else ""
        yield Item(
            "住址", f"{path_name(resident.division)}{home}", "上门服务，灾情险情时找到您",
            basis, source, until, field="address",
        )  # fmt: skip
    if resident.household_role:
        role = resident.get_household_role_display()
        yield Item("与户主关系", role, "知道家里谁能联系", basis, source, until, field="other")
    if resident.lifecycle in (Resident.Lifecycle.MOVED, Resident.Lifecycle.PROVISIONAL):
        state = resident.get_lifecycle_display()
        yield Item("登记状态", state, "不打扰已搬走的人", basis, source, until, field="other")


def _reach(resident: Resident) -> Iterator[Item]:
    asked = (BY_CONSENT, OFFICER, WHILE_LINKED)
    if resident.reach:
        reach = resident.get_reach_display()
        yield Item("联系方式", reach, "选用您方便的方式联系", *asked, field="other")
    if resident.away_at:
        yield Item("外出去向", resident.away_at, "您不在家时也能联系", *asked, field="other")
    if resident.primary_officer is not None:
        yield Item("负责民辅警", resident.primary_officer.name, "知道找谁", *asked)
    standing_in = Representative.objects.filter(
        county_id=resident.county_id, resident=resident, ended_at=None
    )
    for row in standing_in.select_related("person"):
        who = f"{masked_name(row.person.name)}（{row.get_kind_display()}）"
        yield Item("代您接收消息", who, "您没有微信时由家人转告", *asked, field="other")
    pairs = Contact.objects.filter(county_id=resident.county_id, identity__resident=resident)
    for pair in pairs.filter(pk__in=live(resident.county_id).values("pk")).order_by("added_at"):
        if pair.remark:
            yield Item("微信备注", pair.remark, "民辅警在微信里认出您", *asked)
        if pair.description:
            yield Item("联系说明", pair.description, "照您方便的方式联系", *asked, field="other")


def _tags(resident: Resident, *, on: date) -> Iterator[Item]:
    for row in carried_by(resident, on=on):
        if _is_shown(resident, row):
            is_own = row.source == TagAssignment.Source.SELF
            yield Item(
                "标签", row.tag.name, row.tag.purpose, BY_CONSENT,
                SELF if is_own else f"{row.get_source_display()}登记",
                f"{row.expires_on.year} 年 {row.expires_on.month} 月",
                field="tag", confirmed_on=local_day(row.confirmed_at),
            )  # fmt: skip


def _is_shown(resident: Resident, row: TagAssignment) -> bool:
    """Not on a page that somebody else may open; see `choices`."""
    if row.tag.group.code in choices.NEVER_ON_A_PAGE:
        return False
    return not (assigning.needs_consent(row.tag) and links.is_shared(resident))


def _standing(resident: Resident) -> tuple[str, str, str]:
    if resident.roll_digest is not None:
        return BY_LAW, ROLL, WHILE_HERE
    return BY_CONSENT, OFFICER, WHILE_LINKED


def _day(day: date | None) -> str:
    return f"{day.year} 年 {day.month} 月 {day.day} 日" if day else ""
