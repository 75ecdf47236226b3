"""Audiences under a name: they stay live, and who uses one says so in words."""

import threading
from datetime import datetime

import pytest
from django.db import connections
from pytest_django import DjangoAssertNumQueries

from tests.builders import (
    division,
    give_tag,
    make_county,
    make_officer,
    make_resident,
    make_tag,
)
from weijing.accounts.models import Officer, Role
from weijing.audiences import counting, naming_tags, saving, text
from weijing.audiences.expression import BadExpression, parse
from weijing.audiences.models import SavedAudience
from weijing.audiences.sentence import sentence
from weijing.core.errors import PermissionDenied
from weijing.tags.catalogue import following
from weijing.territory.models import County, Station


@pytest.fixture
def author(county: County) -> Officer:
    return make_officer(county, "author", Role.CAMPAIGN_AUTHOR, county_desk=True)


def save(said: str, name: str, author: Officer, at: datetime) -> SavedAudience:
    return saving.save(said, name=name, by=author, at=at)


def count(county: County, said: str) -> int:
    return counting.count(text.read(said, county_id=county.pk), county_id=county.pk)


def test_a_saved_audience_means_whom_it_means_when_it_is_used(
    county: County, author: Officer, at: datetime
) -> None:
    tag = make_tag(county, "TRF01001", "重型货车")
    person = make_resident(division(county, "小沙江镇", "桃李村", "1组"))
    save("标签(重型货车)", "货车司机", author, at)
    assert count(county, "受众(货车司机)") == 0
    give_tag(person, tag)
    assert count(county, "受众(货车司机)") == 1
    assert count(county, "在(小沙江镇) 除 受众(货车司机)") == 0


def test_saving_again_under_a_name_changes_what_it_means(
    county: County, author: Officer, at: datetime
) -> None:
    make_resident(division(county, "小沙江镇", "桃李村", "1组"), sex="f")
    save("男", "我的", author, at)
    save("女", "我的", author, at)
    assert SavedAudience.objects.count() == 1
    assert count(county, "受众(我的)") == 1


def test_it_is_written_and_read_back_by_its_name(
    county: County, author: Officer, at: datetime
) -> None:
    save("女", "妇女（全县）", author, at)
    node = text.read("受众(妇女(全县)) 且 年龄(18-)", county_id=county.pk)
    assert text.to_text(node) == "受众(妇女（全县）) 且 年龄(18-)"
    assert "属于受众「妇女（全县）」" in sentence(node)


def test_one_may_stand_on_another_but_not_on_itself(
    county: County, author: Officer, at: datetime
) -> None:
    save("女", "甲", author, at)
    save("受众(甲) 且 年龄(60-)", "乙", author, at)
    with pytest.raises(BadExpression, match="绕回"):
        save("受众(乙) 或 男", "甲", author, at)
    assert SavedAudience.objects.get(name="甲").tree == {"sex": "f"}


def test_what_another_stands_on_cannot_be_deleted(
    county: County, author: Officer, at: datetime
) -> None:
    first = save("女", "甲", author, at)
    second = save("受众(甲) 且 年龄(60-)", "乙", author, at)
    with pytest.raises(saving.StillUsed, match="乙"):
        saving.delete(first, by=author, at=at)
    saving.delete(second, by=author, at=at)
    saving.delete(first, by=author, at=at)
    with pytest.raises(BadExpression, match="甲"):
        parse({"saved": "甲"}, county_id=county.pk)


@pytest.mark.parametrize("name", ["", "   ", "名" * 31, "坏\x00名", "甲,乙", "甲)"])
def test_a_name_that_could_not_be_typed_is_refused(
    county: County, author: Officer, at: datetime, name: str
) -> None:
    with pytest.raises(saving.NotAName):
        save("女", name, author, at)


def test_only_authors_save(county: County, at: datetime) -> None:
    officer = make_officer(county, "luo", Role.VILLAGE_AUXILIARY)
    with pytest.raises(PermissionDenied):
        save("女", "甲", officer, at)


def test_a_tag_that_may_not_be_an_audience_may_not_be_saved_either(
    county: County, author: Officer, at: datetime
) -> None:
    make_tag(county, "GRD04001", "家庭安全", audience="never")
    with pytest.raises(BadExpression, match="不得"):
        save("标签(家庭安全)", "不行", author, at)


def test_a_tag_that_was_merged_is_followed(county: County, author: Officer, at: datetime) -> None:
    old, new = make_tag(county, "TRF01001", "重型货车"), make_tag(county, "TRF01002", "重卡")
    saved = save("标签(重型货车) 且 女", "货车", author, at)
    following.tell(old, new, by=author, at=at)
    saved.refresh_from_db()
    assert saved.tree == {"all": [{"tag": [new.code]}, {"sex": "f"}]}
    following.tell(new, None, by=author, at=at)
    saved.refresh_from_db()
    assert saved.tree == {"all": [{"tag": [new.code]}, {"sex": "f"}]}


def test_brackets_of_either_width_are_one_name(
    county: County, author: Officer, at: datetime
) -> None:
    save("女", "妇女(全县)", author, at)
    save("男", "妇女（全县）", author, at)
    assert list(SavedAudience.objects.values_list("name", "tree")) == [
        ("妇女（全县）", {"sex": "m"})
    ]


def test_one_that_was_saved_with_narrow_brackets_is_found_and_kept(
    county: County, author: Officer, at: datetime
) -> None:
    old = save("女", "旧的", author, at)
    SavedAudience.objects.filter(pk=old.pk).update(name="旧(的)")
    node = parse({"saved": "旧(的)"}, county_id=county.pk)
    assert text.to_text(text.read(text.to_text(node), county_id=county.pk)) == "受众(旧(的))"
    save("男", "旧（的）", author, at)
    assert SavedAudience.objects.get().tree == {"sex": "m"}


def test_conditions_inside_saved_audiences_count_as_often_as_they_are_named(
    county: County, author: Officer, at: datetime
) -> None:
    save(" 或 ".join(["女"] * 10), "底", author, at)
    save(" 或 ".join(["受众(底)"] * 10), "中", author, at)
    with pytest.raises(BadExpression, match="最多 200 个"):
        text.read("受众(中) 或 受众(中)", county_id=county.pk)


def test_a_name_named_often_is_looked_up_once(
    county: County, author: Officer, at: datetime,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    rows = []
    for name, below in (("底", {"sex": "f"}), ("中", {"saved": "底"}), ("上", {"saved": "中"})):
        rows.append((name, {"any": [below] * 190}))
    for name, tree in rows:
        SavedAudience.objects.create(
            county=county, name=name, tree=tree, saved_by=author, saved_at=at
        )
    with django_assert_max_num_queries(14), pytest.raises(BadExpression, match="最多 200 个"):
        parse({"saved": "上"}, county_id=county.pk)
    with django_assert_max_num_queries(8):
        assert naming_tags.tags_named({"saved": "上"}, county.pk) == []


def test_the_sentence_of_who_decides_says_what_a_name_means(
    county: County, author: Officer, at: datetime
) -> None:
    save("女", "甲", author, at)
    save("受众(甲) 且 年龄(60-)", "乙", author, at)
    node = text.read("受众(乙) 除 受众(甲)", county_id=county.pk)
    assert sentence(node, written_out=True) == (
        "属于受众「乙」的群众；不发给属于受众「甲」的人。"
        "受众「乙」：属于受众「甲」，并且60 岁及以上的群众。受众「甲」：女性的群众。"
    )


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_one_name_at_once_the_second_is_told(at: datetime) -> None:
    county = make_county()
    rivals = [
        make_officer(county, name, Role.CAMPAIGN_AUTHOR, station=Station.objects.first())
        for name in ("one", "two")
    ]
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def run(by: Officer) -> None:
        start.wait()
        try:
            save("女", "甲", by, at)
            outcomes.append("saved")
        except saving.SomebodyElses:
            outcomes.append("told")
        connections.close_all()

    threads = [threading.Thread(target=run, args=(by,)) for by in rivals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["saved", "told"]
