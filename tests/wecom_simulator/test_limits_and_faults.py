import threading
import time

import httpx
import pytest

from tests.wecom_simulator.running import Simulator

API = "getcallbackip"


def test_above_the_minute_limit_an_api_is_blocked_for_a_minute(simulator: Simulator) -> None:
    simulator.admin("settings", scale_limits=0.001)  # 10 a minute
    codes = [simulator.read(API)["errcode"] for _ in range(12)]
    assert codes == [0] * 10 + [45009] * 2
    assert simulator.read("get_api_domain_ip")["errcode"] == 0  # limits are per API
    simulator.advance(59)
    simulator.token()
    assert simulator.read(API)["errcode"] == 45009
    simulator.advance(2)
    assert simulator.read(API)["errcode"] == 0


def test_too_many_calls_at_once_are_45033(simulator: Simulator) -> None:
    simulator.token()
    simulator.admin("settings", concurrency_limit=2, latency_real_seconds=0.5)
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda: codes.append(simulator.read(API)["errcode"]))
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [0, 0, 45033, 45033, 45033]


def test_a_call_that_does_not_arrive_changes_nothing(simulator: Simulator) -> None:
    userid = simulator.member("fault1")
    friend = simulator.friend(userid)
    simulator.token()
    simulator.admin("faults", api="externalcontact/remark", kind="not_arrived")
    with pytest.raises(httpx.TransportError):
        simulator.call("externalcontact/remark", userid=userid, external_userid=friend, remark="张")
    assert simulator.truth(f"residents/{friend}")["relations"][0]["remark"] == ""


@pytest.mark.parametrize("kind", ["arrived_no_reply", "cut_body"])
def test_a_call_whose_answer_is_lost_has_happened(simulator: Simulator, kind: str) -> None:
    userid = simulator.member("fault2")
    friend = simulator.friend(userid)
    before = simulator.truth("counts")["mass_messages"]
    simulator.token()
    simulator.admin("faults", api="externalcontact/add_msg_template", kind=kind)
    with pytest.raises(httpx.TransportError):
        simulator.call(
            "externalcontact/add_msg_template", external_userid=[friend], text={"content": "〔码〕"}
        )
    assert simulator.truth("counts")["mass_messages"] == before + 1
    again = simulator.call(
        "externalcontact/add_msg_template", external_userid=[friend], text={"content": "〔码〕"}
    )
    assert again["errcode"] == 0  # planned once


@pytest.mark.parametrize(("effect", "made"), [(False, 0), (True, 1)])
def test_a_planned_errcode_may_have_had_its_effect(
    simulator: Simulator, effect: bool, made: int
) -> None:
    userid = simulator.member("fault3")
    friend = simulator.friend(userid)
    before = simulator.truth("counts")["mass_messages"]
    path = "externalcontact/add_msg_template"
    simulator.admin("faults", api=path, kind="errcode", errcode=-1, effect=effect)
    answer = simulator.call(path, external_userid=[friend], text={"content": "x"})
    assert answer["errcode"] == -1
    assert simulator.truth("counts")["mass_messages"] == before + made


def test_http_errors_and_gateway_pages_are_not_json(simulator: Simulator) -> None:
    url, query = simulator.facts["base_url"] + API, {"access_token": simulator.token()}
    simulator.admin("faults", api=API, kind="http_500")
    assert simulator.http.get(url, params=query).status_code == 500
    simulator.admin("faults", api=API, kind="html")
    page = simulator.http.get(url, params=query)
    assert page.status_code == 200
    assert page.text.startswith("<html>")


def test_a_slow_call_is_late_and_right(simulator: Simulator) -> None:
    simulator.admin("faults", api=API, kind="slow", delay_seconds=0.4)
    simulator.token()
    before = time.monotonic()
    assert simulator.read(API)["errcode"] == 0
    assert time.monotonic() - before >= 0.4


def test_the_same_seed_makes_the_same_calls_fail(simulator: Simulator) -> None:
    def run(seed: int) -> list[int]:
        simulator.admin("faults", "DELETE")
        simulator.admin(
            "faults",
            seed=seed,
            faults=[
                {"api": API, "kind": "errcode", "errcode": -1, "times": None, "probability": 0.5}
            ],
        )
        return [simulator.read(API)["errcode"] for _ in range(40)]

    first = run(7)
    assert run(7) == first
    assert run(8) != first
    assert 5 < first.count(-1) < 35


def test_a_fault_can_let_calls_pass_first(simulator: Simulator) -> None:
    simulator.admin("faults", api=API, kind="errcode", errcode=-1, skip=2)
    assert [simulator.read(API)["errcode"] for _ in range(4)] == [0, 0, -1, 0]


def test_a_fault_that_does_not_exist_is_refused(simulator: Simulator) -> None:
    url = simulator.facts["admin_url"] + "faults"
    assert simulator.http.post(url, json={"api": API, "kind": "sulking"}).status_code == 400
    assert simulator.http.post(url, json={"api": API, "kind": "slow", "x": 1}).status_code == 400
    assert simulator.admin("faults", "GET")["faults"] == []
