from typing import Any

import pytest

from tests.wecom_simulator.running import Simulator

BATCH = "externalcontact/batch/get_by_user"


def test_customers_are_listed_and_told_apart_from_what_only_looks_like_them(
    simulator: Simulator,
) -> None:
    userid = simulator.member("cu_states")
    shown = {simulator.friend(userid, status=s) for s in ("mutual", "deleted_by_customer")}
    for status in ("none", "half", "deleted_by_member"):
        simulator.friend(userid, status=status)
    assert set(simulator.read("externalcontact/list", userid=userid)["external_userid"]) == shown
    listed = simulator.call(BATCH, userid_list=[userid])["external_contact_list"]
    assert {one["external_contact"]["external_userid"] for one in listed} == shown


def test_a_member_without_customers_is_84061_with_an_empty_list(simulator: Simulator) -> None:
    userid = simulator.member("cu_none")
    answer = simulator.read("externalcontact/list", userid=userid)
    assert answer["errcode"] == 84061
    assert answer["external_userid"] == []


def test_userids_are_found_in_any_case(simulator: Simulator) -> None:
    friend = simulator.friend(simulator.member("CuMixed"))
    answer = simulator.read("externalcontact/list", userid="cumIXED")
    assert answer["external_userid"] == [friend]


def test_pages_over_several_members_give_everyone_once(simulator: Simulator) -> None:
    userids = [simulator.member(f"cu_page{n}") for n in range(4)]
    expected = [simulator.friend(u) for u in userids[:3] for _ in range(5)]
    for limit in (1, 4, 5, 7, 100):
        seen: list[str] = []
        cursor = ""
        for _ in range(30):
            page = simulator.call(BATCH, userid_list=userids, limit=limit, cursor=cursor)
            assert page["errcode"] == 0
            assert len(page["external_contact_list"]) <= limit
            seen += [
                one["external_contact"]["external_userid"] for one in page["external_contact_list"]
            ]
            cursor = page["next_cursor"]
            if not cursor:
                break
        assert sorted(seen) == sorted(expected), limit


def test_the_pair_carries_remark_phones_state_and_tags(simulator: Simulator) -> None:
    userid, other = simulator.member("cu_pair"), simulator.member("cu_other")
    tag = simulator.call("externalcontact/add_corp_tag", group_name="职业", tag=[{"name": "司机"}])[
        "tag_group"
    ]["tag"][0]["id"]
    friend = simulator.friend(
        userid, name="老船长", state="xs", add_way=1, createtime=1_700_000_000
    )
    simulator.admin("relations", relations=[{"userid": other, "external_userid": friend}])
    pair = {"userid": userid, "external_userid": friend}
    simulator.call(
        "externalcontact/remark", **pair, remark="张三 小沙江", remark_mobiles=["13800000000"]
    )
    simulator.call("externalcontact/mark_tag", **pair, add_tag=[tag])
    whole = simulator.read("externalcontact/get", external_userid=friend)
    assert whole["external_contact"]["name"] == "老船长"
    mine, theirs = whole["follow_user"]
    assert mine["remark"] == "张三 小沙江"
    assert mine["remark_mobiles"] == ["13800000000"]
    assert mine["createtime"] == 1_700_000_000
    assert mine["state"] == "xs"
    assert mine["tags"] == [{"group_name": "职业", "tag_name": "司机", "tag_id": tag, "type": 1}]
    assert theirs["tags"] == []
    assert theirs["remark"] == ""
    info = simulator.call(BATCH, userid_list=[userid])["external_contact_list"][0]["follow_info"]
    assert info["tag_id"] == [tag]
    assert "tags" not in info
    simulator.call("externalcontact/remark", **pair, remark_mobiles=[""])
    again = simulator.read("externalcontact/get", external_userid=friend)
    assert again["follow_user"][0]["remark_mobiles"] == []
    assert again["follow_user"][0]["remark"] == "张三 小沙江"


def test_outside_the_scope_nothing_is_seen(simulator: Simulator) -> None:
    simulator.admin("departments", departments=[{"id": 50, "name": "站"}, {"id": 51, "name": "外"}])
    inside = simulator.member("scope_in", department=[50])
    outside = simulator.member("scope_out", department=[51])
    mine, theirs = simulator.friend(inside), simulator.friend(outside)
    app = simulator.admin("apps", name="小应用", scope_parties=[50])

    def read(path: str, **query: Any) -> dict[str, Any]:
        return simulator.get(path, access_token=simulator.token(app["secret"]), **query)

    assert [d["id"] for d in read("department/list")["department"]] == [50]
    assert read("user/get", userid=outside)["errcode"] == 60011
    assert read("user/list", department_id=51)["errcode"] == 60011
    assert read("externalcontact/get_follow_user_list")["follow_user"] == [inside]
    assert read("externalcontact/list", userid=outside)["errcode"] == 60011
    assert read("externalcontact/get", external_userid=theirs)["errcode"] == 84061
    assert read("externalcontact/get", external_userid=mine)["errcode"] == 0
    refused = simulator.call(
        "externalcontact/add_msg_template",
        secret=app["secret"],
        external_userid=[theirs],
        text={"content": "x"},
    )
    assert refused["errcode"] == 41048


def test_an_app_of_today_does_not_read_phones(simulator: Simulator) -> None:
    simulator.member("phone", mobile="13800000001", gender="1")
    assert "mobile" not in simulator.read("user/get", userid="phone")
    old = simulator.admin("apps", since_2022=False)
    token = simulator.token(old["secret"])
    seen = simulator.get("user/get", access_token=token, userid="phone")
    assert seen["mobile"] == "13800000001"
    assert seen["gender"] == "1"  # a string here, a number for customers


def test_a_wrong_json_type_succeeds_with_a_warning(simulator: Simulator) -> None:
    userid = simulator.member("cu_types")
    simulator.friend(userid)
    answer = simulator.call(BATCH, userid_list=[userid], limit="10")
    assert answer["errcode"] == 0
    assert "Warning: wrong json format." in answer["errmsg"]


def test_a_get_on_a_post_path_is_a_parameter_error(simulator: Simulator) -> None:
    assert simulator.read(BATCH, limit=10)["errcode"] in (40058, 40063)
    assert simulator.read("externalcontact/remark")["errcode"] in (40003, 40058)


def test_successes_can_come_without_errcode(simulator: Simulator) -> None:
    simulator.admin("settings", omit_envelope=["department/list"])
    answer = simulator.read("department/list")
    assert "errcode" not in answer
    assert "errmsg" not in answer
    assert answer["department"]
    assert simulator.read("department/get", id=1)["errcode"] == 0


def test_tag_names_are_unique_and_empty_groups_vanish(simulator: Simulator) -> None:
    add = "externalcontact/add_corp_tag"
    made = simulator.call(add, group_name="组", tag=[{"name": "甲"}, {"name": "甲"}])["tag_group"]
    assert len(made["tag"]) == 1
    assert simulator.call(add, group_name="组", tag=[{"name": "甲"}])["errcode"] == 40071
    same = simulator.call(add, group_name="组", tag=[{"name": "乙"}])["tag_group"]
    assert same["group_id"] == made["group_id"]
    ids = [made["tag"][0]["id"], same["tag"][0]["id"]]
    edit = simulator.call("externalcontact/edit_corp_tag", id=ids[1], name="甲")
    assert edit["errcode"] == 40071
    simulator.call("externalcontact/del_corp_tag", tag_id=ids[:1])
    groups = simulator.call("externalcontact/get_corp_tag_list")["tag_group"]
    assert made["group_id"] in [g["group_id"] for g in groups]
    simulator.call("externalcontact/del_corp_tag", tag_id=ids[1:])
    groups = simulator.call("externalcontact/get_corp_tag_list")["tag_group"]
    assert made["group_id"] not in [g["group_id"] for g in groups]
    asked = simulator.call("externalcontact/get_corp_tag_list", group_id=[made["group_id"]])
    assert asked["tag_group"][0]["deleted"] is True


def test_the_tag_caps_are_40126_and_40144(simulator: Simulator) -> None:
    userid = simulator.member("cu_caps")
    friend = simulator.friend(userid)
    made = simulator.call(
        "externalcontact/add_corp_tag", group_name="多", tag=[{"name": str(n)} for n in range(4)]
    )["tag_group"]["tag"]
    total = simulator.truth("counts")["tags"]
    simulator.admin("settings", corp_tag_cap=total, pair_tag_cap=3)
    more = simulator.call("externalcontact/add_corp_tag", group_name="多", tag=[{"name": "x"}])
    assert more["errcode"] == 40126
    mark = simulator.call(
        "externalcontact/mark_tag",
        userid=userid,
        external_userid=friend,
        add_tag=[tag["id"] for tag in made],
    )
    assert mark["errcode"] == 40144
    assert simulator.truth(f"relations?userid={userid}")["relations"][0]["tags"] == []


def test_an_app_changes_only_its_own_tags(simulator: Simulator) -> None:
    made = simulator.call("externalcontact/add_corp_tag", group_name="别", tag=[{"name": "甲"}])
    tag_id = made["tag_group"]["tag"][0]["id"]
    other = simulator.admin("apps", name="另一个")
    path = "externalcontact/del_corp_tag"
    assert simulator.call(path, secret=other["secret"], tag_id=[tag_id])["errcode"] == 48002
    assert simulator.call(path, tag_id=[tag_id])["errcode"] == 0


def test_a_scanned_way_brings_the_resident_with_its_state(simulator: Simulator) -> None:
    one, two = simulator.member("way_a"), simulator.member("way_b")
    way = simulator.call(
        "externalcontact/add_contact_way", type=2, scene=2, state="cun-7", user=[one, two]
    )
    assert way["qr_code"].startswith("https://")
    done = simulator.admin(
        "acts/scan", config_id=way["config_id"], resident={"name": "木子"}, userid=two
    )
    follow = simulator.read("externalcontact/get", external_userid=done["external_userid"])
    assert follow["follow_user"][0]["userid"] == two
    assert follow["follow_user"][0]["state"] == "cun-7"
    path = "externalcontact/update_contact_way"
    simulator.call(path, config_id=way["config_id"], user=[one], skip_verify=False)
    waits = simulator.admin("acts/scan", config_id=way["config_id"], resident={"name": "等"})
    assert waits["status"] == "none"
    assert simulator.read("externalcontact/list", userid=one)["errcode"] == 84061
    simulator.admin("acts/accept", userid=one, external_userid=waits["external_userid"])
    listed = simulator.read("externalcontact/list", userid=one)["external_userid"]
    assert listed == [waits["external_userid"]]


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({"type": 3, "scene": 2, "user": ["way_x"]}, 41037),
        ({"type": 1, "scene": 2, "user": ["way_x", "way_y"]}, 41037),
        ({"type": 1, "scene": 2, "user": ["way_x"], "state": "s" * 31}, 41037),
        ({"type": 1, "scene": 2, "user": ["way_new"]}, 41054),
        ({"type": 1, "scene": 2, "user": ["way_without"]}, 84083),
        ({"type": 1, "scene": 2, "user": ["nobody"]}, 40003),
    ],
)
def test_a_bad_contact_way_has_its_code(
    simulator: Simulator, body: dict[str, Any], errcode: int
) -> None:
    simulator.member("way_x")
    simulator.member("way_y")
    simulator.member("way_new", status=4)
    simulator.member("way_without", customer_contact=False)
    assert simulator.call("externalcontact/add_contact_way", **body)["errcode"] == errcode


def test_more_than_a_hundred_members_behind_a_way_are_41041(simulator: Simulator) -> None:
    simulator.admin("departments", departments=[{"id": 60, "name": "大"}])
    simulator.admin(
        "members", members=[{"userid": f"crowd{n}", "department": [60]} for n in range(101)]
    )
    answer = simulator.call("externalcontact/add_contact_way", type=2, scene=2, party=[60])
    assert answer["errcode"] == 41041


def test_ways_are_listed_got_and_deleted_and_then_41044(simulator: Simulator) -> None:
    userid = simulator.member("way_list")
    start = int(simulator.now())
    made = [
        simulator.call(
            "externalcontact/add_contact_way", type=1, scene=2, user=[userid], remark=f"r{n}"
        )["config_id"]
        for n in range(3)
    ]
    first = simulator.call("externalcontact/list_contact_way", start_time=start, limit=2)
    rest = simulator.call(
        "externalcontact/list_contact_way", start_time=start, limit=2, cursor=first["next_cursor"]
    )
    listed = [w["config_id"] for page in (first, rest) for w in page["contact_way"]]
    assert sorted(listed) == sorted(made)
    got = simulator.call("externalcontact/get_contact_way", config_id=made[0])["contact_way"]
    assert (got["user"], got["remark"], got["type"]) == ([userid], "r0", 1)
    assert simulator.call("externalcontact/del_contact_way", config_id=made[0])["errcode"] == 0
    gone = simulator.call("externalcontact/get_contact_way", config_id=made[0])
    assert gone["errcode"] == 41044
    assert gone["contact_way"] == {}
