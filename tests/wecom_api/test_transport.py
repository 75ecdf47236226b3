import logging
import socket
import threading
import time

import httpx
import pytest

from wecom_api import Transport, WeCom
from wecom_api.app_messages import Recipients
from wecom_api.errors import (
    InvalidRequest,
    Misconfigured,
    Rejected,
    Throttled,
    Unanswered,
    Unavailable,
    Unsupported,
)

from .servers import after_gettoken, answer, drip, reset

OK = answer(b'{"errcode":0,"errmsg":"ok","msgid":"msg1"}')


def client(url: str, timeout_seconds: float = 5.0, **changes) -> WeCom:
    transport = Transport(url, timeout_seconds=timeout_seconds, **changes)
    return WeCom(corpid="ww1", secret="s", agentid=1, transport=transport)


def ask(wecom: WeCom):
    return wecom.group_messages.add_msg_template(sender="li", text="〔隆警7K2Q〕")


def read(wecom: WeCom):
    return wecom.customers.get_follow_user_list()


def test_a_real_answer_is_read(serve):
    server = serve(after_gettoken(lambda connection: connection.sendall(OK)))
    assert ask(client(server.url)).msgid == "msg1"


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_server_that_drips_is_cut_off_in_time(serve, part):
    head, _, body = OK.partition(b"\r\n\r\n")

    def behave(connection):
        if part == "body":
            connection.sendall(head + b"\r\n\r\n")
            drip(connection, body, seconds_between=0.3)
        else:
            drip(connection, OK, seconds_between=0.3)

    server = serve(after_gettoken(behave))
    started = time.monotonic()
    with pytest.raises(Unanswered):
        ask(client(server.url, timeout_seconds=1.0))
    assert time.monotonic() - started < 2.0


def test_a_server_that_says_nothing_is_cut_off_in_time(serve):
    server = serve(after_gettoken(lambda connection: time.sleep(5)))
    started = time.monotonic()
    with pytest.raises(Unanswered):
        ask(client(server.url, timeout_seconds=0.5))
    assert time.monotonic() - started < 1.5


def test_a_server_that_reads_slowly_is_cut_off_in_time():
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    stop = threading.Event()

    def sip():
        connection, _ = listening.accept()
        with connection:
            while not stop.is_set():
                if not connection.recv(65536):
                    return
                time.sleep(0.02)

    threading.Thread(target=sip, daemon=True).start()
    transport = Transport(f"http://127.0.0.1:{listening.getsockname()[1]}", timeout_seconds=1.0)
    started = time.monotonic()
    with pytest.raises(Exception) as silence:
        transport.send("POST", "media/upload", query={}, body={"x": "y" * 30_000_000})
    stop.set()
    listening.close()
    assert type(silence.value).__name__ == "NoAnswer"
    assert time.monotonic() - started < 2.5


def test_a_refused_connection_means_nothing_was_sent():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Unavailable):
        ask(client(f"http://127.0.0.1:{port}"))


def test_a_name_that_does_not_resolve_means_nothing_was_sent():
    with pytest.raises(Unavailable):
        ask(client("http://nowhere.invalid"))


@pytest.mark.parametrize(
    "behave",
    [
        reset,
        lambda connection: connection.close(),
        lambda connection: connection.sendall(OK[:25]),
        lambda connection: connection.sendall(answer(b'{"errcode":0,"msg', length=500)),
        lambda connection: connection.sendall(answer(b"<html>busy</html>")),
        lambda connection: connection.sendall(answer(b"")),
        lambda connection: connection.sendall(answer(b"[]")),
        lambda connection: connection.sendall(answer(b'"ok"')),
        lambda connection: connection.sendall(answer(b"[" * 100_000)),
        lambda connection: connection.sendall(answer(b'{"errcode":"zero"}')),
        lambda connection: connection.sendall(answer(b'{"errcode":0}')),
        lambda connection: connection.sendall(answer(b'{"errcode":0,"msgid":"m","fail_list":1}')),
        lambda connection: connection.sendall(answer(b"\xff\xfe\x00")),
        lambda connection: connection.sendall(answer(b"oops", "500 Internal Server Error")),
        lambda connection: connection.sendall(answer(b"{}", "502 Bad Gateway")),
        lambda connection: connection.sendall(answer(b"{}", "504 Gateway Timeout")),
        lambda connection: connection.sendall(answer(b"", "204 No Content")),
        lambda connection: connection.sendall(b"not http at all\r\n\r\n"),
    ],
)
def test_a_request_that_left_without_a_clear_answer_is_unanswered_and_not_repeated(serve, behave):
    server = serve(after_gettoken(behave))
    with pytest.raises(Unanswered):
        ask(client(server.url))
    assert len(server.requests) == 2  # gettoken and one request


@pytest.mark.parametrize(
    "behave",
    [
        reset,
        lambda connection: connection.sendall(answer(b"oops", "500 Internal Server Error")),
        lambda connection: connection.sendall(answer(b"<html>")),
    ],
)
def test_a_lost_answer_to_a_read_may_simply_be_asked_again_later(serve, behave):
    server = serve(after_gettoken(behave))
    with pytest.raises(Unavailable):
        read(client(server.url))
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ("301 Moved Permanently", Misconfigured),
        ("401 Unauthorized", Misconfigured),
        ("403 Forbidden", Misconfigured),
        ("404 Not Found", Unsupported),
        ("405 Method Not Allowed", Unsupported),
        ("413 Content Too Large", Rejected),
        ("429 Too Many Requests", Throttled),
    ],
)
def test_a_status_that_proves_that_nothing_happened_is_not_unanswered(serve, status, meaning):
    server = serve(after_gettoken(lambda connection: connection.sendall(answer(b"", status))))
    with pytest.raises(meaning):
        ask(client(server.url))


def test_a_mass_message_never_travels_on_a_connection_that_may_be_dead(serve):
    # A server that keeps connections open, as it says, but closes them after the first answer.
    kept = OK.replace(b"Connection: close\r\n", b"")

    def behave(connection, request):
        connection.sendall(
            answer(b'{"access_token":"t","expires_in":7200}').replace(b"Connection: close\r\n", b"")
            if b"/gettoken?" in request
            else kept
        )

    wecom = client(serve(behave).url)
    for _ in range(30):
        assert ask(wecom).msgid == "msg1"


def test_an_answer_without_end_is_cut_off(serve):
    def flood(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    server = serve(after_gettoken(flood))
    with pytest.raises(Unanswered, match="too long"):
        ask(client(server.url, max_answer_bytes=1_000_000))


def test_redirects_are_not_followed(serve):
    elsewhere = serve(lambda connection, request: connection.sendall(OK))

    def redirect(connection):
        head = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {elsewhere.url}/\r\n"
        connection.sendall(head.encode() + b"Content-Length: 0\r\n\r\n")

    server = serve(after_gettoken(redirect))
    with pytest.raises(Misconfigured):
        ask(client(server.url))
    assert elsewhere.requests == []


def test_proxies_of_the_environment_are_ignored(serve, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server = serve(after_gettoken(lambda connection: connection.sendall(OK)))
    assert ask(client(server.url)).msgid == "msg1"


@pytest.mark.parametrize(
    "base_url",
    [
        "https://wecom.example",
        "https://wecom.example/",
        "https://wecom.example/cgi-bin",
        "https://wecom.example/cgi-bin/",
    ],
)
def test_the_base_url_may_or_may_not_end_in_cgi_bin(script, base_url):
    transport = Transport(base_url, http=httpx.MockTransport(script))
    transport.send("GET", "department/list", query={})
    assert [request.api for request in script.requests] == ["department/list"]


def test_a_deployment_may_live_on_a_port_and_below_a_path():
    assert Transport("https://wecom.example:8443/wx/").root == (
        "https://wecom.example:8443/wx/cgi-bin/"
    )


@pytest.mark.parametrize("base_url", ["", "wecom.example", "ftp://wecom.example", "https://"])
def test_something_else_than_a_base_url_is_refused_at_the_start(base_url):
    with pytest.raises(ValueError, match="base URL"):
        Transport(base_url)


def test_a_single_path_can_be_replaced(script, make_wecom):
    script.answer("user/getuserinfo", {"errcode": 0, "UserId": "li"})
    transport = Transport(
        "https://wecom.example",
        paths={"auth/getuserinfo": "user/getuserinfo"},
        http=httpx.MockTransport(script),
    )
    assert make_wecom(transport=transport).sign_in.getuserinfo("c").userid == "li"


def test_text_that_is_not_unicode_never_leaves(script, wecom):
    with pytest.raises(InvalidRequest):
        wecom.group_messages.add_msg_template(sender="li", text="\ud800")
    assert script.asked("externalcontact/add_msg_template") == []


def test_secrets_do_not_reach_the_log(serve, caplog):
    caplog.set_level(logging.DEBUG)
    server = serve(after_gettoken(lambda connection: connection.sendall(OK)))
    transport = Transport(server.url)
    wecom = WeCom(corpid="ww1", secret="very-secret", agentid=1, transport=transport)
    ask(wecom)
    assert "/cgi-bin/gettoken" in caplog.text
    assert "very-secret" not in caplog.text
    assert "token-1" not in caplog.text


def test_a_warning_about_our_json_is_reported(script, make_wecom):
    heard = []
    wecom = make_wecom(warn=lambda api, errmsg: heard.append(api))
    script.answer(
        "message/send", {"errcode": 0, "errmsg": "ok. Warning: wrong json format. ", "msgid": "m"}
    )
    wecom.app_messages.text(Recipients(("li",)), "x")
    assert heard == ["message/send"]


def test_each_answer_can_be_observed(script, make_wecom):
    seen = []
    wecom = make_wecom(observe=lambda api, errcode, seconds: seen.append((api, errcode)))
    script.answer("externalcontact/get", {"errcode": 84061}, httpx.ReadTimeout("slow"))
    for _ in range(2):
        with pytest.raises((Rejected, Unavailable)):
            wecom.customers.get("wm1")
    get = "externalcontact/get"
    assert seen == [("gettoken", 0), (get, 84061), (get, None)]
