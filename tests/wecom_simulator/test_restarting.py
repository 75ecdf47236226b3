import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

from tests.wecom_simulator.running import FROZEN, FROZEN_SECONDS, Simulator


def test_a_stopped_simulator_remembers_everything(data_dir: Path) -> None:
    simulator = Simulator(data_dir, "--clock", f"frozen={FROZEN}")
    assert simulator.now() == FROZEN_SECONDS
    userid = simulator.member("LiLei")
    friend = simulator.friend(userid, remark="张三", remark_mobiles=["13800000000"])
    token = simulator.token()
    answer = simulator.call(
        "externalcontact/add_msg_template", external_userid=[friend], text={"content": "x"}
    )
    facts = dict(simulator.facts)
    before = simulator.truth("relations")
    assert simulator.stop() == 0

    simulator.start()
    assert simulator.facts["secret"] == facts["secret"]
    assert simulator.facts["encoding_aes_key"] == facts["encoding_aes_key"]
    assert simulator.truth("relations") == before
    assert simulator.gettoken()["access_token"] == token
    simulator.advance(10)
    tasks = simulator.call("externalcontact/get_groupmsg_task", msgid=answer["msgid"])
    assert tasks["task_list"] == [{"userid": userid, "status": 0}]
    simulator.stop()


def test_the_clock_stays_where_it_was_left(data_dir: Path) -> None:
    simulator = Simulator(data_dir)
    simulator.admin("clock", freeze="2026-05-01T00:00")
    simulator.advance(5)
    left = simulator.now()
    simulator.stop(signal.SIGKILL)
    simulator.start()
    assert simulator.now() == left
    simulator.stop()


def test_killed_in_the_middle_it_forgets_nothing_it_acknowledged(data_dir: Path) -> None:
    simulator = Simulator(data_dir)
    userid = simulator.member("killed")
    friends = [simulator.friend(userid) for _ in range(20)]
    simulator.admin("settings", scale_limits=0)
    simulator.token()
    acknowledged: list[str] = []

    def order() -> None:
        while True:
            try:
                answer = simulator.call(
                    "externalcontact/add_msg_template",
                    external_userid=friends,
                    text={"content": "x"},
                )
            except httpx.HTTPError:
                return
            acknowledged.append(answer["msgid"])

    threads = [threading.Thread(target=order) for _ in range(4)]
    for thread in threads:
        thread.start()
    while len(acknowledged) < 50:
        time.sleep(0.01)
    simulator.stop(signal.SIGKILL)
    for thread in threads:
        thread.join()
    simulator.start()
    kept = {one["msgid"]: one for one in simulator.truth("mass")["messages"]}
    assert len(acknowledged) >= 50
    assert set(acknowledged) <= set(kept)
    assert all(one["results"]["not_sent"] == 20 for one in kept.values())  # none is half there
    simulator.stop()


def test_new_ids_after_a_restart_are_new(data_dir: Path) -> None:
    simulator = Simulator(data_dir, "--seed", "5")
    userid = simulator.member("ids")
    first = simulator.friend(userid)
    simulator.stop()
    simulator.start()
    assert simulator.friend(userid) != first
    simulator.stop()


def test_credentials_come_from_the_seed_unless_given(tmp_path: Path) -> None:
    seen = []
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        simulator = Simulator(tmp_path / name, "--seed", seed)
        seen.append((simulator.facts["corpid"], simulator.facts["secret"]))
        simulator.stop()
    assert seen[0] == seen[1] != seen[2]
    given = Simulator(tmp_path / "d", "--corpid", "wwgiven", "--secret", "s3cret")
    assert given.gettoken(corpid="wwgiven", secret="s3cret")["errcode"] == 0
    given.stop()


def test_it_stops_at_once_even_with_open_connections(data_dir: Path) -> None:
    simulator = Simulator(data_dir)
    simulator.token()
    before = time.monotonic()
    assert simulator.stop() == 0
    assert time.monotonic() - before < 3


def test_it_stops_even_when_told_so_while_still_starting(data_dir: Path) -> None:
    for _ in range(5):
        simulator = Simulator(data_dir)
        assert simulator.stop() == 0


def test_a_wrong_clock_is_said_at_the_start(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "wecom_simulator", "--port", "0", "--clock", "yesterday"]
    done = subprocess.run(
        [*command, "--data-dir", str(tmp_path)], capture_output=True, text=True, timeout=20
    )
    assert done.returncode != 0
    assert "frozen=" in done.stderr
