import signal
import time
from pathlib import Path

import pytest

from tests.wecom_simulator.receiving import Receiver
from tests.wecom_simulator.running import Simulator


def scan(simulator: Simulator, userid: str, **more: object) -> str:
    done = simulator.admin("acts/scan", userid=userid, resident={"name": "小雨"}, **more)
    return str(done["external_userid"])


def told(simulator: Simulator, receiver: Receiver) -> list[str]:
    assert simulator.admin("callbacks/drain", timeout_seconds=20)["empty"]
    return [event["ChangeType"] for event in receiver.events]


def test_a_life_of_a_contact_is_told_event_by_event(
    simulator: Simulator, receiver: Receiver
) -> None:
    userid = simulator.member("cb_life")
    friend = scan(simulator, userid, state="xiaosha")
    pair = {"userid": userid, "external_userid": friend}
    simulator.admin("acts/edit", **pair, remark="张三")
    simulator.admin("acts/resident-deletes", **pair)
    simulator.admin("acts/member-deletes", **pair)
    assert sorted(told(simulator, receiver)) == sorted(
        ["add_external_contact", "edit_external_contact", "del_follow_user", "del_external_contact"]
    )
    event = next(e for e in receiver.events if e["ChangeType"] == "add_external_contact")
    assert event["ToUserName"] == simulator.facts["corpid"]
    assert event["FromUserName"] == "sys"
    assert event["MsgType"] == "event"
    assert event["Event"] == "change_external_contact"
    assert (event["UserID"], event["ExternalUserID"]) == (userid, friend)
    assert event["State"] == "xiaosha"
    assert event["WelcomeCode"]
    assert "State" not in next(e for e in receiver.events if e["ChangeType"] == "del_follow_user")


def test_half_first_and_then_whole_without_a_second_code_once_welcomed(
    simulator: Simulator, receiver: Receiver
) -> None:
    userid = simulator.member("cb_half")
    friend = scan(simulator, userid, half=True)
    assert told(simulator, receiver) == ["add_half_external_contact"]
    assert simulator.read("externalcontact/list", userid=userid)["errcode"] == 84061
    code = receiver.events[0]["WelcomeCode"]
    simulator.call("externalcontact/send_welcome_msg", welcome_code=code, text={"content": "您好"})
    simulator.admin("acts/accept", userid=userid, external_userid=friend)
    told(simulator, receiver)
    assert receiver.events[1]["ChangeType"] == "add_external_contact"
    assert "WelcomeCode" not in receiver.events[1]


def test_what_the_api_changes_is_not_told(simulator: Simulator, receiver: Receiver) -> None:
    userid = simulator.member("cb_echo")
    friend = simulator.friend(userid)
    made = simulator.call("externalcontact/add_corp_tag", group_name="回声", tag=[{"name": "甲"}])[
        "tag_group"
    ]
    pair = {"userid": userid, "external_userid": friend}
    simulator.call("externalcontact/remark", **pair, remark="李四")
    simulator.call("externalcontact/mark_tag", **pair, add_tag=[made["tag"][0]["id"]])
    simulator.call("externalcontact/edit_corp_tag", id=made["group_id"], name="回声二")
    simulator.call("externalcontact/del_corp_tag", group_id=[made["group_id"]])
    assert told(simulator, receiver) == []


def test_deleting_a_group_in_the_console_is_told_once(
    simulator: Simulator, receiver: Receiver
) -> None:
    made = simulator.admin("acts/tags", create={"group_name": "群组", "tags": ["一", "二"]})
    simulator.admin("acts/tags", edit={"id": made["tags"]["一"], "name": "壹"})
    simulator.admin("acts/tags", shuffle={"group_id": ""})
    told(simulator, receiver)
    receiver.events.clear()
    simulator.admin("acts/tags", delete={"group_id": [made["group_id"]]})
    told(simulator, receiver)
    assert [(e["ChangeType"], e["TagType"], e["Id"]) for e in receiver.events] == [
        ("delete", "tag_group", made["group_id"])
    ]


def test_an_app_hears_only_of_members_in_its_scope(
    simulator: Simulator, receiver: Receiver
) -> None:
    inside = simulator.member("cb_inside")
    outside = simulator.member("cb_outside")
    path = f"apps/{simulator.facts['agentid']}"
    simulator.admin(path, scope_parties=[], scope_users=[inside])
    try:
        scan(simulator, outside)
        scan(simulator, inside)
        told(simulator, receiver)
        assert [event["UserID"] for event in receiver.events] == [inside]
    finally:
        simulator.admin(path, scope_parties=[1], scope_users=[])


def test_a_url_that_cannot_open_the_echo_is_refused(
    simulator: Simulator, receiver: Receiver
) -> None:
    path = f"apps/{simulator.facts['agentid']}/callback"
    url = simulator.facts["admin_url"] + path
    refused = simulator.http.post(
        url, json={"url": receiver.url, "token": "other", "encoding_aes_key": "k" * 43}
    )
    assert refused.status_code == 400
    scan(simulator, simulator.member("cb_kept"))  # the old configuration still works
    assert told(simulator, receiver) == ["add_external_contact"]


def test_a_failing_receiver_is_tried_four_times_and_then_given_up(
    simulator: Simulator, receiver: Receiver
) -> None:
    simulator.admin("settings", callback_retry_real_seconds=0.05)
    userid = simulator.member("cb_retry")
    receiver.statuses = [500, 500, 500]
    scan(simulator, userid)
    assert told(simulator, receiver) == ["add_external_contact"]
    assert receiver.attempts == 4
    receiver.statuses = [500] * 4
    scan(simulator, userid)
    assert told(simulator, receiver) == ["add_external_contact"]
    counts = simulator.admin("callbacks", "GET")
    assert counts["acknowledged"] == 1
    assert counts["failed"] == 1
    assert counts["sent"] == 8


def test_events_can_come_twice_late_out_of_order_or_never(
    simulator: Simulator, receiver: Receiver
) -> None:
    userid = simulator.member("cb_chaos")
    simulator.admin("settings", callback_duplicate=1.0)
    scan(simulator, userid)
    assert len(told(simulator, receiver)) == 2
    assert receiver.events[0] == receiver.events[1]  # same XML under another nonce

    receiver.events.clear()
    simulator.admin("settings", callback_duplicate=0.0, callback_drop=1.0)
    scan(simulator, userid)
    assert told(simulator, receiver) == []

    simulator.admin(
        "settings", callback_drop=0.0, callback_reorder=50, callback_delay_real_seconds=0.3
    )
    order = [scan(simulator, userid) for _ in range(30)]
    told(simulator, receiver)
    heard = [event["ExternalUserID"] for event in receiver.events]
    assert sorted(heard) == sorted(order)
    assert heard != order


def test_events_can_be_forced_into_the_same_second(
    simulator: Simulator, receiver: Receiver
) -> None:
    simulator.admin("settings", callback_time_step=3600)
    userid = simulator.member("cb_second")
    simulator.admin("clock", set=int(simulator.now()) // 3600 * 3600 + 3600)
    scan(simulator, userid)
    simulator.advance(30)
    scan(simulator, userid)
    told(simulator, receiver)
    assert receiver.events[0]["CreateTime"] == receiver.events[1]["CreateTime"]


@pytest.mark.parametrize("how", ["SIGTERM", "SIGKILL"])
def test_what_was_not_delivered_goes_out_after_a_restart(data_dir: Path, how: str) -> None:
    simulator = Simulator(data_dir)
    facts = simulator.facts
    receiver = Receiver(facts["corpid"], facts["token"], facts["encoding_aes_key"])
    try:
        path = f"apps/{facts['agentid']}/callback"
        simulator.admin(path, url=receiver.url)
        simulator.admin("settings", callback_delay_real_seconds=600.0)
        friend = scan(simulator, simulator.member("cb_restart"))
        simulator.stop(signal.Signals[how])
        simulator.start()
        until = time.monotonic() + 10
        while not receiver.events and time.monotonic() < until:
            time.sleep(0.02)
        assert [event["ExternalUserID"] for event in receiver.events] == [friend]
    finally:
        simulator.stop()
        receiver.close()
