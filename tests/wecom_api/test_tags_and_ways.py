import pytest

from wecom_api.contact_ways import AddedContactWay, ContactWay
from wecom_api.errors import (
    Conflict,
    ContactWayRefused,
    InvalidRequest,
    TagNameTaken,
    TooManyTags,
    Unanswered,
)
from wecom_api.tags import CorpTag, CorpTagGroup, NewTag

ADD_WAY = "externalcontact/add_contact_way"


def test_the_tag_library_is_groups_with_tags(script, wecom):
    script.answer(
        "externalcontact/get_corp_tag_list",
        {
            "tag_group": [
                {
                    "group_id": "g1",
                    "group_name": "职业",
                    "create_time": 1764000000,
                    "order": 1,
                    "tag": [{"id": "et1", "name": "司机", "order": 2, "deleted": True}],
                }
            ]
        },
    )
    assert wecom.tags.get_corp_tag_list() == (
        CorpTagGroup(
            "g1", "职业", 1764000000, 1, tag=(CorpTag("et1", "司机", order=2, deleted=True),)
        ),
    )
    assert script.asked("externalcontact/get_corp_tag_list")[0].json == {}


def test_tags_are_added_to_a_group_by_name(script, wecom):
    api = "externalcontact/add_corp_tag"
    script.answer(api, {"tag_group": {"group_id": "g1", "tag": [{"id": "et1", "name": "司机"}]}})
    group = wecom.tags.add_corp_tag([NewTag("司机", order=5)], group_name="职业")
    assert group.tag == (CorpTag("et1", "司机"),)
    assert script.asked(api)[0].json == {
        "group_name": "职业",
        "tag": [{"name": "司机", "order": 5}],
    }


@pytest.mark.parametrize(("errcode", "error"), [(40071, TagNameTaken), (40126, TooManyTags)])
def test_a_refused_tag_says_why(script, wecom, errcode, error):
    script.answer("externalcontact/add_corp_tag", {"errcode": errcode})
    with pytest.raises(error):
        wecom.tags.add_corp_tag([NewTag("司机")], group_id="g1")


@pytest.mark.parametrize("api", ["add_corp_tag", "del_corp_tag"])
def test_a_busy_answer_to_a_change_of_the_library_is_unanswered(script, wecom, api):
    script.answer(f"externalcontact/{api}", {"errcode": -1})
    with pytest.raises(Unanswered):
        if api == "add_corp_tag":
            wecom.tags.add_corp_tag([NewTag("司机")], group_id="g1")
        else:
            wecom.tags.del_corp_tag(tag_id=["et1"])


def test_a_tag_can_be_renamed_and_deleted(script, wecom):
    wecom.tags.edit_corp_tag("et1", name="驾驶员", order=0)
    wecom.tags.del_corp_tag(group_id=["g1"])
    assert script.asked("externalcontact/edit_corp_tag")[0].json == {
        "id": "et1",
        "name": "驾驶员",
        "order": 0,
    }
    assert script.asked("externalcontact/del_corp_tag")[0].json == {"group_id": ["g1"]}


def test_marking_is_safe_to_repeat_when_wecom_is_busy(script, wecom):
    api = "externalcontact/mark_tag"
    script.answer(api, {"errcode": -1})
    wecom.tags.mark_tag("li", "wm1", add_tag=["et1"])
    assert [request.json for request in script.asked(api)] == [
        {"userid": "li", "external_userid": "wm1", "add_tag": ["et1"]}
    ] * 2


def test_two_who_mark_one_pair_at_once_are_told_to_come_back(script, wecom):
    script.answer("externalcontact/mark_tag", {"errcode": 45035})
    with pytest.raises(Conflict):
        wecom.tags.mark_tag("li", "wm1", remove_tag=["et1"])


def test_requests_on_tags_that_wecom_would_refuse_are_refused_before_any_call(script, wecom):
    tags = wecom.tags
    for wrong in (
        lambda: tags.add_corp_tag([], group_id="g1"),
        lambda: tags.add_corp_tag([NewTag("x")]),
        lambda: tags.add_corp_tag([NewTag("x")], group_id="g1", group_name="职业"),
        lambda: tags.add_corp_tag([NewTag("长" * 31)], group_id="g1"),
        lambda: tags.add_corp_tag([NewTag("x", order=-1)], group_id="g1"),
        lambda: tags.add_corp_tag([NewTag("x")], group_name="长" * 31),
        lambda: tags.edit_corp_tag("et1"),
        lambda: tags.edit_corp_tag("et1", name=""),
        lambda: tags.edit_corp_tag("et1", order=2**32),
        lambda: tags.del_corp_tag(),
        lambda: tags.mark_tag("li", "wm1"),
    ):
        with pytest.raises(InvalidRequest):
            wrong()
    assert script.requests == []


def test_a_way_to_one_officer_is_single(script, wecom):
    script.answer(ADD_WAY, {"config_id": "c1", "qr_code": "https://wecom.example/qr/c1"})
    added = wecom.contact_ways.add(user=["li"], state="taohong", skip_verify=False)
    assert added == AddedContactWay("c1", "https://wecom.example/qr/c1")
    assert script.asked(ADD_WAY)[0].json == {
        "type": 1,
        "scene": 2,
        "skip_verify": False,
        "state": "taohong",
        "user": ["li"],
    }


def test_a_way_to_several_officers_is_multi(script, wecom):
    script.answer(ADD_WAY, {"config_id": "c1"})
    wecom.contact_ways.add(user=["li", "wang"], party=[7])
    sent = script.asked(ADD_WAY)[0].json
    assert (sent["type"], sent["user"], sent["party"]) == (2, ["li", "wang"], [7])


def test_a_way_whose_answer_was_lost_is_not_made_twice(script, wecom):
    script.answer(ADD_WAY, {"errcode": 0})  # a success without the config_id
    with pytest.raises(Unanswered):
        wecom.contact_ways.add(user=["li"])
    assert len(script.asked(ADD_WAY)) == 1


def test_a_way_is_read_with_its_defaults(script, wecom):
    script.answer(
        "externalcontact/get_contact_way",
        {"contact_way": {"config_id": "c1", "type": 1, "scene": 2, "user": ["li"]}},
    )
    assert wecom.contact_ways.get("c1") == ContactWay("c1", 1, 2, user=("li",))


def test_ways_are_listed_over_all_pages(script, wecom):
    api = "externalcontact/list_contact_way"
    script.answer(
        api,
        {"contact_way": [{"config_id": "c1"}], "next_cursor": "n"},
        {"contact_way": [{"config_id": "c2"}]},
    )
    assert list(wecom.contact_ways.list(start_time=1764000000)) == ["c1", "c2"]
    assert script.asked(api)[1].json == {"start_time": 1764000000, "cursor": "n", "limit": 1000}


def test_a_way_is_updated_and_deleted(script, wecom):
    wecom.contact_ways.update("c1", user=[], state="x")
    wecom.contact_ways.delete("c1")
    assert script.asked("externalcontact/update_contact_way")[0].json == {
        "config_id": "c1",
        "state": "x",
        "user": [],
    }
    assert script.asked("externalcontact/del_contact_way")[0].json == {"config_id": "c1"}


def test_a_full_corp_refuses_another_way(script, wecom):
    script.answer(ADD_WAY, {"errcode": 41045})
    with pytest.raises(ContactWayRefused):
        wecom.contact_ways.add(user=["li"])


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"user": ["li", "wang"], "type": 1},
        {"user": ["li"], "party": [1], "type": 1},
        {"user": ["x"] * 101},
        {"user": ["li"], "state": "x" * 31},
        {"user": ["li"], "remark": "长" * 31},
    ],
)
def test_a_way_that_wecom_would_refuse_is_refused_before_any_call(script, wecom, wrong):
    with pytest.raises(InvalidRequest):
        wecom.contact_ways.add(**wrong)
    assert script.requests == []
