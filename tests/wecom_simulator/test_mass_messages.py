from typing import Any

import pytest

from tests.wecom_simulator.running import Simulator

ADD = "externalcontact/add_msg_template"
TASK = "externalcontact/get_groupmsg_task"
RESULT = "externalcontact/get_groupmsg_send_result"
LIST = "externalcontact/get_groupmsg_list_v2"


def order(simulator: Simulator, friends: list[str], **more: Any) -> str:
    answer = simulator.call(ADD, external_userid=friends, text={"content": "防台风"}, **more)
    assert answer["errcode"] == 0, answer
    simulator.advance(6)
    return str(answer["msgid"])


def results(simulator: Simulator, msgid: str, userid: str) -> dict[str, int]:
    answer = simulator.call(RESULT, msgid=msgid, userid=userid)
    return {one["external_userid"]: one["status"] for one in answer["send_list"]}


def test_a_young_message_is_41063_and_then_has_a_task_for_each_member(
    simulator: Simulator,
) -> None:
    one, two = simulator.member("mass_a"), simulator.member("mass_b")
    friends = [simulator.friend(one), simulator.friend(one), simulator.friend(two)]
    msgid = simulator.call(ADD, external_userid=friends, text={"content": "x"})["msgid"]
    for path, more in ((TASK, {}), (RESULT, {"userid": one})):
        assert simulator.call(path, msgid=msgid, **more)["errcode"] == 41063
    simulator.advance(5)
    tasks = simulator.call(TASK, msgid=msgid)["task_list"]
    assert tasks == [{"userid": one, "status": 0}, {"userid": two, "status": 0}]


def test_nothing_reaches_a_resident_before_the_member_sends(simulator: Simulator) -> None:
    userid = simulator.member("mass_wait")
    friend = simulator.friend(userid)
    msgid = order(simulator, [friend])
    assert results(simulator, msgid, userid) == {friend: 0}
    assert simulator.truth(f"residents/{friend}")["messages"] == []
    simulator.admin("acts/mass/confirm", userid=userid, msgid=msgid)
    assert results(simulator, msgid, userid) == {friend: 1}
    assert simulator.call(TASK, msgid=msgid)["task_list"][0]["status"] == 2
    messages = simulator.truth(f"residents/{friend}")["messages"]
    assert [one["text"] for one in messages] == ["防台风"]


def test_without_sender_the_member_who_last_chatted_is_asked(simulator: Simulator) -> None:
    one, two = simulator.member("route_a"), simulator.member("route_b")
    friend = simulator.friend(one, createtime=100)
    simulator.admin(
        "relations", relations=[{"userid": two, "external_userid": friend, "createtime": 200}]
    )
    never = order(simulator, [friend])
    assert [t["userid"] for t in simulator.call(TASK, msgid=never)["task_list"]] == [two]
    simulator.admin(
        "acts/chat", **{"userid": one, "external_userid": friend, "from": "resident", "text": "?"}
    )
    chatted = order(simulator, [friend])
    assert [t["userid"] for t in simulator.call(TASK, msgid=chatted)["task_list"]] == [one]
    forced = order(simulator, [friend], sender=two)
    assert [t["userid"] for t in simulator.call(TASK, msgid=forced)["task_list"]] == [two]


def test_a_resident_who_deleted_the_member_is_a_failure_of_kind_2(simulator: Simulator) -> None:
    userid = simulator.member("mass_gone")
    stays, leaves = simulator.friend(userid), simulator.friend(userid)
    msgid = order(simulator, [stays, leaves])
    simulator.admin("acts/resident-deletes", userid=userid, external_userid=leaves)
    done = simulator.admin("acts/mass/confirm", userid=userid)
    assert done["sent"] == 1
    assert done["not_a_friend"] == 1
    assert results(simulator, msgid, userid) == {stays: 1, leaves: 2}
    assert simulator.truth(f"residents/{leaves}")["messages"] == []


@pytest.mark.parametrize(
    ("mode", "allowed", "until_free_days"), [("day", 1, 1), ("legacy", 4, 31), ("week", 7, 7)]
)
def test_above_the_quota_a_customer_gets_no_more_until_the_window_ends(
    simulator: Simulator, mode: str, allowed: int, until_free_days: int
) -> None:
    simulator.admin("settings", quota_mode=mode)
    userid = simulator.member(f"quota_{mode}")
    friend = simulator.friend(userid)
    seen = []
    for _ in range(allowed + 1):
        msgid = order(simulator, [friend])
        simulator.admin("acts/mass/confirm", userid=userid, msgid=msgid)
        seen.append(results(simulator, msgid, userid)[friend])
    assert seen == [1] * allowed + [3]
    simulator.advance(until_free_days * 86_400)
    msgid = order(simulator, [friend])
    simulator.admin("acts/mass/confirm", userid=userid, msgid=msgid)
    assert results(simulator, msgid, userid) == {friend: 1}


def test_personal_sends_and_other_members_count_towards_the_same_quota(
    simulator: Simulator,
) -> None:
    simulator.admin("settings", quota_mode="day")
    one, two = simulator.member("both_a"), simulator.member("both_b")
    friend = simulator.friend(one)
    simulator.admin("relations", relations=[{"userid": two, "external_userid": friend}])
    personal = simulator.admin("acts/mass/personal", userid=one, text="我自己发的")
    assert personal["sent"] == 1
    msgid = order(simulator, [friend], sender=two)
    simulator.admin("acts/mass/confirm", userid=two, msgid=msgid)
    assert results(simulator, msgid, two) == {friend: 3}
    start = int(simulator.now())
    listed = simulator.call(
        LIST, chat_type="single", start_time=start - 1000, end_time=start + 10, filter_type=1
    )["group_msg_list"]
    mine = [one_ for one_ in listed if one_["msgid"] == personal["msgid"]]
    assert mine[0]["creator"] == one
    assert mine[0]["create_type"] == 1


def test_the_exhausted_may_be_put_into_the_fail_list_instead(simulator: Simulator) -> None:
    simulator.admin("settings", quota_mode="day", over_quota_in_fail_list=True)
    userid = simulator.member("quota_fail")
    full, free = simulator.friend(userid), simulator.friend(userid)
    simulator.admin("acts/mass/personal", userid=userid, text="x", external_userids=[full])
    answer = simulator.call(ADD, external_userid=[full, free], text={"content": "x"})
    assert answer["fail_list"] == [full]
    alone = simulator.call(ADD, external_userid=[full], text={"content": "x"})
    assert alone["errcode"] == 41048


def test_unknown_customers_are_in_the_fail_list_and_nobody_left_is_41048(
    simulator: Simulator,
) -> None:
    userid = simulator.member("mass_unknown")
    friend = simulator.friend(userid)
    answer = simulator.call(ADD, external_userid=[friend, "wmNobody"], text={"content": "x"})
    assert answer["errcode"] == 0
    assert answer["fail_list"] == ["wmNobody"]
    nobody = simulator.call(ADD, external_userid=["wmNobody"], text={"content": "x"})
    assert nobody["errcode"] == 41048


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({"external_userid": ["x"] * 10_001, "text": {"content": "x"}}, 40058),
        ({"external_userid": ["x"]}, 40063),
        ({"text": {"content": "x"}}, 40063),
        ({"external_userid": ["x"], "text": {"content": "长" * 1_334}}, 40058),
        ({"external_userid": ["x"], "attachments": [{"msgtype": "link"}] * 10}, 41064),
        ({"external_userid": ["x"], "attachments": [{"msgtype": "voice"}]}, 41065),
        (
            {
                "external_userid": ["x"],
                "attachments": [{"msgtype": "image", "image": {"media_id": "3gone"}}],
            },
            40007,
        ),
    ],
)
def test_a_bad_order_has_its_code(simulator: Simulator, body: dict[str, Any], errcode: int) -> None:
    assert simulator.call(ADD, **body)["errcode"] == errcode


def test_three_reminders_in_a_day_and_no_more(simulator: Simulator) -> None:
    userid = simulator.member("mass_remind")
    msgid = order(simulator, [simulator.friend(userid)])
    remind = "externalcontact/remind_groupmsg_send"
    codes = [simulator.call(remind, msgid=msgid)["errcode"] for _ in range(4)]
    assert codes == [0, 0, 0, 41094]
    simulator.advance(86_401)
    assert simulator.call(remind, msgid=msgid)["errcode"] == 0


def test_cancelling_stops_who_has_not_sent_and_leaves_what_was_sent(simulator: Simulator) -> None:
    quick, slow = simulator.member("cancel_a"), simulator.member("cancel_b")
    one, two = simulator.friend(quick), simulator.friend(slow)
    msgid = order(simulator, [one, two])
    simulator.admin("acts/mass/confirm", userid=quick, msgid=msgid)
    cancel = "externalcontact/cancel_groupmsg_send"
    assert simulator.call(cancel, msgid=msgid)["errcode"] == 0
    assert simulator.call(cancel, msgid=msgid)["errcode"] == 41093
    url = simulator.facts["admin_url"] + "acts/mass/confirm"
    late = simulator.http.post(url, json={"userid": slow, "msgid": msgid})
    assert late.status_code == 400
    assert [t["userid"] for t in simulator.call(TASK, msgid=msgid)["task_list"]] == [quick]
    assert results(simulator, msgid, quick) == {one: 1}
    assert simulator.call(RESULT, msgid=msgid, userid=slow)["errcode"] == 41093
    assert simulator.truth(f"residents/{two}")["messages"] == []


def test_a_selection_needs_allow_select_and_leaves_the_others_unsent(
    simulator: Simulator,
) -> None:
    userid = simulator.member("mass_select")
    one, two = simulator.friend(userid), simulator.friend(userid)
    fixed = order(simulator, [one, two])
    url = simulator.facts["admin_url"] + "acts/mass/confirm"
    body = {"userid": userid, "msgid": fixed, "external_userids": [one]}
    assert simulator.http.post(url, json=body).status_code == 400
    free = order(simulator, [one, two], allow_select=True)
    simulator.admin("acts/mass/confirm", userid=userid, msgid=free, external_userids=[one])
    assert results(simulator, free, userid) == {one: 1, two: 0}


def test_tags_select_or_within_a_list_and_and_between_lists(simulator: Simulator) -> None:
    userid = simulator.member("mass_tags")
    made = simulator.call(
        "externalcontact/add_corp_tag", group_name="地域", tag=[{"name": n} for n in "东西老"]
    )["tag_group"]["tag"]
    east, west, old = (tag["id"] for tag in made)
    friends = {
        tags: simulator.friend(userid, tags=list(tags))
        for tags in ((east,), (west, old), (east, old), (old,))
    }
    answer = simulator.call(
        ADD,
        text={"content": "x"},
        tag_filter={"group_list": [{"tag_list": [east, west]}, {"tag_list": [old]}]},
    )
    simulator.advance(6)
    assert set(results(simulator, answer["msgid"], userid)) == {
        friends[(west, old)],
        friends[(east, old)],
    }


def test_pages_above_the_top_fall_back_to_the_default(simulator: Simulator) -> None:
    userid = simulator.member("mass_pages")
    friends = [simulator.friend(userid) for _ in range(3)]
    msgid = order(simulator, friends)
    first = simulator.call(RESULT, msgid=msgid, userid=userid, limit=2)
    assert len(first["send_list"]) == 2
    last = simulator.call(RESULT, msgid=msgid, userid=userid, limit=2, cursor=first["next_cursor"])
    assert len(last["send_list"]) == 1
    assert last["next_cursor"] == ""
    start = int(simulator.now())
    for _ in range(60):
        simulator.call(ADD, external_userid=friends, text={"content": "x"})
    span = {"chat_type": "single", "start_time": start, "end_time": start + 10}
    assert len(simulator.call(LIST, **span, limit=100)["group_msg_list"]) == 60
    assert len(simulator.call(LIST, **span, limit=101)["group_msg_list"]) == 50


def test_a_lagging_list_shows_a_message_later(simulator: Simulator) -> None:
    simulator.admin("settings", list_lag_seconds=90.0)
    friend = simulator.friend(simulator.member("mass_lag"))
    start = int(simulator.now())
    msgid = simulator.call(ADD, external_userid=[friend], text={"content": "x"})["msgid"]
    span = {"chat_type": "single", "start_time": start, "end_time": start + 1000}

    def listed() -> list[str]:
        return [one["msgid"] for one in simulator.call(LIST, **span)["group_msg_list"]]

    simulator.advance(89)
    assert msgid not in listed()
    simulator.advance(2)
    assert msgid in listed()
