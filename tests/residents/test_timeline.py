"""A person's timeline: everything once, newest first, in words."""

from datetime import date, timedelta
from uuid import uuid4

from tests.residents.families import Village, village
from weijing.residents import consent
from weijing.residents.models import Contact, DoorVisit
from weijing.residents.record import lifecycle, moving_house, reaching, timeline

__all__ = ["village"]


def said(person: object) -> list[tuple[str, str]]:
    return [(event.what, event.note) for event in timeline.events(person)]  # type: ignore[arg-type]


def test_what_happened_is_told_newest_first(village: Village) -> None:
    (man,) = village.family("1", "罗样例")
    pair = village.friend(man)
    DoorVisit.objects.create(
        county=village.county, household=man.household, officer=village.officer, outcome="absent",
        note="晚上再来", at=village.at, recorded_at=village.at, phone_key=uuid4(),
    )  # fmt: skip
    hour = timedelta(hours=1)
    consent.give(man, ["contact"], by=village.officer, at=village.at + hour)
    acting = village.acting | {"at": village.at + 2 * hour}
    reaching.set_away(man, "东莞", **acting)
    lifecycle.move_away(
        man, on=date(2026, 11, 20), where="广东", **acting | {"at": village.at + 3 * hour}
    )
    Contact.objects.filter(pk=pair.pk).update(
        state="removed_by_resident", ended_at=village.at + 4 * hour
    )
    assert said(man) == [
        ("群众已删除，不再是 阳模拟 的好友", ""),
        ("状态变更", "状态：在册 → 已搬走；去向：广东；日期：2026-11-20"),
        ("外出情况变更", "外出：在家 → 东莞"),
        ("同意：加为好友", "当面"),
        ("上门走访这一户：家中无人", "晚上再来"),
        ("和 阳模拟 成为微信好友", ""),
    ]
    assert [event.is_bad for event in timeline.events(man)][:2] == [True, False]


def test_who_moved_takes_their_own_lines_along_and_leaves_the_door_s(village: Village) -> None:
    man, wife = village.family("1", "罗样例", "周媳妇")
    DoorVisit.objects.create(
        county=village.county, household=man.household, officer=village.officer, outcome="added",
        at=village.at, recorded_at=village.at, phone_key=uuid4(),
    )  # fmt: skip
    moving_house.move(man, village.to("12"), **village.acting)
    man.refresh_from_db()
    (line,) = said(man)
    assert line == (
        "住址变更",
        "住址：小沙江镇 桃李村 1组 1号 → 小沙江镇 桃李村 1组 12号",
    )
    assert said(wife) == [("上门走访这一户：已加好友", "")]


def test_only_the_latest_are_told(village: Village) -> None:
    (man,) = village.family("1", "罗样例")
    for n in range(6):
        at = village.at + timedelta(minutes=n)
        reaching.set_away(man, f"第{n}处", **village.acting | {"at": at})
    told = timeline.events(man, limit=3)
    assert [event.note[-3:] for event in told] == ["第5处", "第4处", "第3处"]


def test_what_ended_is_told_as_an_end() -> None:
    assert timeline.told({"代收人": "罗**"}, {}) == "不再有代收人：罗**"
    assert timeline.told({}, {"代收人": "罗**"}) == "代收人：罗**"
    assert timeline.told({"状态": "在册"}, {"状态": "在册", "去向": ""}) == ""
