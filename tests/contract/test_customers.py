import pytest

from tests.wecom_simulator.running import Simulator
from wecom_api import WeCom
from wecom_api.customers import ExternalContact, Follower, FollowerTag
from wecom_api.errors import (
    InvalidRequest,
    NotAFollower,
    NotPermitted,
    UnknownCustomer,
    UnknownMember,
)
from wecom_api.tags import NewTag


def relation(simulator: Simulator, userid: str, external_userid: str) -> dict[str, object]:
    rows = simulator.truth(f"residents/{external_userid}")["relations"]
    found: dict[str, object] = next(row for row in rows if row["userid"] == userid)
    return found


def test_only_active_members_with_customer_contact_are_listed(
    simulator: Simulator, wecom: WeCom
) -> None:
    simulator.member("serves")
    simulator.member("serves_not", customer_contact=0)
    simulator.member("not_yet", status=4)
    listed = wecom.customers.get_follow_user_list()
    assert "serves" in listed
    assert not {"serves_not", "not_yet"} & set(listed)
    with pytest.raises(NotPermitted):
        wecom.customers.list("serves_not")


def test_no_customers_are_an_empty_list_and_not_an_error(
    simulator: Simulator, wecom: WeCom
) -> None:
    userid = simulator.member("lonely")
    assert wecom.customers.list(userid) == ()
    friend = simulator.friend(userid)
    assert wecom.customers.list(userid) == (friend,)
    with pytest.raises(UnknownMember):
        wecom.customers.list("nobody")


def test_a_customer_comes_with_every_field_of_the_relation(
    simulator: Simulator, wecom: WeCom
) -> None:
    userid = simulator.member("full")
    group = wecom.tags.add_corp_tag([NewTag("养犬")], group_name="居家")
    tag = group.tag[0]
    simulator.admin(
        "residents",
        residents=[
            {"external_userid": "wmFull", "name": "清风", "gender": 2, "unionid": "oUnion",
             "avatar": "https://wx.qlogo.cn/0"}
        ],
    )  # fmt: skip
    simulator.admin(
        "relations",
        relations=[
            {"userid": userid, "external_userid": "wmFull", "remark": "李四", "state": "v1-7",
             "description": "三组", "remark_mobiles": ["13800000004"], "add_way": 2,
             "createtime": 1_700_000_000, "tags": [tag.id]}
        ],
    )  # fmt: skip
    contact = ExternalContact("wmFull", "清风", 1, 2, "https://wx.qlogo.cn/0", "oUnion")
    follower = Follower(
        userid=userid,
        remark="李四",
        description="三组",
        createtime=1_700_000_000,
        tags=(FollowerTag("养犬", "居家", tag.id, 1),),
        tag_id=(tag.id,),
        remark_mobiles=("13800000004",),
        oper_userid=userid,
        add_way=2,
        state="v1-7",
    )
    customer = wecom.customers.get("wmFull")
    assert customer.external_contact == contact
    assert customer.follow_user == (follower,)
    (page,) = wecom.customers.batch_get_by_user([userid])
    (listed,) = page.external_contact_list
    assert listed.external_contact == contact
    assert (listed.follow_info.tags, listed.follow_info.tag_id) == ((), (tag.id,))
    assert listed.follow_info.state == "v1-7"
    assert page.unlicensed_userid_list == ()


def test_a_person_of_another_corp_shows_where_they_work_and_no_unionid(
    simulator: Simulator, wecom: WeCom
) -> None:
    userid = simulator.member("partner")
    simulator.admin(
        "residents",
        residents=[
            {"external_userid": "woPartner", "name": "王医生", "type": 2, "unionid": "oHidden",
             "position": "院长", "corp_name": "卫生院", "corp_full_name": "隆回县模拟卫生院"}
        ],
    )  # fmt: skip
    simulator.admin("relations", relations=[{"userid": userid, "external_userid": "woPartner"}])
    contact = wecom.customers.get("woPartner").external_contact
    assert (contact.type, contact.unionid) == (2, "")
    assert contact.position == "院长"
    assert (contact.corp_name, contact.corp_full_name) == ("卫生院", "隆回县模拟卫生院")
    (page,) = wecom.customers.batch_get_by_user([userid])
    assert page.external_contact_list[0].external_contact == contact


def test_more_than_500_followers_are_one_customer(simulator: Simulator, wecom: WeCom) -> None:
    userids = [f"crowd_{n:04}" for n in range(1203)]
    simulator.admin("members", members=[{"userid": u, "name": u} for u in userids])
    simulator.admin("residents", residents=[{"external_userid": "wmPopular", "name": "大海"}])
    simulator.admin(
        "relations",
        relations=[{"userid": u, "external_userid": "wmPopular"} for u in userids],
    )
    customer = wecom.customers.get("wmPopular")
    assert sorted(one.userid for one in customer.follow_user) == userids
    simulator.admin("members", members=[{"userid": u, "customer_contact": 0} for u in userids])


def test_a_sync_that_stopped_goes_on_from_its_cursor(simulator: Simulator, wecom: WeCom) -> None:
    one, none, two = (simulator.member(f"batch_{n}") for n in ("a", "b", "c"))
    simulator.admin("generate", relations=230, members=[one, two], prefix="x")
    truth = {
        (row["userid"], row["external_userid"])
        for userid in (one, two)
        for row in simulator.truth(f"relations?userid={userid}")["relations"]
    }
    assert len(truth) == 230
    userids = [two, none, one]
    first = next(iter(wecom.customers.batch_get_by_user(userids, limit=40)))
    rest = list(wecom.customers.batch_get_by_user(userids, cursor=first.next_cursor, limit=100))
    assert [len(page.external_contact_list) for page in (first, *rest)] == [40, 100, 90]
    rows = [
        (row.follow_info.userid, row.external_contact.external_userid)
        for page in (first, *rest)
        for row in page.external_contact_list
    ]
    assert len(rows) == len(set(rows))
    assert set(rows) == truth


def test_members_without_any_customer_are_said_so(simulator: Simulator, wecom: WeCom) -> None:
    with pytest.raises(NotAFollower):
        list(wecom.customers.batch_get_by_user([simulator.member("empty_batch")]))


def test_a_remark_changes_what_is_given_and_an_empty_list_clears_the_phones(
    simulator: Simulator, wecom: WeCom
) -> None:
    userid = simulator.member("writes")
    friend = simulator.friend(userid)
    wecom.customers.remark(
        userid, friend, remark="二组 王五", description="户主", remark_mobiles=["13800000005"]
    )
    wecom.customers.remark(userid, friend, description="")
    row = relation(simulator, userid, friend)
    assert (row["remark"], row["description"]) == ("二组 王五", "")
    assert row["remark_mobiles"] == ["13800000005"]
    wecom.customers.remark(userid, friend, remark_mobiles=[])
    assert relation(simulator, userid, friend)["remark_mobiles"] == []
    assert wecom.customers.get(friend).follow_user[0].remark_mobiles == ()
    assert wecom.customers.get(friend).follow_user[0].remark == "二组 王五"


def test_what_is_no_relation_is_refused(simulator: Simulator, wecom: WeCom) -> None:
    userid = simulator.member("gone")
    simulator.admin("residents", residents=[{"external_userid": "wmStranger", "name": "x"}])
    with pytest.raises(UnknownCustomer):
        wecom.customers.get("wmNobody")
    with pytest.raises(NotAFollower):
        wecom.customers.get("wmStranger")
    with pytest.raises(NotAFollower):
        wecom.customers.remark(userid, "wmStranger", remark="x")
    with pytest.raises(InvalidRequest):
        wecom.customers.remark(userid, "wmStranger", remark="字" * 21)


def test_a_member_whom_the_resident_deleted_is_still_listed_and_the_reverse_is_not(
    simulator: Simulator, wecom: WeCom
) -> None:
    userid = simulator.member("parted")
    left, dropped, half = (simulator.friend(userid) for _ in range(3))
    simulator.admin("acts/resident-deletes", userid=userid, external_userid=left)
    simulator.admin("acts/member-deletes", userid=userid, external_userid=dropped)
    pair = {"userid": userid, "external_userid": half, "status": "half"}
    simulator.admin("relations", relations=[pair])
    assert wecom.customers.list(userid) == (left,)
    for external_userid in (dropped, half):
        with pytest.raises(NotAFollower):
            wecom.customers.get(external_userid)
