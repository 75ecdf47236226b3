"""Welcome codes, media, figures of a day, app messages, signing in: what depends on time."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.wecom_simulator.running import Simulator

WELCOME = "externalcontact/send_welcome_msg"
BEHAVIOUR = "externalcontact/get_user_behavior_data"


def code_of(simulator: Simulator, userid: str) -> tuple[str, str]:
    done = simulator.admin("acts/scan", userid=userid, resident={"name": "新"})
    return str(done["welcome_code"]), str(done["external_userid"])


def test_two_apps_race_for_a_welcome_and_one_wins(simulator: Simulator) -> None:
    other = simulator.admin("apps", name="第二")["secret"]
    simulator.token(other)
    code, friend = code_of(simulator, simulator.member("wel_race"))
    first = {"welcome_code": code, "text": {"content": "一"}}
    second = {"welcome_code": code, "text": {"content": "二"}}
    assert simulator.call(WELCOME, **first)["errcode"] == 0
    assert simulator.call(WELCOME, secret=other, **second)["errcode"] == 41096
    simulator.advance(2)
    assert simulator.call(WELCOME, secret=other, **second)["errcode"] == 41051
    assert simulator.call(WELCOME, **first)["errcode"] == 41051
    texts = [m["text"] for m in simulator.truth(f"residents/{friend}")["messages"]]
    assert texts == ["一"]


@pytest.mark.parametrize(("seconds", "errcode"), [(20, 0), (21, 41050)])
def test_a_welcome_code_lives_twenty_seconds(
    simulator: Simulator, seconds: int, errcode: int
) -> None:
    code, _ = code_of(simulator, simulator.member("wel_time"))
    simulator.advance(seconds)
    answer = simulator.call(WELCOME, welcome_code=code, text={"content": "您好"})
    assert answer["errcode"] == errcode


def test_no_welcome_once_they_chat_and_unknown_codes_are_41050(simulator: Simulator) -> None:
    userid = simulator.member("wel_chat")
    code, friend = code_of(simulator, userid)
    simulator.admin(
        "acts/chat", **{"userid": userid, "external_userid": friend, "from": "member", "text": "嗨"}
    )
    text = {"content": "您好"}
    assert simulator.call(WELCOME, welcome_code=code, text=text)["errcode"] == 41051
    assert simulator.call(WELCOME, welcome_code="x", text=text)["errcode"] == 41050
    assert simulator.call(WELCOME, text=text)["errcode"] == 41049


def test_yesterdays_figures_appear_in_the_morning_and_are_summed(simulator: Simulator) -> None:
    one, two = simulator.member("beh_a"), simulator.member("beh_b")
    simulator.admin("clock", set=_next_midnight(simulator) + 10 * 3600)
    day = int(simulator.now())
    for userid, chats in ((one, 2), (two, 1)):
        _, friend = code_of(simulator, userid)
        for _ in range(chats):
            pair = {"userid": userid, "external_userid": friend}
            simulator.admin("acts/chat", **pair, **{"from": "resident", "text": "?"})
            simulator.advance(120)
            simulator.admin("acts/chat", **pair, **{"from": "member", "text": "!"})
    simulator.admin("acts/resident-deletes", userid=two, external_userid=friend)

    def series(*userids: str) -> list[dict[str, float]]:
        answer = simulator.call(BEHAVIOUR, userid=list(userids), start_time=day, end_time=day)
        found: list[dict[str, float]] = answer["behavior_data"]
        return found

    simulator.admin("clock", set=_next_midnight(simulator) + 8 * 3600)
    simulator.token()
    assert series(one) == []
    simulator.advance(3600)
    mine = series(one)[0]
    assert (mine["new_contact_cnt"], mine["chat_cnt"], mine["message_cnt"]) == (1, 1, 2)
    assert mine["avg_reply_time"] == 2
    assert mine["reply_percentage"] == 100.0
    both = series(one, two)
    assert len(both) == 1
    assert both[0]["message_cnt"] == 3
    assert both[0]["negative_feedback_cnt"] == 1
    too_long = simulator.call(BEHAVIOUR, userid=[one], start_time=day - 40 * 86_400, end_time=day)
    assert too_long["errcode"] == 40058


def _next_midnight(simulator: Simulator) -> float:
    return (int(simulator.now() + 8 * 3600) // 86_400 + 1) * 86_400 - 8 * 3600


def test_media_lives_three_days_and_stays_in_its_scene(simulator: Simulator) -> None:
    base = simulator.facts["base_url"]
    query = {"access_token": simulator.token(), "type": "image"}
    file = {"media": ("通知.png", b"\x89PNG1234", "image/png")}
    kept = simulator.http.post(base + "media/upload", params=query, files=file).json()
    assert isinstance(kept["created_at"], str)
    other = simulator.http.post(
        base + "media/upload_attachment",
        params={"access_token": simulator.token(), "media_type": "image", "attachment_type": 1},
        files=file,
    ).json()
    assert isinstance(other["created_at"], int)
    got = {"access_token": simulator.token(), "media_id": kept["media_id"]}
    assert simulator.http.get(base + "media/get", params=got).content == b"\x89PNG1234"
    part = simulator.http.get(base + "media/get", params=got, headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"PNG")

    friend = simulator.friend(simulator.member("media"))

    def order(media_id: str) -> int:
        image = {"msgtype": "image", "image": {"media_id": media_id}}
        answer = simulator.call(
            "externalcontact/add_msg_template", external_userid=[friend], attachments=[image]
        )
        return int(answer["errcode"])

    assert order(kept["media_id"]) == 0
    assert order(other["media_id"]) == 41072
    simulator.advance(3 * 86_400 + 1)
    assert order(kept["media_id"]) == 40007
    assert simulator.read("media/get", media_id=kept["media_id"])["errcode"] == 40007
    small = simulator.http.post(
        base + "media/upload",
        params={"access_token": simulator.token(), "type": "image"},
        files={"media": ("a.png", b"12345", "image/png")},
    ).json()
    assert small["errcode"] == 44001


def test_app_messages_reach_the_inbox_and_bad_names_come_back_in_lower_case(
    simulator: Simulator,
) -> None:
    userid = simulator.member("App_One")
    agentid = simulator.facts["agentid"]
    body = {"msgtype": "text", "agentid": agentid, "text": {"content": "长" * 1000}}
    answer = simulator.call("message/send", touser=f"{userid}|No_Body", **body)
    assert answer["errcode"] == 0
    assert answer["invaliduser"] == "no_body"
    assert simulator.call("message/send", touser="No_Body", **body)["errcode"] == 81013
    assert simulator.call("message/send", **body)["errcode"] == 82001
    wrong = {**body, "agentid": 1}
    assert simulator.call("message/send", touser=userid, **wrong)["errcode"] == 40056
    inbox = simulator.truth(f"inbox?userid={userid}")["messages"]
    assert len(inbox) == 1
    assert len(inbox[0]["content"]["content"].encode()) <= 2048


def test_a_duplicate_is_dropped_within_its_interval(simulator: Simulator) -> None:
    userid = simulator.member("app_dup")
    body = {
        "touser": userid,
        "msgtype": "textcard",
        "agentid": simulator.facts["agentid"],
        "textcard": {"title": "待办", "description": "一", "url": "https://example.invalid/1"},
        "enable_duplicate_check": 1,
        "duplicate_check_interval": 60,
    }
    first = simulator.call("message/send", **body)
    assert simulator.call("message/send", **body)["msgid"] == first["msgid"]
    assert len(simulator.truth(f"inbox?userid={userid}")["messages"]) == 1
    simulator.advance(61)
    simulator.call("message/send", **body)
    assert len(simulator.truth(f"inbox?userid={userid}")["messages"]) == 2


def test_over_thirty_a_minute_messages_vanish_without_a_word(simulator: Simulator) -> None:
    userid = simulator.member("app_flood")
    body = {"touser": userid, "msgtype": "text", "agentid": simulator.facts["agentid"]}
    codes = {
        simulator.call("message/send", **body, text={"content": str(n)})["errcode"]
        for n in range(35)
    }
    assert codes == {0}
    assert len(simulator.truth(f"inbox?userid={userid}")["messages"]) == 30


def test_a_card_with_buttons_needs_a_callback_url(simulator: Simulator) -> None:
    card = {"card_type": "button_interaction", "task_id": "t1", "main_title": {"title": "x"}}
    body = {
        "touser": simulator.member("app_card"),
        "msgtype": "template_card",
        "agentid": simulator.facts["agentid"],
    }
    assert simulator.call("message/send", **body, template_card=card)["errcode"] == 43012
    notice = {
        "card_type": "text_notice",
        "main_title": {"title": "x"},
        "card_action": {"type": 1, "url": "https://example.invalid/"},
    }
    assert simulator.call("message/send", **body, template_card=notice)["errcode"] == 0


def authorized(simulator: Simulator, **query: str) -> str:
    address = {
        "appid": simulator.facts["corpid"],
        "redirect_uri": "http://weijing.invalid/back?next=1",
        "response_type": "code",
        "scope": "snsapi_base",
        "state": "St4te",
        **query,
    }
    answer = simulator.http.get(simulator.facts["authorize_url"], params=address)
    assert answer.status_code == 302, answer.text
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert back["state"] == ["St4te"]
    assert back["next"] == ["1"]
    return back["code"][0]


def test_a_login_code_tells_the_userid_once_and_for_five_minutes(simulator: Simulator) -> None:
    userid = simulator.member("oauth")
    code = authorized(simulator, auto_userid=userid)
    assert simulator.read("auth/getuserinfo", code=code)["userid"] == userid
    assert simulator.read("auth/getuserinfo", code=code)["errcode"] == 42022
    assert simulator.read("auth/getuserinfo", code="x")["errcode"] == 40029
    late = authorized(simulator, auto_userid=userid)
    simulator.advance(301)
    assert simulator.read("auth/getuserinfo", code=late)["errcode"] == 42003
    old_path = authorized(simulator, auto_userid=userid)
    assert simulator.read("user/getuserinfo", code=old_path)["UserId"] == userid


def test_a_private_scope_gives_a_ticket_for_the_details(simulator: Simulator) -> None:
    userid = simulator.member("oauth_private", mobile="13800000002")
    code = authorized(simulator, auto_userid=userid, scope="snsapi_privateinfo")
    ticket = simulator.read("auth/getuserinfo", code=code)["user_ticket"]
    detail = simulator.call("auth/getuserdetail", user_ticket=ticket)
    assert detail["mobile"] == "13800000002"
    assert simulator.call("auth/getuserdetail", user_ticket="x")["errcode"] == 84015


def test_a_resident_is_named_only_when_a_customer(simulator: Simulator) -> None:
    friend = simulator.friend(simulator.member("oauth_friend"))
    stranger = simulator.admin("residents", residents=[{"name": "路人"}])["external_userids"][0]
    known = simulator.read(
        "auth/getuserinfo", code=authorized(simulator, auto_external_userid=friend)
    )
    assert known["external_userid"] == friend
    other = simulator.read(
        "auth/getuserinfo", code=authorized(simulator, auto_external_userid=stranger)
    )
    assert other["openid"]
    assert "external_userid" not in other


def test_only_trusted_domains_are_redirected_to(simulator: Simulator) -> None:
    path = f"apps/{simulator.facts['agentid']}"
    simulator.admin(path, trusted_domains=["weijing.invalid:8443"])
    query = {
        "appid": simulator.facts["corpid"],
        "redirect_uri": "http://weijing.invalid/back",
        "auto_userid": simulator.member("oauth_domain"),
    }
    try:
        answer = simulator.http.get(simulator.facts["authorize_url"], params=query)
        assert answer.status_code == 400
        assert "50001" in answer.text
    finally:
        simulator.admin(path, trusted_domains=[])


def test_tickets_stay_the_same_while_they_live_and_are_limited(simulator: Simulator) -> None:
    first = simulator.read("ticket/get", type="agent_config")["ticket"]
    assert simulator.read("ticket/get", type="agent_config")["ticket"] == first
    assert simulator.read("get_jsapi_ticket")["ticket"] != first
    assert simulator.read("ticket/get", type="x")["errcode"] == 91040
    codes = [simulator.read("ticket/get", type="agent_config")["errcode"] for _ in range(100)]
    assert codes[0] == 0
    assert codes[-1] == 45009
