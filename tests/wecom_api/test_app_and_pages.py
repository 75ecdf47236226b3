from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from wecom_api import Transport, WeCom
from wecom_api.app_messages import Recipients, SentMessage
from wecom_api.behaviour import BehaviourDay
from wecom_api.editions import CAPABILITIES, PATHS, Capability, Edition
from wecom_api.errors import (
    AllRecipientsInvalid,
    CardRefused,
    InvalidRequest,
    SignInExpired,
    Unanswered,
    Unsupported,
)
from wecom_api.js_sdk import sign
from wecom_api.media import UploadedMedia
from wecom_api.sign_in import MemberDetail, Visitor

LI = Recipients(("li",))
CARD = {
    "card_type": "button_interaction",
    "task_id": "ticket-1",
    "main_title": {"title": "待办"},
    "button_list": [{"text": "接单", "key": "take"}],
}


# --- messages from the app --------------------------------------------------------------------


def test_a_text_goes_out_with_the_duplicate_check_on(script, wecom):
    script.answer("message/send", {"errcode": 0, "msgid": "m", "invaliduser": "wang|zhao"})
    sent = wecom.app_messages.text(Recipients(("li", "Wang", "Zhao"), toparty=(7, 8)), "到岗")
    assert sent == SentMessage("m", invaliduser=("wang", "zhao"))
    assert script.asked("message/send")[0].json == {
        "touser": "li|Wang|Zhao",
        "toparty": "7|8",
        "msgtype": "text",
        "agentid": 1000002,
        "text": {"content": "到岗"},
        "enable_duplicate_check": 1,
        "duplicate_check_interval": 1800,
    }


def test_a_message_with_duplicate_check_may_be_repeated_with_the_same_body(script, wecom):
    script.answer("message/send", {"errcode": -1}, {"errcode": 0, "msgid": "m"})
    wecom.app_messages.text(LI, "到岗")
    first, second = script.asked("message/send")
    assert first.content == second.content


def test_a_message_without_duplicate_check_is_sent_once(script, wecom):
    script.answer("message/send", {"errcode": -1})
    with pytest.raises(Unanswered):
        wecom.app_messages.text(LI, "到岗", duplicate_check_seconds=0)
    assert len(script.asked("message/send")) == 1
    assert "enable_duplicate_check" not in script.asked("message/send")[0].json


def test_a_text_card_and_a_template_card_go_out(script, wecom):
    script.answer("message/send", {"msgid": "a"}, {"msgid": "b", "response_code": "r1"})
    wecom.app_messages.textcard(
        LI, title="待确认群发", description="3 条", url="https://weijing.example/o/"
    )
    sent = wecom.app_messages.template_card(LI, CARD)
    assert sent.response_code == "r1"
    textcard, card = (request.json for request in script.asked("message/send"))
    assert textcard["textcard"]["title"] == "待确认群发"
    assert (card["msgtype"], card["template_card"]) == ("template_card", CARD)


def test_a_card_is_updated_once_with_its_code(script, wecom):
    script.answer("message/update_template_card", {"invaliduser": ["wang"]}, {"errcode": 42014})
    update = wecom.app_messages.update_template_card
    assert update(LI, "r1", replace_name="已接单") == ("wang",)
    assert script.asked("message/update_template_card")[0].json == {
        "userids": ["li"],
        "agentid": 1000002,
        "response_code": "r1",
        "button": {"replace_name": "已接单"},
    }
    with pytest.raises(CardRefused):
        update(Recipients(("@all",)), "r1", card=CARD)
    assert script.asked("message/update_template_card")[1].json["atall"] == 1


def test_a_message_to_nobody_valid_is_refused(script, wecom):
    script.answer("message/send", {"errcode": 81013})
    with pytest.raises(AllRecipientsInvalid):
        wecom.app_messages.text(LI, "x")


def test_app_messages_that_wecom_would_refuse_or_cut_are_refused_before_any_call(script, wecom):
    app = wecom.app_messages
    card = {"title": "t", "description": "d", "url": "https://a.example"}
    for wrong in (
        lambda: app.text(Recipients(), "x"),
        lambda: app.text(Recipients(("x",) * 1001), "x"),
        lambda: app.text(Recipients(toparty=(1,) * 101), "x"),
        lambda: app.text(Recipients(totag=(1,) * 101), "x"),
        lambda: app.text(LI, ""),
        lambda: app.text(LI, "警" * 683),
        lambda: app.text(LI, "x", duplicate_check_seconds=4 * 3600 + 1),
        lambda: app.textcard(LI, **{**card, "url": "a.example"}),
        lambda: app.textcard(LI, **{**card, "title": "x" * 129}),
        lambda: app.textcard(LI, **{**card, "description": "x" * 513}),
        lambda: app.textcard(LI, **card, btntxt="查看详情啊"),
        lambda: app.template_card(LI, {"card_type": "x"}),
        lambda: app.template_card(LI, {**CARD, "task_id": ""}),
        lambda: app.template_card(LI, {**CARD, "task_id": "x" * 129}),
        lambda: app.template_card(LI, {**CARD, "button_list": [{}] * 7}),
        lambda: app.template_card(LI, {"card_type": "text_notice", "action_menu": {}}),
        lambda: app.update_template_card(LI, "", replace_name="x"),
        lambda: app.update_template_card(LI, "r1"),
        lambda: app.update_template_card(LI, "r1", replace_name="x", card=CARD),
    ):
        with pytest.raises(InvalidRequest):
            wrong()
    assert script.requests == []


# --- media ------------------------------------------------------------------------------------


def test_a_file_is_uploaded_as_wecom_wants_it(script, wecom):
    script.answer("media/upload", {"type": "image", "media_id": "m1", "created_at": "1764000000"})
    uploaded = wecom.media.upload(
        "image", filename='防诈"海报\r\n.png', content=b"\x89PNG--", content_type="image/png"
    )
    assert uploaded == UploadedMedia("m1", "image", 1764000000)
    request = script.asked("media/upload")[0]
    assert request.query["type"] == "image"
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    head, _, rest = request.content.partition(b"\r\n\r\n")
    assert 'name="media"; filename="防诈\'海报.png"; filelength=6' in head.decode()
    assert rest.startswith(b"\x89PNG--\r\n--")


def test_a_permanent_picture_is_an_address(script, wecom):
    script.answer("media/uploadimg", {"url": "https://wecom.example/p.png"})
    assert wecom.media.uploadimg(filename="a.png", content=b"12345") == (
        "https://wecom.example/p.png"
    )


@pytest.mark.parametrize(
    ("type", "size"), [("image", 5), ("image", 10 * 2**20 + 1), ("voice", 2**21 + 1), ("gif", 10)]
)
def test_a_file_of_the_wrong_size_or_type_never_leaves(script, wecom, type, size):
    with pytest.raises(InvalidRequest):
        wecom.media.upload(type, filename="a", content=b"x" * size)
    assert script.requests == []


# --- behaviour --------------------------------------------------------------------------------


def test_behaviour_is_one_series_of_days(script, wecom):
    api = "externalcontact/get_user_behavior_data"
    script.answer(
        api,
        {
            "behavior_data": [
                {
                    "stat_time": 1763913600,
                    "chat_cnt": 2,
                    "message_cnt": 9,
                    "reply_percentage": 60.25,
                    "avg_reply_time": 1,
                },
                {"stat_time": 1764000000, "chat_cnt": 0},
            ]
        },
    )
    days = wecom.behaviour.get_user_behavior_data(
        userid=["li"], start_time=1763913600, end_time=1764000000
    )
    assert days == (
        BehaviourDay(
            1763913600, chat_cnt=2, message_cnt=9, reply_percentage=60.25, avg_reply_time=1
        ),
        BehaviourDay(1764000000),
    )
    assert days[1].reply_percentage is None
    assert script.asked(api)[0].json == {
        "userid": ["li"],
        "start_time": 1763913600,
        "end_time": 1764000000,
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"start_time": 0, "end_time": 1},
        {"userid": ["x"] * 101, "start_time": 0, "end_time": 1},
        {"userid": ["x"], "start_time": 0, "end_time": 31 * 86400},
        {"userid": ["x"], "start_time": 1, "end_time": 0},
    ],
)
def test_behaviour_that_wecom_would_refuse_is_refused_before_any_call(script, wecom, wrong):
    with pytest.raises(InvalidRequest):
        wecom.behaviour.get_user_behavior_data(**wrong)
    assert script.requests == []


# --- signing in -------------------------------------------------------------------------------


def test_a_page_inside_wecom_sends_its_visitor_to_authorize(wecom):
    url = urlsplit(wecom.sign_in.authorize_url("https://weijing.example/in?a=1&b=2", state="s1"))
    assert f"{url.scheme}://{url.netloc}{url.path}" == (
        "https://open.weixin.qq.com/connect/oauth2/authorize"
    )
    assert url.fragment == "wechat_redirect"
    assert parse_qs(url.query) == {
        "appid": ["ww0000000000000001"],
        "redirect_uri": ["https://weijing.example/in?a=1&b=2"],
        "response_type": ["code"],
        "scope": ["snsapi_base"],
        "state": ["s1"],
        "agentid": ["1000002"],
    }


def test_the_hosts_of_both_pages_can_be_set(make_wecom):
    wecom = make_wecom(authorize_url="https://a.example/auth", qr_url="https://q.example/qr")
    assert wecom.sign_in.authorize_url("https://x", state="s").startswith("https://a.example/auth?")
    assert wecom.sign_in.qr_url("https://x", state="s").startswith(
        "https://q.example/qr?login_type=CorpApp&appid=ww0000000000000001&agentid=1000002&"
    )


@pytest.mark.parametrize("state", ["a b", "x" * 129, "状态", "a&b", "a\n"])
def test_a_state_that_wecom_would_not_carry_is_refused(wecom, state):
    with pytest.raises(InvalidRequest):
        wecom.sign_in.authorize_url("https://x", state=state)
    with pytest.raises(InvalidRequest):
        wecom.sign_in.qr_url("https://x", state=state)


@pytest.mark.parametrize(
    ("answer", "visitor"),
    [
        ({"userid": "li", "user_ticket": "t"}, Visitor("li", "t")),
        ({"UserId": "li", "DeviceId": "d"}, Visitor("li")),
        ({"openid": "o", "external_userid": "wm1"}, Visitor(openid="o", external_userid="wm1")),
        ({"OpenId": "o"}, Visitor(openid="o")),
    ],
)
def test_a_visitor_is_a_member_or_somebody_else(script, wecom, answer, visitor):
    script.answer("auth/getuserinfo", answer)
    assert wecom.sign_in.getuserinfo("code") == visitor


@pytest.mark.parametrize("errcode", [40029, 42003, 42022])
def test_a_used_or_old_code_sends_the_person_to_sign_in_again(script, wecom, errcode):
    script.answer("auth/getuserinfo", {"errcode": errcode})
    with pytest.raises(SignInExpired):
        wecom.sign_in.getuserinfo("code")


def test_a_code_is_exchanged_once_since_it_works_once(script, wecom):
    script.answer("auth/getuserinfo", httpx.ReadTimeout("slow"))
    with pytest.raises(Unanswered):
        wecom.sign_in.getuserinfo("code")
    assert len(script.asked("auth/getuserinfo")) == 1


def test_an_answer_that_names_nobody_signs_nobody_in(script, wecom):
    script.answer("auth/getuserinfo", {"errcode": 0, "errmsg": "ok"})
    with pytest.raises(Unanswered):
        wecom.sign_in.getuserinfo("code")


def test_details_are_as_far_as_the_member_agreed(script, wecom):
    script.answer("auth/getuserdetail", {"userid": "li", "mobile": "13900000000", "gender": "0"})
    assert wecom.sign_in.getuserdetail("t") == MemberDetail("li", mobile="13900000000")


# --- pages with the JS-SDK ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ticket", "url", "noncestr", "timestamp", "expected"),
    [
        # Both computed with the sha1sum command.
        (
            "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg",
            "http://mp.weixin.qq.com?params=value",
            "Wm3WZYTPz0wzccnW",
            1414587457,
            "0f9de62fce790f9a083d5c99e95740ceb90c27ed",
        ),
        (
            "kgt8ON7yVITDhtdwci0qeT-ticket",
            "https://weijing.example:8443/sidebar/?from=single_chat_tools#top",
            "a1b2c3d4",
            1764000000,
            "cf05446af435fdd72cd67f8f7bbcce4c8516ca74",
        ),
    ],
)
def test_a_signature_is_what_the_browser_expects(ticket, url, noncestr, timestamp, expected):
    assert sign(ticket, url, noncestr=noncestr, timestamp=timestamp).signature == expected


def test_both_tickets_are_fetched_once_and_kept_apart(script, wecom):
    script.answer("get_jsapi_ticket", {"ticket": "corp-ticket", "expires_in": 7200})
    script.answer("ticket/get", {"ticket": "agent-ticket", "expires_in": 7200})
    for _ in range(3):
        assert wecom.js_sdk.corp_ticket() == "corp-ticket"
        assert wecom.js_sdk.agent_ticket() == "agent-ticket"
    assert len(script.asked("get_jsapi_ticket")) == len(script.asked("ticket/get")) == 1
    assert script.asked("ticket/get")[0].query["type"] == "agent_config"


def test_signatures_use_their_own_ticket_and_a_new_nonce(script, make_wecom):
    wecom = make_wecom(clock=lambda: 1764000000.9)
    script.answer("get_jsapi_ticket", {"ticket": "corp-ticket", "expires_in": 7200})
    script.answer("ticket/get", {"ticket": "agent-ticket", "expires_in": 7200})
    corp = wecom.js_sdk.config_signature("https://weijing.example/s")
    agent = wecom.js_sdk.agent_config_signature("https://weijing.example/s")
    assert corp.noncestr != agent.noncestr
    for ticket, made in (("corp-ticket", corp), ("agent-ticket", agent)):
        assert made == sign(
            ticket, "https://weijing.example/s", noncestr=made.noncestr, timestamp=1764000000
        )


def test_known_signatures_never_ask_wecom(script, make_wecom):
    wecom = make_wecom(clock=lambda: 1764000000.9)
    assert wecom.js_sdk.known_signatures("https://weijing.example/s") is None
    assert script.requests == []
    script.answer("get_jsapi_ticket", {"ticket": "corp-ticket", "expires_in": 7200})
    assert wecom.js_sdk.corp_ticket() == "corp-ticket"
    assert wecom.js_sdk.known_signatures("https://weijing.example/s") is None, "one is missing"
    script.answer("ticket/get", {"ticket": "agent-ticket", "expires_in": 7200})
    wecom.js_sdk.keep_tickets()
    asked = len(script.requests)
    made = wecom.js_sdk.known_signatures("https://weijing.example/s#top")
    assert made is not None
    for ticket, one in zip(("corp-ticket", "agent-ticket"), made, strict=True):
        assert one == sign(
            ticket, "https://weijing.example/s", noncestr=one.noncestr, timestamp=1764000000
        )
    assert len(script.requests) == asked


# --- editions -----------------------------------------------------------------------------------


def test_the_private_edition_has_no_customer_contact_until_told_otherwise(script, make_wecom):
    private = make_wecom(edition=Edition.PRIVATE)
    for absent in (
        lambda: private.customers.get("wm1"),
        lambda: private.group_messages.task("m1"),
        lambda: private.tags.get_corp_tag_list(),
        lambda: private.welcome.send_welcome_msg("c", text="x"),
        lambda: private.js_sdk.corp_ticket(),
    ):
        with pytest.raises(Unsupported):
            absent()
    assert script.requests == []
    private.departments.list()

    told = make_wecom(edition=Edition.PRIVATE, capabilities=frozenset(Capability))
    assert told.customers.list("li") == ()


def test_the_private_edition_signs_in_by_the_older_path(script, make_wecom):
    script.answer("user/getuserinfo", {"UserId": "li"})
    transport = Transport(
        "https://wecom.example", paths=PATHS[Edition.PRIVATE], http=httpx.MockTransport(script)
    )
    private = make_wecom(edition=Edition.PRIVATE, transport=transport)
    assert private.sign_in.getuserinfo("code").userid == "li"


def test_the_public_edition_has_everything():
    wecom = WeCom(corpid="ww1", secret="s", agentid=1)
    assert wecom.transport.root == "https://qyapi.weixin.qq.com/cgi-bin/"
    assert CAPABILITIES[wecom.edition] == frozenset(Capability)
    wecom.close()
