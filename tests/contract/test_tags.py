from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.wecom_simulator.running import Simulator
from wecom_api import WeCom
from wecom_api.errors import (
    Conflict,
    NotAFollower,
    NotPermitted,
    TagNameTaken,
    TooManyTags,
    UnknownTag,
    WeComError,
)
from wecom_api.tags import NewTag


def names(wecom: WeCom, group_id: str) -> list[str]:
    return [tag.name for group in wecom.tags.get_corp_tag_list(group_id=[group_id])
            for tag in group.tag if not tag.deleted]  # fmt: skip


def test_tags_are_added_to_a_group_by_name_and_by_id(simulator: Simulator, wecom: WeCom) -> None:
    first = wecom.tags.add_corp_tag([NewTag("驾驶员", 3)], group_name="职业", order=9)
    again = wecom.tags.add_corp_tag([NewTag("渔民", 5)], group_name="职业")
    third = wecom.tags.add_corp_tag([NewTag("学生")], group_id=first.group_id)
    assert first.group_id == again.group_id == third.group_id
    assert [tag.name for tag in again.tag] == ["渔民"]
    (group,) = wecom.tags.get_corp_tag_list(group_id=[first.group_id])
    assert (group.group_name, group.order, group.deleted) == ("职业", 9, False)
    assert group.create_time == int(simulator.now())
    assert [(tag.name, tag.order) for tag in group.tag] == [("渔民", 5), ("驾驶员", 3), ("学生", 0)]
    assert group in wecom.tags.get_corp_tag_list()
    (one,) = wecom.tags.get_corp_tag_list(tag_id=[first.tag[0].id])
    assert [tag.name for tag in one.tag] == ["驾驶员"]


def test_a_name_is_taken_once_per_group_and_once_within_one_request(wecom: WeCom) -> None:
    group = wecom.tags.add_corp_tag([NewTag("同名"), NewTag("同名")], group_name="重名")
    assert [tag.name for tag in group.tag] == ["同名"]
    with pytest.raises(TagNameTaken):
        wecom.tags.add_corp_tag([NewTag("同名")], group_name="重名")
    other = wecom.tags.add_corp_tag([NewTag("别名")], group_id=group.group_id).tag[0]
    with pytest.raises(TagNameTaken):
        wecom.tags.edit_corp_tag(other.id, name="同名")
    assert names(wecom, group.group_id) == ["同名", "别名"]


def test_tags_and_groups_are_renamed_moved_and_deleted(wecom: WeCom) -> None:
    group = wecom.tags.add_corp_tag([NewTag("甲"), NewTag("乙")], group_name="改动")
    first, second = group.tag
    wecom.tags.edit_corp_tag(first.id, name="丙", order=0)
    wecom.tags.edit_corp_tag(second.id, order=2**32 - 1)
    wecom.tags.edit_corp_tag(group.group_id, name="改过")
    (found,) = wecom.tags.get_corp_tag_list(group_id=[group.group_id])
    assert found.group_name == "改过"
    assert [tag.name for tag in found.tag] == ["乙", "丙"]
    wecom.tags.del_corp_tag(tag_id=[first.id])
    assert names(wecom, group.group_id) == ["乙"]
    wecom.tags.del_corp_tag(tag_id=[second.id])
    assert group.group_id not in {one.group_id for one in wecom.tags.get_corp_tag_list()}
    (ghost,) = wecom.tags.get_corp_tag_list(group_id=[group.group_id])
    assert ghost.deleted
    assert all(tag.deleted for tag in ghost.tag)
    with pytest.raises(UnknownTag):
        wecom.tags.del_corp_tag(tag_id=[second.id])
    with pytest.raises(UnknownTag):
        wecom.tags.edit_corp_tag(group.group_id, name="x")


def test_a_group_goes_with_its_tags_and_takes_them_off_residents(
    simulator: Simulator, wecom: WeCom
) -> None:
    friend = simulator.friend(simulator.member("tagged"))
    group = wecom.tags.add_corp_tag([NewTag("a"), NewTag("b")], group_name="整组")
    wecom.tags.mark_tag("tagged", friend, add_tag=[tag.id for tag in group.tag])
    assert len(wecom.customers.get(friend).follow_user[0].tag_id) == 2
    wecom.tags.del_corp_tag(group_id=[group.group_id])
    assert wecom.customers.get(friend).follow_user[0].tag_id == ()


def test_an_app_changes_only_tags_it_made(simulator: Simulator, wecom: WeCom) -> None:
    made = simulator.admin("acts/tags", create={"group_name": "后台建的", "tags": ["x"]})
    with pytest.raises(NotPermitted):
        wecom.tags.edit_corp_tag(made["tags"]["x"], name="y")
    with pytest.raises(NotPermitted):
        wecom.tags.del_corp_tag(group_id=[made["group_id"]])


def test_tags_are_put_on_and_taken_off_one_pair_only(simulator: Simulator, wecom: WeCom) -> None:
    one, two = simulator.member("marks_a"), simulator.member("marks_b")
    friend = simulator.friend(one)
    simulator.admin("relations", relations=[{"userid": two, "external_userid": friend}])
    tags = wecom.tags.add_corp_tag([NewTag("红"), NewTag("蓝")], group_name="颜色").tag
    wecom.tags.mark_tag(one, friend, add_tag=[tags[0].id, tags[1].id])
    wecom.tags.mark_tag(one, friend, remove_tag=[tags[0].id])
    followers = {f.userid: f.tag_id for f in wecom.customers.get(friend).follow_user}
    assert followers == {one: (tags[1].id,), two: ()}
    with pytest.raises(UnknownTag):
        wecom.tags.mark_tag(one, friend, add_tag=["etNone"])
    simulator.admin("residents", residents=[{"external_userid": "wmUnmarked", "name": "x"}])
    with pytest.raises(NotAFollower):
        wecom.tags.mark_tag(one, "wmUnmarked", add_tag=[tags[0].id])


def test_two_changes_of_one_pair_at_once_are_45035_and_of_two_pairs_are_not(
    simulator: Simulator, wecom: WeCom
) -> None:
    userid = simulator.member("busy")
    friend, other = simulator.friend(userid), simulator.friend(userid)
    (tag,) = wecom.tags.add_corp_tag([NewTag("忙")], group_name="并发").tag
    simulator.admin("settings", latency_real_seconds=0.5)

    def mark(external_userid: str) -> str:
        try:
            wecom.tags.mark_tag(userid, external_userid, add_tag=[tag.id])
        except WeComError as refusal:
            assert isinstance(refusal, Conflict)
            assert refusal.errcode == 45035
            return "refused"
        return "done"

    with ThreadPoolExecutor(4) as crowd:
        same = list(crowd.map(mark, [friend] * 4))
        apart = list(crowd.map(mark, [friend, other]))
    assert sorted(same) == ["done", "refused", "refused", "refused"]
    assert apart == ["done", "done"]
    simulator.admin("settings", latency_real_seconds=0.0)
    assert mark(friend) == "done"


def test_a_full_library_and_a_full_pair_are_told_apart_from_wrong_names(
    simulator: Simulator, wecom: WeCom
) -> None:
    userid = simulator.member("packed")
    friend = simulator.friend(userid)
    tags = wecom.tags.add_corp_tag([NewTag(str(n)) for n in range(4)], group_name="满").tag
    simulator.admin("settings", pair_tag_cap=3)
    with pytest.raises(TooManyTags):
        wecom.tags.mark_tag(userid, friend, add_tag=[tag.id for tag in tags])
    assert wecom.customers.get(friend).follow_user[0].tag_id == ()
    simulator.admin("settings", corp_tag_cap=1)
    with pytest.raises(TooManyTags):
        wecom.tags.add_corp_tag([NewTag("多")], group_name="满")


@pytest.mark.parametrize("order", [-1, 2**32])
def test_an_order_that_wecom_does_not_take_is_refused_by_both(
    simulator: Simulator, wecom: WeCom, order: int
) -> None:
    group = wecom.tags.add_corp_tag([NewTag(f"序{order}")], group_name=f"次序{order}")
    with pytest.raises(ValueError, match="order"):
        wecom.tags.edit_corp_tag(group.group_id, order=order)
    refused = simulator.call("externalcontact/edit_corp_tag", id=group.group_id, order=order)
    assert refused["errcode"] == 40058
