from tests.wecom_simulator.running import Simulator


def test_a_token_is_the_same_while_it_lives_and_its_life_is_not_extended(
    simulator: Simulator,
) -> None:
    first = simulator.gettoken()
    simulator.advance(100)
    second = simulator.gettoken()
    assert second["access_token"] == first["access_token"]
    assert second["expires_in"] == first["expires_in"] - 100


def test_after_its_time_a_token_is_42001_and_a_new_one_is_given(simulator: Simulator) -> None:
    old = simulator.token()
    simulator.advance(7_200)
    assert simulator.get("department/list", access_token=old)["errcode"] == 42001
    new = simulator.token()
    assert new != old
    assert simulator.read("department/list")["errcode"] == 0


def test_a_token_rotated_early_is_40014(simulator: Simulator) -> None:
    old = simulator.token()
    simulator.admin("tokens/rotate")
    assert simulator.get("department/list", access_token=old)["errcode"] == 40014
    assert simulator.gettoken()["access_token"] != old


def test_a_token_rotated_but_kept_still_works_and_is_not_given_again(simulator: Simulator) -> None:
    old = simulator.token()
    simulator.admin("tokens/rotate", keep_old=True)
    assert simulator.get("department/list", access_token=old)["errcode"] == 0
    assert simulator.gettoken()["access_token"] != old


def test_a_token_can_be_made_to_last_for_so_many_calls(simulator: Simulator) -> None:
    simulator.admin("tokens/rotate")
    token = simulator.gettoken()["access_token"]
    simulator.admin("settings", rotate_token_after_calls=2)
    codes = [simulator.get("getcallbackip", access_token=token)["errcode"] for _ in range(3)]
    assert codes == [0, 0, 40014]


def test_a_call_without_token_is_41001_and_so_is_one_in_the_body(simulator: Simulator) -> None:
    assert simulator.get("department/list")["errcode"] == 41001
    url = simulator.facts["base_url"] + "externalcontact/remark"
    answer = simulator.http.post(url, json={"access_token": simulator.token()}).json()
    assert answer["errcode"] == 41001


def test_wrong_credentials_have_their_codes(simulator: Simulator) -> None:
    assert simulator.gettoken(secret="x")["errcode"] == 40001
    assert simulator.gettoken(corpid="wwother")["errcode"] == 40013
    assert simulator.get("gettoken", corpsecret="x")["errcode"] == 41002
    assert simulator.get("gettoken", corpid="x")["errcode"] == 41004


def test_wrong_secrets_lock_the_address_out_for_an_hour(simulator: Simulator) -> None:
    simulator.admin("settings", wrong_secrets_until_lock_out=3)
    for _ in range(3):
        assert simulator.gettoken(secret="x")["errcode"] == 40001
    assert simulator.gettoken()["errcode"] == 45009
    simulator.advance(3_599)
    assert simulator.gettoken()["errcode"] == 45009
    simulator.advance(2)
    assert simulator.gettoken()["errcode"] == 0


def test_an_address_that_is_not_trusted_is_60020_also_for_the_token(simulator: Simulator) -> None:
    token = simulator.token()
    path = f"apps/{simulator.facts['agentid']}"
    simulator.admin(path, trusted_ips=["10.1.1.1"])
    try:
        assert simulator.gettoken()["errcode"] == 60020
        refused = simulator.get("department/list", access_token=token)
        assert refused["errcode"] == 60020
        assert "from ip: 127.0.0.1" in refused["errmsg"]
        assert refused["department"] == []  # empty payload beside the error
    finally:
        simulator.admin(path, trusted_ips=[])
    assert simulator.gettoken()["errcode"] == 0


def test_a_disabled_app_is_50003_and_one_not_listed_is_48002(simulator: Simulator) -> None:
    path = f"apps/{simulator.facts['agentid']}"
    simulator.admin(path, callable=False)
    assert simulator.read("externalcontact/get_follow_user_list")["errcode"] == 48002
    assert simulator.read("department/list")["errcode"] == 0
    simulator.admin(path, callable=True, enabled=False)
    assert simulator.read("department/list")["errcode"] == 50003
    simulator.admin(path, enabled=True)
