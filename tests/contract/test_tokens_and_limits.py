import importlib
import pkgutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import wecom_api
from tests.contract.conftest import times_called
from tests.wecom_simulator.running import FROZEN, Simulator
from wecom_api import Throttled, Transport, Unavailable, WeCom
from wecom_api.app_messages import Recipients
from wecom_api.editions import PATHS, Edition
from wecom_api.endpoints import Endpoint
from wecom_api.errors import (
    Busy,
    NotPermitted,
    SecretRefused,
    TokenRefused,
    Unsupported,
    UntrustedAddress,
)
from wecom_api.limits import InMemoryRateLimiter
from wecom_api.tags import NewTag

READ = "externalcontact/get_follow_user_list"


def endpoints() -> set[Endpoint]:
    modules = pkgutil.iter_modules(wecom_api.__path__)
    found = (vars(importlib.import_module(f"wecom_api.{m.name}")).values() for m in modules)
    return {value for values in found for value in values if isinstance(value, Endpoint)}


def test_the_simulator_knows_every_call_of_the_client(simulator: Simulator) -> None:
    apis = {endpoint.api for endpoint in endpoints()}
    assert len(apis) > 30
    for api in apis:
        answer = simulator.http.get(simulator.facts["base_url"] + api)
        assert answer.status_code == 200, api
        assert answer.json()["errcode"] == (41002 if api == "gettoken" else 41001)


@pytest.mark.parametrize(
    ("voided_by", "errcode"), [("tokens/expire", "42001"), ("tokens/rotate", "40014")]
)
def test_a_token_voided_early_is_renewed_once_however_many_call(
    simulator: Simulator, wecom: WeCom, voided_by: str, errcode: str
) -> None:
    wecom.customers.get_follow_user_list()
    simulator.admin("calls", "DELETE")
    simulator.admin(voided_by)
    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(lambda _: wecom.customers.get_follow_user_list(), range(24)))
    assert times_called(simulator, "gettoken") == {"0": 1}
    answers = times_called(simulator, READ)
    assert answers["0"] == 24
    assert 1 <= answers[errcode] <= 8
    assert set(answers) == {"0", errcode}


def test_a_write_that_met_a_voided_token_happens_once(simulator: Simulator, wecom: WeCom) -> None:
    friend = simulator.friend(simulator.member("t_write"))
    wecom.check()
    simulator.admin("tokens/expire")
    msgid = wecom.group_messages.add_msg_template(external_userids=[friend], text="一次 #T1").msgid
    made = [m for m in simulator.truth("mass")["messages"] if m["text"].endswith("#T1")]
    assert [one["msgid"] for one in made] == [msgid]


def test_a_token_refused_again_and_again_is_an_alarm(simulator: Simulator, wecom: WeCom) -> None:
    simulator.admin("faults", api=READ, kind="errcode", errcode=42001, times=None)
    with pytest.raises(TokenRefused):
        wecom.customers.get_follow_user_list()
    assert times_called(simulator, READ) == {"42001": 2}


def test_busy_reads_are_repeated_three_times_with_pauses(
    simulator: Simulator, wecom: WeCom, naps: list[float]
) -> None:
    simulator.admin("faults", api=READ, kind="errcode", errcode=-1, times=3)
    wecom.customers.get_follow_user_list()
    assert len(naps) == 3
    assert 1 <= naps[0] <= 3
    assert 4 <= naps[2] <= 8
    simulator.admin("faults", api=READ, kind="errcode", errcode=-1, times=4)
    with pytest.raises(Busy):
        wecom.customers.get_follow_user_list()


def test_the_rate_limit_stops_the_call_for_its_window_and_no_other_call(
    simulator: Simulator, connect: Callable[..., WeCom]
) -> None:
    limiter = InMemoryRateLimiter(scale=1000, patience_seconds=30)
    wecom = connect(simulator, limiter=limiter, clock=simulator.now)
    simulator.admin("settings", scale_limits=0.0005)  # five a minute
    wecom.check()
    for _ in range(5):
        wecom.customers.get_follow_user_list()
    with pytest.raises(Throttled) as stopped:
        wecom.customers.get_follow_user_list()
    assert (stopped.value.errcode, stopped.value.retry_after_seconds) == (45009, 60)
    simulator.admin("calls", "DELETE")
    with pytest.raises(Throttled):
        wecom.customers.get_follow_user_list()
    assert times_called(simulator, READ) == {}
    assert wecom.departments.list()
    simulator.advance(61)
    wecom.customers.get_follow_user_list()


def test_too_many_at_once_are_throttled_and_the_rest_are_answered(
    simulator: Simulator, wecom: WeCom
) -> None:
    wecom.check()
    simulator.admin("settings", concurrency_limit=2, latency_real_seconds=0.3)

    def ask(_: int) -> int | None:
        try:
            wecom.customers.get_follow_user_list()
        except Throttled as stopped:
            return stopped.errcode
        return 0

    with ThreadPoolExecutor(6) as crowd:
        codes = sorted(code for code in crowd.map(ask, range(6)) if code is not None)
    assert codes == [0, 0, 45033, 45033, 45033, 45033]


def test_a_wrong_secret_is_asked_once_so_that_our_address_is_not_locked_out(
    simulator: Simulator, connect: Callable[..., WeCom], wecom: WeCom
) -> None:
    wrong = connect(simulator, secret="wrong")
    for _ in range(50):
        with pytest.raises(SecretRefused):
            wrong.customers.get_follow_user_list()
    assert times_called(simulator, "gettoken") == {"40001": 1}
    wecom.check()


def test_a_locked_out_address_is_told_to_wait_and_gets_in_an_hour_later(
    simulator: Simulator, connect: Callable[..., WeCom]
) -> None:
    for n in range(10):
        with pytest.raises(SecretRefused):
            connect(simulator, secret=f"guess{n}").check()
    with pytest.raises(Unavailable):
        connect(simulator).check()
    simulator.advance(3600)
    connect(simulator).check()


def test_an_unknown_corp_is_refused(simulator: Simulator, connect: Callable[..., WeCom]) -> None:
    with pytest.raises(SecretRefused) as refusal:
        connect(simulator, corpid="ww-other").check()
    assert refusal.value.errcode == 40013


def test_a_foreign_address_and_an_app_not_allowed_are_said_apart(
    simulator: Simulator, connect: Callable[..., WeCom], wecom: WeCom
) -> None:
    closed = simulator.admin("apps", name="外网", trusted_ips=["192.0.2.1"])
    with pytest.raises(UntrustedAddress) as refusal:
        connect(simulator, secret=closed["secret"]).check()
    assert "from ip: 127.0.0.1" in refusal.value.errmsg
    bare = simulator.admin("apps", name="未授权", callable=False)
    with pytest.raises(NotPermitted):
        connect(simulator, secret=bare["secret"]).customers.get_follow_user_list()
    off = simulator.admin("apps", name="停用", enabled=False)
    with pytest.raises(SecretRefused) as disabled:
        connect(simulator, secret=off["secret"]).check()
    assert disabled.value.errcode == 50003


def test_a_success_without_errcode_is_a_success(simulator: Simulator, wecom: WeCom) -> None:
    userid = simulator.member("t_bare")
    simulator.admin("settings", omit_envelope=["*"])
    assert userid in wecom.customers.get_follow_user_list()
    assert wecom.tags.get_corp_tag_list() is not None


def test_none_of_our_requests_has_a_wrong_json_type(
    simulator: Simulator, connect: Callable[..., WeCom]
) -> None:
    warned: list[str] = []
    wecom = connect(simulator, warn=lambda api, errmsg: warned.append(api))
    userid = simulator.member("t_types")
    friend = simulator.friend(userid)
    group = wecom.tags.add_corp_tag([NewTag("x", 1)], group_name="类型", order=1)
    wecom.tags.edit_corp_tag(group.group_id, order=2)
    wecom.tags.mark_tag(userid, friend, add_tag=[group.tag[0].id])
    wecom.customers.remark(userid, friend, remark="x", remark_mobiles=["1"])
    list(wecom.customers.batch_get_by_user([userid]))
    way = wecom.contact_ways.add(user=[userid], skip_verify=True, is_exclusive=False)
    wecom.contact_ways.update(way.config_id, user=[userid], style=1, skip_verify=False)
    list(wecom.contact_ways.list(start_time=1))
    now = int(simulator.now())
    send = wecom.group_messages.add_msg_template
    send(sender=userid, text="x", allow_select=True, tag_filter=[[group.tag[0].id]])
    wecom.group_messages.list_v2(start_time=now - 60, end_time=now, creator=userid)
    wecom.behaviour.get_user_behavior_data(partyid=[1], start_time=now, end_time=now)
    wecom.app_messages.text(Recipients((userid,), (1,)), "x")
    assert warned == []


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    data_dir = tmp_path_factory.mktemp("private")
    one = Simulator(data_dir, "--profile", "private", "--clock", f"frozen={FROZEN}")
    yield one
    one.stop()
    one.http.close()


@pytest.fixture
def on_premises(private: Simulator, connect: Callable[..., WeCom]) -> WeCom:
    transport = Transport(private.facts["base_url"], paths=PATHS[Edition.PRIVATE])
    return connect(private, transport=transport, edition=Edition.PRIVATE)


def test_the_private_edition_signs_in_by_the_older_path(
    private: Simulator, on_premises: WeCom
) -> None:
    userid = private.member("p_sign")
    url = on_premises.sign_in.authorize_url("https://w.invalid/", state="s").partition("#")[0]
    back = private.http.get(f"{url}&auto_userid={userid}").headers["location"]
    code = back.partition("code=")[2].partition("&")[0]
    assert on_premises.sign_in.getuserinfo(code).userid == userid
    assert set(times_called(private, "user/getuserinfo")) == {"0"}
    assert times_called(private, "auth/getuserinfo") == {}


def test_the_private_edition_tells_of_members_what_its_console_allows(
    private: Simulator, on_premises: WeCom
) -> None:
    private.member("p_member", name="钱民警", department=[1], position="民警")
    bare = on_premises.members.get("p_member")
    assert (bare.userid, bare.name, bare.status) == ("p_member", "", 0)
    private.admin("settings", private_member_fields=["name", "department", "status"])
    shown = on_premises.members.get("p_member")
    assert (shown.name, shown.department, shown.status) == ("钱民警", (1,), 1)
    assert shown.position == ""


def test_the_private_edition_has_no_customer_contact_and_the_client_says_so(
    private: Simulator, on_premises: WeCom, connect: Callable[..., WeCom]
) -> None:
    private.admin("calls", "DELETE")
    with pytest.raises(Unsupported):
        on_premises.customers.get_follow_user_list()
    assert times_called(private, READ) == {}
    with pytest.raises(Unsupported):  # also when told that it were there
        connect(private).customers.get_follow_user_list()


def test_a_wrong_secret_of_the_private_edition_is_a_refused_secret(
    private: Simulator, connect: Callable[..., WeCom]
) -> None:
    with pytest.raises(SecretRefused) as refusal:
        connect(private, secret="wrong", edition=Edition.PRIVATE).check()
    assert refusal.value.errcode == 40091
