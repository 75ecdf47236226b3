"""Whatever a client sends, WeCom answers in its own way; the simulator must not fall over."""

from typing import Any

import pytest

import wecom_simulator.app  # noqa: F401 - fills the catalogue
from tests.wecom_simulator.running import Simulator
from wecom_simulator.calls import CATALOGUE

NAMES = """
userid external_userid cursor limit userid_list remark remark_mobiles tag tag_id group_id
add_tag remove_tag group_name id order type scene user party config_id start_time end_time
text attachments tag_filter sender chat_type msgid welcome_code partyid touser toparty
totag msgtype textcard template_card agentid code user_ticket media_id department_id
mobile tagname tagid userlist response_code button userids enable_duplicate_check
""".split()  # noqa: SIM905
INNER = """
content title description url media_id card_action jump_list horizontal_content_list action_menu
task_id
""".split()  # noqa: SIM905
KINDS = ("text", "textcard", "template_card", "news", "image")
NASTY: list[Any] = [
    "", "x", "c5", "m1.2", "0", "-1", 0, -1, 2**80, 1.5, True, None, [], [None], [{}], ["x"], {},
    {"content": 5}, {"group_list": 3}, {"group_list": [{"tag_list": 5}, 7]}, "\x00", "长" * 5000,
    [{"msgtype": "link", "link": 3}], [{"name": "x", "order": "y"}], {"card_type": []},
]  # fmt: skip


@pytest.mark.parametrize("path", sorted(CATALOGUE))
def test_no_body_makes_the_simulator_fall_over(simulator: Simulator, path: str) -> None:
    url, token = simulator.facts["base_url"] + path, simulator.token()
    simulator.admin("settings", scale_limits=0)
    userid = simulator.member("bad_input")
    good = {
        "userid": userid,
        "external_userid": simulator.friend(userid),
        "touser": userid,
        "agentid": simulator.facts["agentid"],
        "start_time": int(simulator.now()),
        "end_time": int(simulator.now()),
    }
    bodies: list[dict[str, Any]] = []
    for nasty in NASTY:
        bodies += [dict.fromkeys(NAMES, nasty), {**dict.fromkeys(NAMES, nasty), **good}]
        for kind in KINDS if path == "message/send" else ():
            inner = dict.fromkeys(INNER, nasty) | {"card_type": "text_notice"}
            bodies.append({**dict.fromkeys(NAMES, nasty), **good, "msgtype": kind, kind: inner})
    for body in bodies:
        answer = simulator.http.post(url, params={"access_token": token}, json=body)
        assert answer.status_code == 200, body
    for raw in (b"{", b"\xff", b"[1]", b'"x"', b'{"userid":"\\ud800"}', b"[" * 100_000):
        answer = simulator.http.post(url, params={"access_token": token}, content=raw)
        assert answer.status_code == 200, raw[:20]
    odd = dict.fromkeys(NAMES, "١")  # a digit, but not one of ASCII
    assert simulator.http.get(url, params={**odd, "access_token": token}).status_code == 200


@pytest.mark.parametrize("raw", [b"{", b"[]", b"\xff", b'{"members": 5}', b'{"members": [{}]}'])
def test_a_broken_admin_call_is_said_and_changes_nothing(simulator: Simulator, raw: bytes) -> None:
    before = simulator.truth("counts")
    answer = simulator.http.post(simulator.facts["admin_url"] + "members", content=raw)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert simulator.truth("counts") == before


def test_half_a_list_of_members_is_not_kept(simulator: Simulator) -> None:
    body = {"members": [{"userid": "half_one"}, {"userid": "half_two", "wings": 2}]}
    answer = simulator.http.post(simulator.facts["admin_url"] + "members", json=body)
    assert answer.status_code == 400
    assert "wings" in answer.json()["error"]
    assert simulator.read("user/get", userid="half_one")["errcode"] == 40003


def test_a_member_named_twice_in_one_call_is_one_member(simulator: Simulator) -> None:
    simulator.admin(
        "members", members=[{"userid": "Twice", "name": "甲"}, {"userid": "twice", "name": "乙"}]
    )
    assert simulator.read("user/get", userid="twice")["name"] == "乙"


def test_an_unknown_path_is_404(simulator: Simulator) -> None:
    url = simulator.facts["base_url"] + "externalcontact/nothing"
    assert simulator.http.get(url).status_code == 404


def test_an_unknown_setting_is_refused_and_nothing_changes(simulator: Simulator) -> None:
    url = simulator.facts["admin_url"] + "settings"
    for wrong in ({"welcome_seconds": 1, "nonsense": 1}, {"quota_mode": "year"},
                  {"welcome_seconds": "long"}):  # fmt: skip
        assert simulator.http.post(url, json=wrong).status_code == 400
    assert simulator.admin("settings", "GET")["welcome_seconds"] == 20
