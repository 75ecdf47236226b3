import threading
import time

import pytest

from wecom_api import Transport, WeCom
from wecom_api.errors import Misconfigured, SecretRefused, TokenRefused, Unavailable
from wecom_api.tokens import Credential, InMemoryTokenCache, Token, cache_key

from .servers import TOKEN, answer, is_gettoken


class Clock:
    def __init__(self) -> None:
        self.now = 1_764_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_twenty_threads_fetch_one_token(serve):
    def behave(connection, request):
        if is_gettoken(request):
            time.sleep(0.2)  # long enough for all threads to arrive
            connection.sendall(TOKEN)
        else:
            connection.sendall(answer(b'{"errcode":0,"external_userid":["wm1"]}'))

    server = serve(behave)
    wecom = WeCom(
        corpid="ww1", secret="s", agentid=1, transport=Transport(server.url, timeout_seconds=10)
    )
    together = threading.Barrier(20)
    found = []

    def work():
        together.wait()
        found.append(wecom.customers.list("li"))

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [("wm1",)] * 20
    assert sum(is_gettoken(request) for request in server.requests) == 1


def test_twenty_threads_replace_a_voided_token_once(serve):
    lock, issued = threading.Lock(), []

    def behave(connection, request):
        line = request.split(b"\r\n", 1)[0]
        if is_gettoken(request):
            with lock:
                issued.append(len(issued) + 1)
                value = issued[-1]
            time.sleep(0.1)
            body = b'{"access_token":"t%d","expires_in":7200}' % value
        elif b"access_token=t1 " in line or b"access_token=t1&" in line:
            body = b'{"errcode":40014,"errmsg":"invalid access_token"}'
        else:
            body = b'{"errcode":0,"external_userid":[]}'
        connection.sendall(answer(body))

    server = serve(behave)
    wecom = WeCom(corpid="ww1", secret="s", agentid=1, transport=Transport(server.url))
    wecom.check()
    failures = []

    def work():
        try:
            wecom.customers.list("li")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert issued == [1, 2]


@pytest.mark.parametrize("errcode", [40014, 41001, 42001])
def test_a_voided_token_is_refreshed_once_and_the_call_repeated_once(script, wecom, errcode):
    script.answer(
        "externalcontact/list", {"errcode": errcode}, {"errcode": 0, "external_userid": ["wm1"]}
    )
    assert wecom.customers.list("li") == ("wm1",)
    used = [request.query["access_token"] for request in script.asked("externalcontact/list")]
    assert used == ["token-1", "token-2"]


def test_a_mass_message_refused_for_its_token_is_asked_again_since_nothing_happened(script, wecom):
    api = "externalcontact/add_msg_template"
    script.answer(api, {"errcode": 42001}, {"errcode": 0, "msgid": "msg1"})
    added = wecom.group_messages.add_msg_template(sender="li", text="x")
    assert added.msgid == "msg1"
    assert len(script.asked(api)) == 2


def test_a_message_is_not_refused_because_its_token_was_not_to_be_had(script, wecom):
    api = "externalcontact/add_msg_template"
    script.answer("gettoken", {"errcode": 99_999, "errmsg": "no page knows this number"})
    with pytest.raises(Unavailable):
        wecom.group_messages.add_msg_template(sender="li", text="x")
    assert script.asked(api) == []
    script.answer(api, {"errcode": 0, "msgid": "msg1"})
    assert wecom.group_messages.add_msg_template(sender="li", text="x").msgid == "msg1"


def test_a_fresh_token_that_is_refused_again_is_an_alarm(script, wecom):
    script.answer("externalcontact/list", *[{"errcode": 42001}] * 5)
    with pytest.raises(TokenRefused):
        wecom.customers.list("li")
    assert len(script.asked("externalcontact/list")) == 2
    assert len(script.asked("gettoken")) == 2


@pytest.mark.parametrize("errcode", [40001, 40013, 40091, 50003, 301007])
def test_a_refused_secret_is_not_tried_again_for_a_while(script, make_wecom, clock, errcode):
    wecom = make_wecom(clock=clock)
    script.answer("gettoken", {"errcode": errcode, "errmsg": "invalid"})
    for _ in range(50):
        with pytest.raises(SecretRefused) as refused:
            wecom.customers.list("li")
        assert refused.value.errcode == errcode
    assert len(script.asked("gettoken")) == 1

    clock.now += 601
    assert wecom.customers.list("li") == ()
    assert len(script.asked("gettoken")) == 2


def test_a_secret_refused_by_an_ordinary_call_stops_all_calls(script, make_wecom, clock):
    wecom = make_wecom(clock=clock)
    script.answer("externalcontact/list", {"errcode": 50003})
    with pytest.raises(SecretRefused):
        wecom.customers.list("li")
    with pytest.raises(SecretRefused):
        wecom.departments.list()
    assert script.asked("department/list") == []


def test_an_untrusted_address_is_an_alarm_and_not_remembered_as_a_bad_secret(script, wecom):
    script.answer("gettoken", {"errcode": 60020, "errmsg": "from ip: 192.0.2.1"})
    with pytest.raises(Misconfigured):
        wecom.customers.list("li")
    assert wecom.customers.list("li") == ()


def test_a_token_is_kept_until_five_minutes_before_its_end(script, make_wecom, clock):
    wecom = make_wecom(clock=clock)
    wecom.check()
    clock.now += 7200 - 301
    wecom.check()
    assert len(script.asked("gettoken")) == 1
    clock.now += 2
    wecom.check()
    assert len(script.asked("gettoken")) == 2


def test_a_token_that_wecom_keeps_handing_out_is_not_fetched_for_each_call(clock):
    # WeCom may return the same token until it expires; what is left then shrinks.
    ends_at, fetched = clock.now + 7200, []

    def fetch():
        fetched.append(clock.now)
        return "same", ends_at - clock.now

    credential = Credential(InMemoryTokenCache(), "k", fetch, clock=clock)
    for _ in range(7199):
        assert credential.current() == "same"
        clock.now += 1
    assert len(fetched) <= 12


def test_a_failed_early_renewal_leaves_the_working_token_in_use(script, make_wecom, clock):
    wecom = make_wecom(clock=clock)
    wecom.check()
    clock.now += 7000
    script.answer("gettoken", {"errcode": -1}, {"errcode": 45009})
    wecom.customers.list("li")
    assert script.asked("externalcontact/list")[0].query["access_token"] == "token-1"


def test_without_any_token_a_busy_gettoken_is_said_to_be_unavailable(script, make_wecom, clock):
    wecom = make_wecom(clock=clock)
    script.answer("gettoken", *[{"errcode": -1}] * 4)
    with pytest.raises(Unavailable):
        wecom.customers.list("li")


def test_a_token_answer_without_a_token_is_not_cached(script, wecom):
    script.answer("gettoken", {"errcode": 0})
    with pytest.raises(Unavailable):
        wecom.check()
    wecom.check()


def test_two_processes_that_share_a_cache_share_the_token(script, make_wecom):
    cache = InMemoryTokenCache()
    make_wecom(tokens=cache).check()
    make_wecom(tokens=cache).check()
    assert len(script.asked("gettoken")) == 1


def test_the_cache_key_tells_apps_apart_without_their_secrets():
    one, other = cache_key("access_token", "ww1", "secret-a"), cache_key("access_token", "ww1", "b")
    assert one != other
    assert "secret-a" not in one


def test_a_token_of_no_life_is_not_cached_for_ever():
    assert Token.lasting("x", 0, 100.0).expires_at <= 101.0
