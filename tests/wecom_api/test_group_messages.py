import pytest

from wecom_api.attachments import File, Image, Link, MiniProgram, Video
from wecom_api.errors import (
    AlreadyWelcomed,
    AnotherAppIsWelcoming,
    Cancelled,
    InvalidRequest,
    NobodyToSendTo,
    RemindedTooOften,
    StillDispatching,
    Throttled,
    Unanswered,
    Unavailable,
    WelcomeTooLate,
)
from wecom_api.group_messages import AddedMessage, GroupMessage, MemberTask, SendResult

ADD = "externalcontact/add_msg_template"
LIST = "externalcontact/get_groupmsg_list_v2"
TASK = "externalcontact/get_groupmsg_task"
RESULT = "externalcontact/get_groupmsg_send_result"
WELCOME = "externalcontact/send_welcome_msg"
DAY = 86400


def test_a_message_is_asked_for_in_wecoms_words(script, wecom):
    script.answer(ADD, {"errcode": 0, "msgid": "msg1", "fail_list": ["wm2"]})
    added = wecom.group_messages.add_msg_template(
        sender="li",
        external_userids=["wm1", "wm2"],
        text="台风预警〔隆警7K2Q〕",
        attachments=[
            Image(media_id="m1"),
            Image(pic_url="https://wecom.example/p.png"),
            Link("公告", "https://weijing.example/n/1", desc="详情"),
            MiniProgram("办事", "m2", "wx1", "/index"),
            Video("m3"),
            File("m4"),
        ],
        allow_select=True,
    )
    assert added == AddedMessage("msg1", ("wm2",))
    assert script.asked(ADD)[0].json == {
        "chat_type": "single",
        "sender": "li",
        "external_userid": ["wm1", "wm2"],
        "allow_select": True,
        "text": {"content": "台风预警〔隆警7K2Q〕"},
        "attachments": [
            {"msgtype": "image", "image": {"media_id": "m1"}},
            {"msgtype": "image", "image": {"pic_url": "https://wecom.example/p.png"}},
            {
                "msgtype": "link",
                "link": {"title": "公告", "url": "https://weijing.example/n/1", "desc": "详情"},
            },
            {
                "msgtype": "miniprogram",
                "miniprogram": {
                    "title": "办事",
                    "pic_media_id": "m2",
                    "appid": "wx1",
                    "page": "/index",
                },
            },
            {"msgtype": "video", "video": {"media_id": "m3"}},
            {"msgtype": "file", "file": {"media_id": "m4"}},
        ],
    }


def test_tags_are_any_within_a_list_and_all_lists(script, wecom):
    script.answer(ADD, {"msgid": "msg1"})
    wecom.group_messages.add_msg_template(text="x", tag_filter=[["et1", "et2"], ["et3"]])
    assert script.asked(ADD)[0].json["tag_filter"] == {
        "group_list": [{"tag_list": ["et1", "et2"]}, {"tag_list": ["et3"]}]
    }


def test_customer_groups_are_reached_through_their_owner(script, wecom):
    script.answer(ADD, {"msgid": "msg1"})
    wecom.group_messages.add_msg_template(
        chat_type="group", sender="li", chat_ids=["wr1"], text="x"
    )
    assert script.asked(ADD)[0].json == {
        "chat_type": "group",
        "sender": "li",
        "chat_id_list": ["wr1"],
        "text": {"content": "x"},
    }


def test_four_thousand_bytes_are_taken_and_one_more_is_not(script, wecom):
    script.answer(ADD, {"msgid": "msg1"})
    longest = "警" * 1333 + "x"
    assert len(longest.encode()) == 4000
    wecom.group_messages.add_msg_template(sender="li", text=longest)
    with pytest.raises(InvalidRequest):
        wecom.group_messages.add_msg_template(sender="li", text=longest + "x")
    assert len(script.asked(ADD)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": "li"},
        {"text": "x"},
        {"sender": "li", "text": "x", "external_userids": ["wm"] * 10_001},
        {"sender": "li", "text": "x", "attachments": [File("m")] * 10},
        {"text": "x", "tag_filter": [["et"] * 101]},
        {"text": "x", "tag_filter": [[]]},
        {"text": "x", "tag_filter": [["et1"]], "external_userids": ["wm1"]},
        {"sender": "li", "text": "x", "chat_ids": ["wr1"]},
        {"sender": "li", "text": "x", "chat_type": "both"},
        {"chat_type": "group", "text": "x", "chat_ids": ["wr1"]},
        {"chat_type": "group", "sender": "li", "text": "x", "chat_ids": ["wr1"] * 2001},
        {"chat_type": "group", "sender": "li", "text": "x", "external_userids": ["wm1"]},
    ],
)
def test_a_message_that_wecom_would_refuse_is_refused_before_any_call(script, wecom, wrong):
    with pytest.raises(InvalidRequest):
        wecom.group_messages.add_msg_template(**wrong)
    assert script.requests == []


@pytest.mark.parametrize(
    "make",
    [
        lambda: Image(),
        lambda: Link("", "https://a.example"),
        lambda: Link("t", ""),
        lambda: Link("警" * 43, "https://a.example"),
        lambda: Link("t", "https://a.example/" + "x" * 2048),
        lambda: Link("t", "https://a.example", desc="警" * 171),
        lambda: Link("t", "https://a.example", picurl="x" * 2049),
        lambda: MiniProgram("警" * 22, "m", "wx", "p"),
        lambda: MiniProgram("t", "", "wx", "p"),
        lambda: Video(""),
        lambda: File(""),
    ],
)
def test_an_attachment_beyond_its_limits_cannot_be_made(make):
    with pytest.raises(InvalidRequest):
        make()


@pytest.mark.parametrize(
    ("errcode", "error"), [(41048, NobodyToSendTo), (45009, Throttled), (-1, Unanswered)]
)
def test_a_refusal_says_what_to_do_next(script, wecom, errcode, error):
    script.answer(ADD, {"errcode": errcode})
    with pytest.raises(error):
        wecom.group_messages.add_msg_template(sender="li", text="x")
    assert len(script.asked(ADD)) == 1


def listed(msgid, **more):
    return {"msgid": msgid, "create_time": "1764000000", "create_type": 0, **more}


def test_all_pages_of_the_list_are_read(script, wecom):
    script.answer(
        LIST,
        {"group_msg_list": [listed("m1", text={"content": "〔A〕"})], "next_cursor": "n"},
        {"group_msg_list": [listed("m2", creator="li", create_type=1)], "next_cursor": ""},
    )
    found = wecom.group_messages.list_v2(start_time=1764000000, end_time=1764003600, filter_type=0)
    assert found == (
        GroupMessage("m1", 1764000000, text="〔A〕"),
        GroupMessage("m2", 1764000000, create_type=1, creator="li"),
    )
    first, second = (request.json for request in script.asked(LIST))
    assert first == {
        "chat_type": "single",
        "start_time": 1764000000,
        "end_time": 1764003600,
        "filter_type": 0,
        "limit": 100,
    }
    assert second == {**first, "cursor": "n"}


def test_half_a_list_is_an_error_and_not_a_look(script, wecom):
    script.answer(LIST, {"group_msg_list": [listed("m1")], "next_cursor": "n"}, {"errcode": 45033})
    with pytest.raises(Unavailable):
        wecom.group_messages.list_v2(start_time=0, end_time=DAY)


@pytest.mark.parametrize("period", [(DAY, 0), (0, 32 * DAY)])
def test_a_period_that_wecom_would_refuse_is_refused_before_any_call(script, wecom, period):
    with pytest.raises(InvalidRequest):
        wecom.group_messages.list_v2(start_time=period[0], end_time=period[1])
    assert script.requests == []


def test_a_message_still_being_dispatched_is_not_an_empty_one(script, wecom):
    script.answer(TASK, {"errcode": 41063, "task_list": []})
    with pytest.raises(StillDispatching):
        wecom.group_messages.task("m1")


def test_tasks_tell_who_has_sent(script, wecom):
    script.answer(
        TASK,
        {
            "task_list": [
                {"userid": "li", "status": 2, "send_time": 1764000100},
                {"userid": "wang", "status": 0},
            ]
        },
    )
    assert wecom.group_messages.task("m1") == (
        MemberTask("li", 2, 1764000100),
        MemberTask("wang", 0),
    )


def test_results_tell_what_became_of_each_recipient(script, wecom):
    script.answer(
        RESULT,
        {
            "send_list": [{"external_userid": "wm1", "userid": "li", "status": 1, "send_time": 9}],
            "next_cursor": "n",
        },
        {"send_list": [{"external_userid": "wm2", "userid": "li", "status": "3"}]},
    )
    assert wecom.group_messages.send_result("m1", "li") == (
        SendResult("li", 1, "wm1", send_time=9),
        SendResult("li", 3, "wm2"),
    )
    assert script.asked(RESULT)[0].json == {"msgid": "m1", "userid": "li", "limit": 1000}


def test_a_cancelled_message_says_so(script, wecom):
    script.answer(RESULT, {"errcode": 41093})
    with pytest.raises(Cancelled):
        wecom.group_messages.send_result("m1", "li")


def test_a_fourth_reminder_is_refused(script, wecom):
    script.answer("externalcontact/remind_groupmsg_send", {"errcode": 41094})
    with pytest.raises(RemindedTooOften):
        wecom.group_messages.remind("m1")


def test_a_reminder_is_never_repeated_by_itself_but_a_cancellation_is(script, wecom):
    remind, cancel = (
        "externalcontact/remind_groupmsg_send",
        "externalcontact/cancel_groupmsg_send",
    )
    script.answer(remind, {"errcode": -1})
    script.answer(cancel, {"errcode": -1})
    with pytest.raises(Unanswered):
        wecom.group_messages.remind("m1")
    wecom.group_messages.cancel("m1")
    assert len(script.asked(remind)) == 1
    assert len(script.asked(cancel)) == 2


def test_a_welcome_carries_its_code(script, wecom):
    wecom.welcome.send_welcome_msg("code-1", text="您好", attachments=[File("m1")])
    assert script.asked(WELCOME)[0].json == {
        "welcome_code": "code-1",
        "text": {"content": "您好"},
        "attachments": [{"msgtype": "file", "file": {"media_id": "m1"}}],
    }


@pytest.mark.parametrize(
    ("errcode", "error"),
    [(41050, WelcomeTooLate), (41051, AlreadyWelcomed), (41096, AnotherAppIsWelcoming)],
)
def test_a_welcome_that_came_too_late_or_second_says_which(script, wecom, errcode, error):
    script.answer(WELCOME, {"errcode": errcode})
    with pytest.raises(error):
        wecom.welcome.send_welcome_msg("code-1", text="您好")


def test_a_welcome_is_sent_at_most_once(script, wecom):
    script.answer(WELCOME, {"errcode": -1})
    with pytest.raises(Unanswered):
        wecom.welcome.send_welcome_msg("code-1", text="您好")
    assert len(script.asked(WELCOME)) == 1
