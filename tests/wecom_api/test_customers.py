import itertools

import pytest

from wecom_api.customers import CustomerOfMember, ExternalContact, Follower, FollowerTag
from wecom_api.errors import InvalidRequest, NotAFollower, Unavailable

GET = "externalcontact/get"
BATCH = "externalcontact/batch/get_by_user"


def follower(userid, **more):
    return {"userid": userid, "createtime": 1764000000, **more}


def test_service_members_are_userids(script, wecom):
    script.answer("externalcontact/get_follow_user_list", {"follow_user": ["li", "wang"]})
    assert wecom.customers.get_follow_user_list() == ("li", "wang")


def test_a_member_without_customers_has_an_empty_list_whatever_wecom_says(script, wecom):
    script.answer("externalcontact/list", {"errcode": 84061, "external_userid": []})
    assert wecom.customers.list("li") == ()


def test_a_customer_comes_with_all_followers_over_all_pages(script, wecom):
    contact = {"external_userid": "wm1", "name": "风", "type": 1, "gender": 2, "unionid": "u"}
    script.answer(
        GET,
        {"external_contact": contact, "follow_user": [follower("li")], "next_cursor": "c1"},
        {"external_contact": contact, "follow_user": [follower("wang")]},
    )
    customer = wecom.customers.get("wm1")
    assert customer.external_contact == ExternalContact(
        "wm1", name="风", type=1, gender=2, unionid="u"
    )
    assert [f.userid for f in customer.follow_user] == ["li", "wang"]
    assert [request.query.get("cursor") for request in script.asked(GET)] == [None, "c1"]


def test_what_a_follower_wrote_belongs_to_the_pair(script, wecom):
    row = follower(
        "li",
        remark="3组 王",
        description="d",
        remark_mobiles=["13900000000", ""],
        add_way=1,
        state="taohong",
        tags=[
            {"group_name": "职业", "tag_name": "司机", "tag_id": "et1", "type": 1},
            {"group_name": "", "tag_name": "熟人", "type": 2},
        ],
    )
    script.answer(GET, {"external_contact": {"external_userid": "wm1"}, "follow_user": [row]})
    assert wecom.customers.get("wm1").follow_user == (
        Follower(
            "li",
            remark="3组 王",
            description="d",
            createtime=1764000000,
            tags=(FollowerTag("司机", "职业", "et1", 1), FollowerTag("熟人", type=2)),
            tag_id=("et1",),
            remark_mobiles=("13900000000",),
            add_way=1,
            state="taohong",
        ),
    )


def test_a_relation_that_is_gone_is_said_to_be_so(script, wecom):
    script.answer(GET, {"errcode": 84061, "external_contact": {}})
    with pytest.raises(NotAFollower):
        wecom.customers.get("wm1")


def page(*ids, next_cursor=""):
    return {
        "external_contact_list": [
            {
                "external_contact": {"external_userid": id},
                "follow_info": {"userid": "li", "tag_id": ["et1"]},
            }
            for id in ids
        ],
        "next_cursor": next_cursor,
        "fail_info": {"unlicensed_userid_list": ["x"]},
    }


def test_a_full_sync_reads_page_by_page(script, wecom):
    script.answer(BATCH, page("a", "b", next_cursor="c1"), page("c"))
    pages = list(wecom.customers.batch_get_by_user(["li", "wang"]))
    assert [c.external_contact.external_userid for p in pages for c in p.external_contact_list] == [
        *"abc"
    ]
    assert pages[0].external_contact_list[0] == CustomerOfMember(
        ExternalContact("a"), Follower("li", tag_id=("et1",))
    )
    assert [p.next_cursor for p in pages] == ["c1", ""]
    assert pages[0].unlicensed_userid_list == ("x",)
    assert script.asked(BATCH)[0].json == {
        "userid_list": ["li", "wang"],
        "cursor": "",
        "limit": 100,
    }


def test_a_full_sync_resumes_after_the_last_page_that_was_kept(script, wecom, make_wecom):
    script.answer(BATCH, page("a", next_cursor="c1"), {"errcode": 45009})
    kept = ""
    with pytest.raises(Unavailable):
        for got in wecom.customers.batch_get_by_user(["li"]):
            kept = got.next_cursor
    assert kept == "c1"

    script.answer(BATCH, page("b"))
    rest = list(make_wecom().customers.batch_get_by_user(["li"], cursor=kept))
    assert [c.external_contact.external_userid for p in rest for c in p.external_contact_list] == [
        "b"
    ]
    assert script.asked(BATCH)[-1].json["cursor"] == "c1"


def test_pages_are_fetched_only_when_wanted(script, wecom):
    script.answer(BATCH, *[page("a", next_cursor=f"c{n}") for n in range(5)])
    list(itertools.islice(wecom.customers.batch_get_by_user(["li"]), 2))
    assert len(script.asked(BATCH)) == 2


@pytest.mark.parametrize(("userids", "limit"), [([], 100), (["x"] * 101, 100), (["x"], 101)])
def test_a_batch_beyond_the_limits_is_refused_before_any_call(script, wecom, userids, limit):
    with pytest.raises(InvalidRequest):
        wecom.customers.batch_get_by_user(userids, limit=limit)
    assert script.requests == []


def test_a_remark_changes_only_what_is_given(script, wecom):
    wecom.customers.remark("li", "wm1", remark="王 3组", description="")
    assert script.asked("externalcontact/remark")[0].json == {
        "userid": "li",
        "external_userid": "wm1",
        "remark": "王 3组",
        "description": "",
    }


def test_clearing_phone_numbers_is_said_in_wecoms_way(script, wecom):
    wecom.customers.remark("li", "wm1", remark_mobiles=[])
    assert script.asked("externalcontact/remark")[0].json["remark_mobiles"] == [""]


@pytest.mark.parametrize(
    "change", [{}, {"remark": "长" * 21}, {"description": "长" * 151}, {"remark_company": "x" * 21}]
)
def test_a_remark_that_wecom_would_refuse_is_refused_before_any_call(script, wecom, change):
    with pytest.raises(InvalidRequest):
        wecom.customers.remark("li", "wm1", **change)
    assert script.requests == []
