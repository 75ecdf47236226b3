"""A resident sees all that is kept of them, what for and who looked, and nobody else's."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import give_tag, make_resident
from tests.privacy.conftest import People
from weijing.audit import trail
from weijing.audit.models import AuditEntry
from weijing.core.clock import local_day
from weijing.privacy import choices, copying, openings, own_record
from weijing.residents import consent
from weijing.residents.models import ConsentRecord, Contact, IdentitySharer, Resident
from weijing.tags import assigning


def names(people: People) -> list[tuple[str, str]]:
    items = own_record.items(people.resident, on=local_day(people.at))
    return [(item.name, item.value) for item in items]


def test_each_item_says_what_for_on_what_ground_from_where_and_how_long(people: People) -> None:
    give_tag(people.resident, people.motorbike)
    items = own_record.items(people.resident, on=local_day(people.at))
    assert all(i.purpose and i.basis and i.source and i.until and i.seen_by for i in items)
    shown = names(people)
    assert ("姓名", "罗样例") in shown
    assert ("电话", "154****0412") in shown
    assert ("住址", "小沙江镇 桃李村 1组 12号") in shown
    assert ("标签", "普通摩托车") in shown
    assert ("微信备注", "桃李1组-罗样例-户主") in shown


def test_what_the_roll_says_is_kept_by_law_and_the_rest_by_consent(people: People) -> None:
    def basis() -> str:
        return own_record.items(people.resident, on=local_day(people.at))[0].basis

    assert basis() == "您的同意"
    people.resident.roll_digest = b"x"
    assert basis() == "法定职责"


# Kept for finding and sealing, shown through what they are made of.
DERIVED = {
    "id", "county", "ordinal", "pinyin", "initials", "grams", "phone_index", "phone_tail_index",
    "id_number_sealed", "roll_digest", "consents",
}  # fmt: skip
SHOWN = {
    "household", "division", "household_role", "name", "sex", "born_on", "phone_sealed",
    "id_number_index", "reach", "away_at", "primary_officer", "lifecycle",
}  # fmt: skip


def test_no_column_of_a_resident_is_kept_in_secret() -> None:
    columns = {field.name for field in Resident._meta.concrete_fields}
    assert columns == DERIVED | SHOWN, "say on the resident's page what the new column is for"


def test_a_full_record_shows_a_line_for_every_column_that_is_shown(people: People) -> None:
    person = people.resident
    person.sex, person.household_role, person.reach = "m", "head", "wechat"
    person.away_at, person.primary_officer = "广东东莞", people.officer
    person.id_number_index = person.phone_index
    person.lifecycle = Resident.Lifecycle.MOVED
    lines = {name for name, _ in names(people)}
    assert {
        "姓名", "电话", "出生日期", "性别", "身份证号", "住址", "与户主关系", "登记状态",
        "联系方式", "外出去向", "负责民辅警",
    } <= lines  # fmt: skip


def test_a_stranger_has_only_what_wechat_told(people: People) -> None:
    stranger = make_resident(
        None, "阳光", county=people.county, lifecycle=Resident.Lifecycle.PROVISIONAL, born_on=None
    )
    items = own_record.items(stranger, on=local_day(people.at))
    assert [item.name for item in items] == ["登记状态"]


def test_who_opened_the_record_is_named_with_the_reason_in_words(people: People) -> None:
    label = Resident._meta.label_lower
    for minutes in (1, 2):
        trail.viewed(
            people.desk, label, [people.resident.pk], purpose="desk.call",
            at=people.at - timedelta(minutes=minutes),
        )  # fmt: skip
    trail.viewed(people.officer, label, [people.neighbour.pk], purpose="desk.call", at=people.at)
    trail.viewed(people.officer, label, [people.resident.pk], purpose="new.code", at=people.at)
    trail.viewed(
        people.officer, label, [people.resident.pk], purpose="contact.label",
        at=people.at - timedelta(days=31),
    )  # fmt: skip

    seen = openings.of(people.resident, at=people.at)

    assert [(o.who, o.station, o.why, o.times) for o in seen] == [
        ("阳模拟", "小沙江派出所", "工作需要", 1),
        (people.desk.name, "小沙江派出所", "接到来电或求助", 2),
    ]
    assert openings.summary(seen).times == 3


WRITTEN = re.compile(r"""(?:purpose|PURPOSE)\s*=\s*f?"([a-z_]+[a-z_.]*)\"""")


def test_every_reason_the_pages_write_down_has_words_for_the_resident() -> None:
    web = Path(openings.__file__).parent.parent / "web"
    codes = {code for path in web.rglob("*.py") for code in WRITTEN.findall(path.read_text())}
    assert {"contact.label", "officer.record", "campaign.results"} <= codes
    unsaid = {code for code in codes if openings.words(AuditEntry(purpose=code)) == "工作需要"}
    assert unsaid == set(), "say it in privacy/openings.py"


def test_a_revealed_phone_is_said(people: People) -> None:
    trail.record(
        people.desk, "resident.phone_revealed", people.resident, at=people.at, purpose="visit"
    )
    (opening,) = openings.of(people.resident, at=people.at)
    assert opening.shown == "看了完整电话"


def test_no_box_is_ticked_before_the_person_ticks_it(people: People) -> None:
    offered = choices.of(people.resident)
    assert [choice.scope for choice in offered] == ["publicity", "GRD02"]
    assert not any(choice.given for choice in offered)


def test_family_safety_is_never_on_a_page(people: People) -> None:
    consent.give(people.resident, ["GRD04"], by=people.officer, at=people.at)
    assigning.assign(people.resident, [people.violence], source="self", by=None, at=people.at)

    assert "家庭安全守护" not in str(names(people))
    assert own_record.hidden(people.resident, on=local_day(people.at)) == 1
    assert "家庭安全守护" not in json.dumps(
        copying.as_data(people.resident, at=people.at), ensure_ascii=False
    )
    with pytest.raises(choices.NotOnThisPage):
        choices.give(people.resident, "GRD04", at=people.at)


def test_a_shared_wechat_shows_no_sensitive_tag(people: People) -> None:
    choices.give(people.resident, "GRD02", at=people.at)
    choices.set_tags(people.resident, people.lonely.group, ["GRD02001"], at=people.at)
    assert ("标签", "独居老人") in names(people)

    wife = make_resident(people.resident.division, "周样本")
    IdentitySharer.objects.create(
        county=people.county, identity=Contact.objects.get().identity, resident=wife,
        recorded_at=people.at,
    )  # fmt: skip

    assert ("标签", "独居老人") not in names(people)
    assert [choice.scope for choice in choices.of(people.resident)] == ["publicity"]


def test_giving_and_taking_back_are_one_step_each_and_leave_their_rows(people: People) -> None:
    choices.give(people.resident, "publicity", at=people.at)
    choices.withdraw(people.resident, "publicity", at=people.at + timedelta(minutes=1))
    rows = ConsentRecord.objects.filter(resident=people.resident, scope="publicity").order_by("at")
    assert [(row.given, row.channel, row.recorded_by) for row in rows] == [
        (True, "phone_page", None),
        (False, "phone_page", None),
    ]


def test_a_sensitive_tag_goes_with_its_consent_in_the_same_commit(people: People) -> None:
    choices.give(people.resident, "GRD02", at=people.at)
    choices.set_tags(people.resident, people.lonely.group, ["GRD02001"], at=people.at)
    give_tag(people.resident, people.motorbike)

    choices.withdraw(people.resident, "GRD02", at=people.at)

    left = people.resident.tag_assignments.values_list("tag__name", flat=True)
    assert list(left) == ["普通摩托车"]


def test_a_tag_only_the_person_may_set_needs_the_consent_first(people: People) -> None:
    with pytest.raises(assigning.ConsentMissing):
        choices.set_tags(people.resident, people.lonely.group, ["GRD02001"], at=people.at)
    with pytest.raises(choices.NotOnThisPage):
        choices.set_tags(people.resident, people.motorbike.group, ["TRF02001"], at=people.at)


def test_the_copy_holds_the_whole_phone_and_nobody_else(people: People) -> None:
    trail.viewed(
        people.desk, Resident._meta.label_lower, [people.resident.pk], purpose="desk.visit",
        at=people.at,
    )  # fmt: skip
    text = json.dumps(copying.as_data(people.resident, at=people.at), ensure_ascii=False)
    assert "15400000412" in text
    assert "走访前核对" in text
    assert "同意「加为好友」" in text
    assert "王示例" not in text
    assert not AuditEntry.objects.filter(details__icontains="15400000412").exists()
