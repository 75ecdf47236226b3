import pytest

from tests.contract.conftest import times_called
from tests.wecom_simulator.running import Simulator
from wecom_api import InvalidRequest, Unanswered, WeCom
from wecom_api.attachments import File, Image, Link, MiniProgram, Video
from wecom_api.errors import (
    Cancelled,
    NobodyToSendTo,
    RemindedTooOften,
    StillDispatching,
    UnknownMember,
    UnknownMessage,
)
from wecom_api.group_messages import (
    BY_CORP,
    BY_MEMBER,
    NOT_A_FRIEND,
    NOT_SENT,
    OVER_QUOTA,
    SENT,
    TASK_NOT_SENT,
    TASK_SENT,
    MemberTask,
)
from wecom_api.tags import NewTag

DISPATCHED_SECONDS = 6


def test_a_message_reaches_a_resident_only_after_the_tap(
    simulator: Simulator, wecom: WeCom
) -> None:
    userid = simulator.member("gm_tap")
    friend = simulator.friend(userid)
    added = wecom.group_messages.add_msg_template(
        sender=userid, external_userids=[friend, "wmNobody"], text="台风将至"
    )
    assert added.fail_list == ("wmNobody",)
    for early in (
        lambda: wecom.group_messages.task(added.msgid),
        lambda: wecom.group_messages.send_result(added.msgid, userid),
    ):
        with pytest.raises(StillDispatching):
            early()
    simulator.advance(DISPATCHED_SECONDS)
    assert wecom.group_messages.task(added.msgid) == (MemberTask(userid, TASK_NOT_SENT, None),)
    (waiting,) = wecom.group_messages.send_result(added.msgid, userid)
    assert (waiting.status, waiting.send_time, waiting.chat_id) == (NOT_SENT, None, "")
    assert simulator.truth(f"residents/{friend}")["messages"] == []
    simulator.admin("acts/mass/confirm", userid=userid, msgid=added.msgid)
    now = int(simulator.now())
    assert wecom.group_messages.task(added.msgid) == (MemberTask(userid, TASK_SENT, now),)
    (sent,) = wecom.group_messages.send_result(added.msgid, userid)
    assert (sent.external_userid, sent.userid, sent.status) == (friend, userid, SENT)
    assert sent.send_time == now
    (message,) = simulator.truth(f"residents/{friend}")["messages"]
    assert (message["text"], message["userid"], int(message["at"])) == ("台风将至", userid, now)


def test_everything_that_may_hang_on_a_message_is_taken_and_listed(
    simulator: Simulator, wecom: WeCom
) -> None:
    userid = simulator.member("gm_attached")
    friend = simulator.friend(userid)
    media_id = wecom.media.upload("image", filename="a.png", content=b"0" * 10).media_id
    attachments = [
        Image(media_id),
        Image(pic_url="https://wework.qpic.cn/x"),
        Link("防诈", "https://example.invalid/a", "https://example.invalid/p", "看一看"),
        MiniProgram("办事", media_id, "wx0", "/index"),
        Video(media_id),
        File(media_id),
    ]
    msgid = wecom.group_messages.add_msg_template(
        external_userids=[friend], attachments=attachments
    ).msgid
    now = int(simulator.now())
    listed = {m.msgid: m for m in wecom.group_messages.list_v2(start_time=now, end_time=now)}
    message = listed[msgid]
    assert (message.create_time, message.create_type, message.creator) == (now, BY_CORP, "")
    assert message.text == ""
    assert [dict(one) for one in message.attachments] == [a.as_json() for a in attachments]


def test_residents_of_a_tag_get_it_from_whoever_last_chatted_with_them(
    simulator: Simulator, wecom: WeCom
) -> None:
    one, two = simulator.member("gm_route_a"), simulator.member("gm_route_b")
    red, blue = wecom.tags.add_corp_tag([NewTag("红"), NewTag("蓝")], group_name="路由").tag
    both, single = simulator.friend(one), simulator.friend(one)
    simulator.admin("relations", relations=[{"userid": two, "external_userid": both}])
    for userid in (one, two):
        wecom.tags.mark_tag(userid, both, add_tag=[red.id, blue.id])
    wecom.tags.mark_tag(one, single, add_tag=[red.id])
    chat = {"userid": two, "external_userid": both, "from": "resident", "text": "?"}
    simulator.admin("acts/chat", **chat)
    add = wecom.group_messages.add_msg_template
    everyone_red = add(text="x", tag_filter=[[red.id]]).msgid
    red_and_blue = add(text="y", tag_filter=[[red.id], [blue.id]]).msgid
    red_or_blue_of_one = add(text="z", tag_filter=[[red.id, blue.id]], sender=one).msgid
    simulator.advance(DISPATCHED_SECONDS)
    asked = {
        msgid: {
            (task.userid, row.external_userid)
            for task in wecom.group_messages.task(msgid)
            for row in wecom.group_messages.send_result(msgid, task.userid)
        }
        for msgid in (everyone_red, red_and_blue, red_or_blue_of_one)
    }
    assert asked[everyone_red] == {(two, both), (one, single)}
    assert asked[red_and_blue] == {(two, both)}
    assert asked[red_or_blue_of_one] == {(one, both), (one, single)}


def test_a_lost_answer_is_unanswered_and_the_list_tells_that_it_happened(
    simulator: Simulator, wecom: WeCom
) -> None:
    userid = simulator.member("gm_lost")
    friend = simulator.friend(userid)
    start = int(simulator.now())
    simulator.admin(
        "faults", api="externalcontact/add_msg_template", kind="arrived_no_reply", times=1
    )
    with pytest.raises(Unanswered):
        wecom.group_messages.add_msg_template(external_userids=[friend], text="丢失的回答 #A1")
    listed = wecom.group_messages.list_v2(start_time=start, end_time=start + 60)
    assert [one.text for one in listed if one.text.endswith("#A1")] == ["丢失的回答 #A1"]
    made = simulator.truth("mass")["messages"]
    assert len([one for one in made if one["text"].endswith("#A1")]) == 1


def test_the_list_has_every_page_and_filters(simulator: Simulator, wecom: WeCom) -> None:
    userid = simulator.member("gm_list")
    friend = simulator.friend(userid)
    simulator.advance(5)
    start = int(simulator.now())
    made = [
        wecom.group_messages.add_msg_template(external_userids=[friend], text=str(n)).msgid
        for n in range(205)
    ]
    own = simulator.admin("acts/mass/personal", userid=userid, text="自己发的")["msgid"]
    simulator.admin("calls", "DELETE")
    listed = wecom.group_messages.list_v2(start_time=start, end_time=start)
    assert times_called(simulator, "externalcontact/get_groupmsg_list_v2") == {"0": 3}
    assert len(listed) == 206
    assert {one.msgid for one in listed} == {*made, own}
    (personal,) = wecom.group_messages.list_v2(
        start_time=start, end_time=start, filter_type=BY_MEMBER, creator=userid
    )
    assert (personal.msgid, personal.creator, personal.create_type) == (own, userid, BY_MEMBER)
    assert wecom.group_messages.list_v2(start_time=start, end_time=start, chat_type="group") == ()
    simulator.admin("settings", list_lag_seconds=60.0)
    assert wecom.group_messages.list_v2(start_time=start, end_time=start) == ()


def test_more_than_a_thousand_recipients_and_tasks_are_read_to_the_end(
    simulator: Simulator, wecom: WeCom
) -> None:
    userid = simulator.member("gm_big")
    simulator.admin("generate", relations=2300, members=[userid])
    simulator.admin("settings", quota_mode="day")
    friends = wecom.customers.list(userid)
    gone, full = friends[:3], friends[3:10]
    simulator.admin("acts/mass/personal", userid=userid, text="x", external_userids=[*full])
    msgid = wecom.group_messages.add_msg_template(external_userids=friends, text="全员").msgid
    simulator.advance(DISPATCHED_SECONDS)
    for one in gone:
        simulator.admin("acts/resident-deletes", userid=userid, external_userid=one)
    simulator.admin("acts/mass/confirm", userid=userid, msgid=msgid)
    simulator.admin("calls", "DELETE")
    results = wecom.group_messages.send_result(msgid, userid)
    assert times_called(simulator, "externalcontact/get_groupmsg_send_result") == {"0": 3}
    assert len(results) == len(friends) == 2300
    by_person = {row.external_userid: row for row in results}
    assert by_person.keys() == set(friends)
    assert {by_person[one].status for one in gone} == {NOT_A_FRIEND}
    assert {by_person[one].status for one in full} == {OVER_QUOTA}
    assert {by_person[one].status for one in friends[10:]} == {SENT}
    assert by_person[full[0]].send_time is None
    truth = simulator.truth(f"mass/{msgid}")["results"]
    assert truth == {"not_sent": 0, "sent": 2290, "not_a_friend": 3, "over_quota": 7}


def test_a_message_of_more_than_a_thousand_members_has_all_their_tasks(
    simulator: Simulator, wecom: WeCom
) -> None:
    userids = [f"gm_t{n:04}" for n in range(1105)]
    simulator.admin("members", members=[{"userid": u, "name": u} for u in userids])
    simulator.admin("generate", relations=len(userids), members=userids)
    everyone: list[str] = []
    for start in range(0, len(userids), 100):
        for page in wecom.customers.batch_get_by_user(userids[start : start + 100]):
            everyone += [r.external_contact.external_userid for r in page.external_contact_list]
    msgid = wecom.group_messages.add_msg_template(external_userids=everyone, text="x").msgid
    simulator.advance(DISPATCHED_SECONDS)
    tasks = wecom.group_messages.task(msgid)
    assert sorted(task.userid for task in tasks) == userids
    simulator.admin("members", members=[{"userid": u, "customer_contact": 0} for u in userids])


def test_members_are_reminded_three_times_a_day_and_no_more(
    simulator: Simulator, wecom: WeCom
) -> None:
    friend = simulator.friend(simulator.member("gm_remind"))
    msgid = wecom.group_messages.add_msg_template(external_userids=[friend], text="x").msgid
    simulator.advance(DISPATCHED_SECONDS)
    for _ in range(3):
        wecom.group_messages.remind(msgid)
    with pytest.raises(RemindedTooOften):
        wecom.group_messages.remind(msgid)
    assert simulator.truth(f"mass/{msgid}")["reminders"] == 3
    simulator.advance(86_401)
    wecom.group_messages.remind(msgid)


def test_a_cancelled_message_stops_who_has_not_sent_and_keeps_what_was_sent(
    simulator: Simulator, wecom: WeCom
) -> None:
    quick, slow = simulator.member("gm_quick"), simulator.member("gm_slow")
    friends = [simulator.friend(quick), simulator.friend(slow)]
    msgid = wecom.group_messages.add_msg_template(external_userids=friends, text="x").msgid
    simulator.advance(DISPATCHED_SECONDS)
    simulator.admin("acts/mass/confirm", userid=quick, msgid=msgid)
    wecom.group_messages.cancel(msgid)
    assert simulator.admin("acts/mass/open", userid=slow)["pending"] == []
    assert [task.userid for task in wecom.group_messages.task(msgid)] == [quick]
    assert wecom.group_messages.send_result(msgid, quick)[0].status == SENT
    for refused in (
        lambda: wecom.group_messages.send_result(msgid, slow),
        lambda: wecom.group_messages.remind(msgid),
        lambda: wecom.group_messages.cancel(msgid),
    ):
        with pytest.raises(Cancelled):
            refused()


def test_nobody_and_nothing_are_refused_by_name(simulator: Simulator, wecom: WeCom) -> None:
    friend = simulator.friend(simulator.member("gm_none"))
    messages = wecom.group_messages
    with pytest.raises(NobodyToSendTo):
        messages.add_msg_template(external_userids=["wmNobody"], text="x")
    with pytest.raises(UnknownMember):
        messages.add_msg_template(sender="nobody", text="x")
    for call in (messages.task, messages.remind, messages.cancel):
        with pytest.raises(UnknownMessage):
            call("msgNone")
    with pytest.raises(UnknownMessage):
        messages.send_result("msgNone", "gm_none")
    with pytest.raises(InvalidRequest):
        messages.add_msg_template(external_userids=[friend] * 10_001, text="x")
    with pytest.raises(InvalidRequest):
        messages.add_msg_template(external_userids=[friend], text="长" * 1334)
    add = "externalcontact/add_msg_template"
    many = simulator.call(add, external_userid=[friend] * 10_001, text={"content": "x"})
    assert many["errcode"] == 40058
    assert simulator.call("externalcontact/get_groupmsg_task")["errcode"] == 41046
    fits = messages.add_msg_template(
        external_userids=[friend] + [f"wm{n}" for n in range(9_999)], text="长" * 1333
    )
    assert len(fits.fail_list) == 9_999


def test_a_member_may_leave_residents_out_only_when_allowed(
    simulator: Simulator, wecom: WeCom
) -> None:
    userid = simulator.member("gm_select")
    kept, out = simulator.friend(userid), simulator.friend(userid)
    msgid = wecom.group_messages.add_msg_template(sender=userid, text="x", allow_select=True).msgid
    simulator.advance(DISPATCHED_SECONDS)
    simulator.admin("acts/mass/confirm", userid=userid, msgid=msgid, external_userids=[kept])
    results = wecom.group_messages.send_result(msgid, userid)
    assert {row.external_userid: row.status for row in results} == {kept: SENT, out: NOT_SENT}
