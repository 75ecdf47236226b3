from typing import Any

import pytest

from tests.wecom_simulator.receiving import Receiver
from tests.wecom_simulator.running import Simulator
from wecom_api import InvalidRequest, Misconfigured, WeCom
from wecom_api.app_messages import Recipients
from wecom_api.errors import AllRecipientsInvalid, CardRefused


def inbox(simulator: Simulator, userid: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = simulator.truth(f"inbox?userid={userid}")["messages"]
    return found


def buttons(task_id: str) -> dict[str, Any]:
    return {
        "card_type": "button_interaction",
        "task_id": task_id,
        "main_title": {"title": "工单 17"},
        "button_list": [{"text": "接单", "key": "take"}, {"text": "转派", "key": "pass"}],
    }


def test_a_text_reaches_the_inbox_and_invalid_people_are_named_in_lower_case(
    simulator: Simulator, wecom: WeCom
) -> None:
    userid = simulator.member("AppText")
    sent = wecom.app_messages.text(
        Recipients((userid, "NoBody"), toparty=(999_998,), totag=(999_997,)), "九点开会"
    )
    assert (sent.invaliduser, sent.invalidparty) == (("nobody",), ("999998",))
    assert (sent.invalidtag, sent.unlicenseduser, sent.response_code) == (("999997",), (), "")
    (message,) = inbox(simulator, userid)
    assert (message["msgid"], message["msgtype"]) == (sent.msgid, "text")
    assert message["content"] == {"content": "九点开会"}
    with pytest.raises(AllRecipientsInvalid):
        wecom.app_messages.text(Recipients(("nobody",)), "x")


def test_a_department_and_everyone_are_reached_once_each(
    simulator: Simulator, wecom: WeCom
) -> None:
    simulator.admin("departments", departments=[{"id": 80, "name": "所"}])
    one, two = (simulator.member(f"app_p{n}", department=[80]) for n in range(2))
    wecom.app_messages.text(Recipients((one,), toparty=(80,)), "一遍")
    assert [len(inbox(simulator, userid)) for userid in (one, two)] == [1, 1]
    wecom.app_messages.text(Recipients(("@all",)), "全体")
    assert [len(inbox(simulator, userid)) for userid in (one, two)] == [2, 2]


def test_a_textcard_is_dropped_when_it_is_the_same_again(
    simulator: Simulator, wecom: WeCom
) -> None:
    userid = simulator.member("app_card")
    card = {
        "title": "待办",
        "description": "三件",
        "url": "https://example.invalid/today",
        "btntxt": "看看",
    }
    first = wecom.app_messages.textcard(Recipients((userid,)), **card)
    assert wecom.app_messages.textcard(Recipients((userid,)), **card).msgid == first.msgid
    wecom.app_messages.textcard(Recipients((userid,)), **card, duplicate_check_seconds=0)
    assert [one["content"] for one in inbox(simulator, userid)] == [card, card]


def test_a_lost_answer_is_safe_to_repeat_with_the_duplicate_check(
    simulator: Simulator, wecom: WeCom, receiver: Receiver
) -> None:
    userid = simulator.member("app_again")
    simulator.admin("faults", api="message/send", kind="errcode", errcode=-1, effect=True)
    wecom.app_messages.template_card(Recipients((userid,)), buttons("again-1"))
    assert len(inbox(simulator, userid)) == 1


def test_a_press_gives_a_code_and_each_code_changes_the_card_once(
    simulator: Simulator, wecom: WeCom, receiver: Receiver
) -> None:
    one, two = simulator.member("app_press_a"), simulator.member("app_press_b")
    everyone = Recipients((one, two))
    sent = wecom.app_messages.template_card(everyone, buttons("press-1"))
    assert sent.response_code
    simulator.admin("acts/card", userid=one, msgid=sent.msgid, key="take")
    simulator.admin("callbacks/drain")
    event = receiver.events[-1]
    assert (event["Event"], event["FromUserName"]) == ("template_card_event", one)
    assert (event["EventKey"], event["TaskId"]) == ("take", "press-1")
    assert event["CardType"] == "button_interaction"
    assert event["AgentID"] == str(simulator.facts["agentid"])
    again = buttons("press-2")
    unreached = wecom.app_messages.update_template_card(
        Recipients((one, "stranger")), event["ResponseCode"], card=again
    )
    assert unreached == ("stranger",)
    assert inbox(simulator, one)[0]["content"] == again
    assert inbox(simulator, two)[0]["content"] == buttons("press-1")
    with pytest.raises(CardRefused):
        wecom.app_messages.update_template_card(
            everyone, event["ResponseCode"], replace_name="已接单"
        )
    wecom.app_messages.update_template_card(
        Recipients(("@all",)), sent.response_code, replace_name="已接单"
    )
    assert [inbox(simulator, u)[0]["content"]["replaced"] for u in (one, two)] == ["已接单"] * 2
    url = simulator.facts["admin_url"] + "acts/card"
    dead = {"userid": one, "msgid": sent.msgid, "key": "take"}
    assert simulator.http.post(url, json=dead).status_code == 400


def test_a_response_code_lasts_72_hours_and_reaches_departments(
    simulator: Simulator, wecom: WeCom, receiver: Receiver
) -> None:
    simulator.admin("departments", departments=[{"id": 81, "name": "所"}])
    userid = simulator.member("app_72", department=[81])
    early = wecom.app_messages.template_card(Recipients((userid,)), buttons("h72-1"))
    late = wecom.app_messages.template_card(Recipients((userid,)), buttons("h72-2"))
    simulator.advance(72 * 3600)
    party = Recipients(toparty=(81,))
    wecom.app_messages.update_template_card(party, early.response_code, replace_name="完")
    simulator.advance(1)
    with pytest.raises(CardRefused):
        wecom.app_messages.update_template_card(party, late.response_code, replace_name="完")
    assert [one["content"].get("replaced") for one in inbox(simulator, userid)] == [None, "完"]


def test_a_vote_tells_what_was_chosen(
    simulator: Simulator, wecom: WeCom, receiver: Receiver
) -> None:
    userid = simulator.member("app_vote")
    options = [{"id": "a", "text": "甲"}, {"id": "b", "text": "乙"}]
    card = {
        "card_type": "vote_interaction",
        "task_id": "vote@1",
        "main_title": {"title": "选"},
        "checkbox": {"question_key": "q", "mode": 1, "option_list": options},
        "submit_button": {"text": "提交", "key": "submit"},
    }
    sent = wecom.app_messages.template_card(Recipients((userid,)), card)
    done = simulator.admin(
        "acts/card", userid=userid, msgid=sent.msgid, key="submit", selected={"q": ["a", "b"]}
    )
    assert done["event"] == "template_card_event"
    simulator.admin("callbacks/drain")
    assert "SelectedItems" in receiver.events[-1]


@pytest.mark.parametrize(
    "change",
    [
        {"task_id": ""},
        {"task_id": "空格 与汉字"},
        {"task_id": "x" * 129},
        {"button_list": [{"text": "x", "key": str(n)} for n in range(7)]},
        {"vertical_content_list": [{"title": "x"}] * 5},
        {"select_list": [{"question_key": "x"}] * 4},
        {"jump_list": [{"title": "x"}] * 4},
        {"horizontal_content_list": [{"keyname": "x"}] * 7},
        {"action_menu": {"desc": "x", "action_list": []}},
        {"card_type": "text_notice", "card_action": None},
        {"card_type": "song"},
    ],
)
def test_a_card_that_breaks_a_hard_limit_is_refused_by_both(
    simulator: Simulator, wecom: WeCom, receiver: Receiver, change: dict[str, Any]
) -> None:
    userid = simulator.member("app_hard")
    card = {**buttons("hard-1"), **change}
    with pytest.raises(InvalidRequest):
        wecom.app_messages.template_card(Recipients((userid,)), card)
    body = {"touser": userid, "msgtype": "template_card", "template_card": card}
    answer = simulator.call("message/send", agentid=simulator.facts["agentid"], **body)
    assert answer["errcode"] in (40058, 42014, 42019)
    assert inbox(simulator, userid) == []


def test_a_task_id_is_used_once_per_app(
    simulator: Simulator, wecom: WeCom, receiver: Receiver
) -> None:
    userid = simulator.member("app_task")
    wecom.app_messages.template_card(Recipients((userid,)), buttons("task-1"))
    changed = {**buttons("task-1"), "main_title": {"title": "另一张"}}
    with pytest.raises(CardRefused):
        wecom.app_messages.template_card(Recipients((userid,)), changed)


def test_cards_to_press_need_a_callback_address(simulator: Simulator, wecom: WeCom) -> None:
    userid = simulator.member("app_deaf")
    with pytest.raises(Misconfigured) as refusal:
        wecom.app_messages.template_card(Recipients((userid,)), buttons("deaf-1"))
    assert refusal.value.errcode == 43012


def test_more_than_a_hundred_tags_or_departments_are_refused_by_both(
    simulator: Simulator, wecom: WeCom
) -> None:
    agentid = simulator.facts["agentid"]
    for name, errcode in (("toparty", 82002), ("totag", 82003)):
        with pytest.raises(InvalidRequest):
            wecom.app_messages.text(Recipients(**{name: tuple(range(1, 102))}), "x")
        body = {name: "|".join(map(str, range(1, 102))), "msgtype": "text", "agentid": agentid}
        assert simulator.call("message/send", **body, text={"content": "x"})["errcode"] == errcode
    with pytest.raises(InvalidRequest):
        wecom.app_messages.text(Recipients(), "x")
    nobody = simulator.call("message/send", msgtype="text", agentid=agentid, text={"content": "x"})
    assert nobody["errcode"] == 82001
