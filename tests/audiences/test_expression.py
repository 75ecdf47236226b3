"""Trees and texts: read strictly, refused at the place, and the same again when written."""

import json
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.builders import division, make_officer, make_tag
from weijing.audiences import sentence, text
from weijing.audiences.expression import BadExpression, canonical, fingerprint, parse, to_json
from weijing.tags.models import Tag, TagChange
from weijing.territory.models import County


@pytest.fixture
def lorry(county: County) -> Tag:
    return make_tag(county, "TRF01001", "重型货车")


@pytest.fixture
def tags(county: County, lorry: Tag) -> list[Tag]:
    return [
        lorry,
        make_tag(county, "TRF01002", "校车"),
        make_tag(county, "SOC02016", "务工-境外（合法派出）"),
        make_tag(county, "GRD04001", "不可群发", audience="never"),
        make_tag(county, "GRD06001", "一对一", audience="one_to_one"),
        make_tag(county, "GRD05001", "易受骗提醒", audience="anti_fraud"),
    ]


def codes(county: County, *names: str) -> str:
    return division(county, *names).code


GOOD: list[Any] = [
    {"tag": ["TRF01001"]},
    {"all": [{"sex": "f"}, {"age": {"from": 60}}, {"contact": "linked"}]},
    {"except": [{"consent": "publicity"}]},
    {"any": [{"age": {"to": 13}}, {"age": {"from": 18, "to": 18}}, {"consent": "TRF01"}]},
]


@pytest.mark.parametrize("tree", GOOD)
def test_a_tree_that_was_read_is_written_the_same(
    county: County, tags: list[Tag], tree: Any
) -> None:
    assert to_json(parse(tree, county_id=county.pk)) == tree


BAD: list[tuple[Any, str]] = [
    (None, ""),
    ([], ""),
    ({}, ""),
    ("tag", ""),
    ({"tag": ["TRF01001"], "sex": "f"}, ""),
    ({"all": []}, "all"),
    ({"all": {}}, "all"),
    ({"all": [{"any": [{"tag": []}]}]}, "all[0].any[0].tag"),
    ({"all": [{"sex": "f"}, {"tag": ["TRF01001", "NIX"]}]}, "all[1].tag[1]"),
    ({"tag": ["TRF01001", 7]}, "tag[1]"),
    ({"tag": "TRF01001"}, "tag"),
    ({"tag": ["GRD04001"]}, "tag[0]"),
    ({"tag": ["GRD06001"]}, "tag[0]"),
    ({"tag": ["GRD05001"]}, "tag[0]"),
    ({"division": ["999999"]}, "division[0]"),
    ({"division": ["430524\x00"]}, "division[0]"),
    ({"age": {}}, "age"),
    ({"age": {"from": 60, "to": 18}}, "age"),
    ({"age": {"from": "18"}}, "age.from"),
    ({"age": {"from": True}}, "age.from"),
    ({"age": {"from": -1}}, "age.from"),
    ({"age": {"from": 10**30}}, "age.from"),
    ({"age": {"from": 18, "über": 1}}, "age"),
    ({"sex": ""}, "sex"),
    ({"sex": ["f"]}, "sex"),
    ({"contact": True}, "contact"),
    ({"contact": ["linked"]}, "contact"),
    ({"consent": "everything"}, "consent"),
    ({"consent": None}, "consent"),
    ({"consent": ["GRD04"]}, "consent"),
    ({"all": [{"consent": "GRD04"}]}, "all[0].consent"),
    ({"consent": "GRD05"}, "consent"),
    ({"consent": "GRD06"}, "consent"),
    ({"consent": "GRD99"}, "consent"),
    ({"sql": "1=1"}, "sql"),
]


@pytest.mark.parametrize(("tree", "where"), BAD)
def test_a_bad_tree_is_refused_at_its_place(
    county: County, tags: list[Tag], tree: Any, where: str
) -> None:
    with pytest.raises(BadExpression) as refusal:
        parse(tree, county_id=county.pk)
    assert refusal.value.where == where


def test_a_tag_of_another_county_is_unknown(county: County) -> None:
    from tests.builders import make_county

    make_tag(make_county("431302"), "TRF01001", "重型货车")
    with pytest.raises(BadExpression):
        parse({"tag": ["TRF01001"]}, county_id=county.pk)


def test_anti_fraud_tags_serve_messages_on_that_topic(county: County, tags: list[Tag]) -> None:
    parse({"tag": ["GRD05001"]}, county_id=county.pk, topic="anti_fraud")


def test_consent_to_a_group_is_a_condition_where_its_tags_are(
    county: County, tags: list[Tag]
) -> None:
    with pytest.raises(BadExpression, match="不得作为群发条件"):
        text.read("同意(GRD04)", county_id=county.pk)
    parse({"consent": "GRD05"}, county_id=county.pk, topic="anti_fraud")


@pytest.mark.parametrize("written", ["标签(重型货车)", "标签(TRF01001)", "标签(老名)"])
def test_an_ended_tag_is_refused_with_what_stands_in_its_place(
    county: County, tags: list[Tag], lorry: Tag, at: datetime, written: str
) -> None:
    into = tags[1]
    TagChange.objects.create(
        county=county, tag=lorry, kind="renamed", at=at, by=make_officer(county, "desk"),
        former_name="老名",
    )  # fmt: skip
    assert "TRF01001" in json.dumps(to_json(text.read(written, county_id=county.pk)))
    Tag.objects.filter(pk=lorry.pk).update(retired_at=at, merged_into=into)
    with pytest.raises(BadExpression, match="「重型货车」已停用，并入了「校车」"):
        text.read(written, county_id=county.pk)
    Tag.objects.filter(pk=into.pk).update(retired_at=at)
    with pytest.raises(BadExpression, match="「重型货车」已停用。"):
        text.read(written, county_id=county.pk)


NASTY = st.text(
    st.one_of(st.sampled_from("()（），, 且或非除/A1\"'　、-"), st.characters(codec="utf-8")),
    min_size=1, max_size=12,
).filter(lambda name: "\x00" not in name)  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(names=st.lists(NASTY, min_size=2, max_size=2, unique=True))
@example(names=["冷链，冻品", "货车（大型"])
@example(names=["A（b）", "A(b)"])
@example(names=["TRF01001", "重型货车"])
def test_whatever_a_tag_is_called_it_is_written_so_that_it_reads_back(
    county: County, names: list[str]
) -> None:
    with transaction.atomic():
        for number, name in enumerate(names, 1):
            make_tag(county, f"TRF0100{number}", name)
        tree = {"all": [{"tag": ["TRF01002", "TRF01001"]}, {"sex": "f"}]}
        written = text.to_text(parse(tree, county_id=county.pk))
        assert to_json(text.read(written, county_id=county.pk)) == tree, written
        transaction.set_rollback(True)


def test_depth_and_size_have_limits(county: County) -> None:
    deep: Any = {"sex": "f"}
    for _ in range(500):
        deep = {"all": [deep]}
    with pytest.raises(BadExpression, match="太深"):
        parse(deep, county_id=county.pk)
    wide = {"any": [{"sex": "f"}] * 500}
    with pytest.raises(BadExpression, match="太多"):
        parse(wide, county_id=county.pk)


def test_order_and_repetition_do_not_change_the_fingerprint(
    county: County, tags: list[Tag]
) -> None:
    one = {"all": [{"tag": ["TRF01001", "TRF01002"]}, {"sex": "f"}, {"sex": "f"}]}
    two = {"all": [{"sex": "f"}, {"tag": ["TRF01002", "TRF01001", "TRF01002"]}]}
    first, second = (parse(tree, county_id=county.pk) for tree in (one, two))
    assert canonical(first) == canonical(second)
    assert fingerprint(first) == fingerprint(second)
    assert fingerprint(first) != fingerprint(parse({"sex": "f"}, county_id=county.pk))


def test_the_sentence_says_it_in_words(county: County, tags: list[Tag]) -> None:
    make_tag(county, "GRD02001", "独居老人", group_name="看护")
    tree = {
        "all": [
            {"division": [codes(county, "小沙江镇"), codes(county, "金石桥镇", "桃李村")]},
            {"any": [{"tag": ["TRF01001", "TRF01002"]}, {"age": {"from": 60}}]},
            {"except": [{"consent": "GRD02"}, {"contact": "unlinked"}]},
        ]
    }
    assert sentence.sentence(parse(tree, county_id=county.pk)) == (
        "住在小沙江镇或金石桥镇桃李村，并且（有标签重型货车或校车，或60 岁及以上）的群众；"
        "不发给同意登记「看护」类标签，或没加好友的人。"
    )


def test_text_is_read_as_people_write_it(county: County, tags: list[Tag]) -> None:
    written = "在（小沙江镇，金石桥镇/桃李村）且（标签(重型货车,校车) 或 年龄（60-）） 除 未联系"
    node = text.read(written, county_id=county.pk)
    assert to_json(node) == {
        "all": [
            {"division": [codes(county, "小沙江镇"), codes(county, "金石桥镇", "桃李村")]},
            {"any": [{"tag": ["TRF01001", "TRF01002"]}, {"age": {"from": 60}}]},
            {"except": [{"contact": "unlinked"}]},
        ]
    }
    assert text.to_text(node) == (
        "在(小沙江镇,金石桥镇/桃李村) 且 (标签(重型货车,校车) 或 年龄(60-)) 除 未联系"
    )


def test_and_binds_closer_than_or(county: County) -> None:
    node = text.read("女 或 男 且 已联系", county_id=county.pk)
    assert to_json(node) == {"any": [{"sex": "f"}, {"all": [{"sex": "m"}, {"contact": "linked"}]}]}


def test_a_name_with_brackets_is_found(county: County, tags: list[Tag]) -> None:
    for written in ("标签(务工-境外（合法派出）)", "标签（务工-境外(合法派出)，校车）"):
        assert "SOC02016" in json.dumps(to_json(text.read(written, county_id=county.pk)))


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("", "第 1 个字"),
        ("标签(重型货车", "第 3 个字"),
        ("标签 重型货车", "第 4 个字"),
        ("标签(重型货车) 且", "第 11 个字"),
        ("标签(重型货车) 标签(校车)", "第 10 个字"),
        ("(女 或 男", "第 1 个字"),
        ("女) 且 男", "第 2 个字"),
        ("在(小沙江镇,石板镇)", "第 8 个字"),
        ("在(桃李村)", "第 3 个字"),
        ("标签(校车,)", "第 7 个字"),
        ("年龄(老)", "第 4 个字"),
        ("年龄(-)", "第 4 个字"),
        ("同意(一切)", "第 4 个字"),
        ("女; DROP TABLE", "第 2 个字"),
        ("非 女", "第 3 个字"),
    ],
)
def test_a_bad_text_is_refused_at_its_character(
    county: County, tags: list[Tag], written: str, place: str
) -> None:
    with pytest.raises(BadExpression) as refusal:
        text.read(written, county_id=county.pk)
    assert refusal.value.where == place


def test_an_ambiguous_village_is_asked_back_with_an_example(county: County) -> None:
    with pytest.raises(BadExpression, match=r"本县有 2 个「桃李村」.*小沙江镇/桃李村"):
        text.read("在(桃李村)", county_id=county.pk)


def test_endless_brackets_are_refused(county: County) -> None:
    with pytest.raises(BadExpression):
        text.read("(" * 3_000, county_id=county.pk)
