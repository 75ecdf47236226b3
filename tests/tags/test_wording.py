"""Forbidden topics are refused however they are written; places and services are not."""

import pytest

from tests.builders import division
from weijing.tags import loading
from weijing.tags.catalogue import wording
from weijing.tags.catalogue.wording import ForbiddenTopic, NotAWording, forbidden_in
from weijing.territory.models import County, Division

PLACES = ["虎形山瑶族乡", "山界回族乡", "清真寺村"]


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("佛教信众", "宗教信仰"),
        ("瑶族居民", "民族身份"),
        ("中共党员", "政治面貌和观点"),
        ("多次上访户", "信访情况"),
        ("已采人脸", "生物识别"),
        ("高血压患者", "疾病、残疾和诊断"),
        ("一级残疾", "疾病、残疾和诊断"),
        ("抑郁", "精神状况"),
        ("有吸毒史", "涉毒经历"),
        ("社区矫正对象", "违法犯罪记录和矫正"),
        ("同性恋", "性生活和性取向"),
        ("工会会员", "工会身份"),
        ("失信人员", "债务和信用"),
        ("村里的刺头", "对人的评价和打分"),
        ("外籍需关注", "国籍作为风险"),
        ("参加集会", "监视合法活动"),
    ],
)
def test_every_forbidden_topic_is_known(text: str, topic: str) -> None:
    found = forbidden_in(text)
    assert found is not None
    assert found[0] == topic


HIDDEN = [
    "上 访户",
    "上·访 户",
    "上-访户",
    "上\u200b访户",
    "上訪戶",
    "ｓｈａｎｇｆａｎｇ户",
    "shangfang户",
]


@pytest.mark.parametrize("text", [*HIDDEN, "hiv关怀", "党\n员", "（党）员"])
def test_hiding_a_word_does_not_help(text: str) -> None:
    assert forbidden_in(text)


def test_a_place_may_have_any_name_and_only_the_place() -> None:
    assert forbidden_in("虎形山瑶族乡常行驾驶人", PLACES) is None
    assert forbidden_in("山界回族乡险情路段周边户", PLACES) is None
    assert forbidden_in("清真寺村果农", PLACES) is None
    for text in ("瑶族驾驶人", "虎形山瑶族", "虎形山瑶族乡瑶族居民", "山界回族乡的回民"):
        assert forbidden_in(text, PLACES), text
    assert forbidden_in("虎形山瑶族乡常行驾驶人"), "not a place of this county"


def test_places_are_those_of_the_county(county: County) -> None:
    Division.objects.filter(pk=division(county, "小沙江镇").pk).update(name="虎形山瑶族乡")
    wording.check(["虎形山瑶族乡果农"], county_id=county.pk)
    with pytest.raises(ForbiddenTopic, match="回族"):
        wording.check(["果农", "住在山界回族乡"], county_id=county.pk)


WELCOME = [
    "行动不便需上门",
    "听说不便需文字",
    "防走失关注（家属申请）",
    "退役军人调解志愿者",
    "反邪教宣传",
]


@pytest.mark.parametrize("text", [*WELCOME, "禁毒宣传", "archive", "WiFi已装", "建立场所台账"])
def test_services_and_functions_are_welcome(text: str) -> None:
    assert forbidden_in(text) is None


def test_the_catalogue_keeps_its_own_rule() -> None:
    rows, rules = loading.rows(), loading.rules()
    texts = {t for row in rows for t in (row.tag_name, row.purpose)}
    texts |= {str(rule["definition"]) for rule in rules.values()}
    assert len(texts) > 1_000
    assert {text: forbidden_in(text) for text in texts if forbidden_in(text)} == {}


def test_a_wording_is_one_readable_line() -> None:
    assert wording.tidy("  重型\t货车\n", most=30, what="名称") == "重型 货车"
    assert wording.tidy('"快递"【站】{1}', most=30, what="名称") == '"快递"【站】{1}'
    for text in ("", "   ", "abc", "货" * 31, "货\u200b车", "货\x00车"):
        with pytest.raises(NotAWording):
            wording.tidy(text, most=30, what="名称")
