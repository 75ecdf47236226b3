"""weijing.js in a real browser, under the policy the server sends; and the same page without it."""

import mimetypes
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from playwright import sync_api

from tests.web import gallery
from tests.web.chromium import CHROMIUM
from weijing.core import clock

pytestmark = pytest.mark.browser

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
)
PAGE = """
{% extends "base/phone.html" %}{% block title %}今日{% endblock %}
{% block heading %}今日{% endblock %}
{% block content %}
  <input id="q" aria-label="搜索" data-key="/">
  <a id="opens" href="#sending">去确认</a>
  {% size_switch %}
  {% countdown soon %}
  <div id="panel" class="dims">
    <a id="get" href="/gone" hx-get="/gone" hx-target="#panel">刷新</a>
  </div>
{% endblock %}
{% block overlays %}{% sheet "确认群发" "sending" %}<button id="send">发给</button>{% endsheet %}
{% endblock %}
"""


class Server(BaseHTTPRequestHandler):
    page = ""

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        found = finders.find(path.removeprefix("/static/")) if path.startswith("/static/") else None
        if path == "/":
            self._answer(200, "text/html; charset=utf-8", self.page.encode())
        elif found:
            kind = mimetypes.guess_type(str(found))[0] or "text/plain"
            self._answer(200, kind, Path(str(found)).read_bytes())
        else:
            self._answer(500, "text/html", b"<h1>proxy error</h1>")

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    Server.page = gallery.render(PAGE, soon=clock.now() + timedelta(minutes=6))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-quic"]
        )
        yield browser
        browser.close()


@pytest.fixture
def tab(browser: Any, address: str) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    tab = context.new_page()
    tab.complaints = []
    tab.on("console", lambda message: tab.complaints.append(message.text))
    tab.goto(address)
    yield tab
    context.close()


def focused(tab: Any) -> str:
    return str(tab.evaluate("document.activeElement.id || document.activeElement.tagName"))


def test_the_page_obeys_the_policy_and_needs_no_wider_screen(tab: Any) -> None:
    assert tab.complaints == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def test_half_typed_pinyin_is_not_a_query(tab: Any) -> None:
    tab.evaluate("window.ready = 0; document.addEventListener('q-ready', () => window.ready++)")
    options = "{bubbles: true, isComposing: composing}"
    fire = f"(composing) => q.dispatchEvent(new InputEvent('input', {options}))"
    tab.evaluate(fire, True)
    assert tab.evaluate("ready") == 0
    tab.evaluate("q.dispatchEvent(new CompositionEvent('compositionend', {bubbles: true}))")
    assert tab.evaluate("ready") == 1
    tab.evaluate(fire, False)
    assert tab.evaluate("ready") == 2


def test_a_sheet_holds_the_focus_and_gives_it_back(tab: Any) -> None:
    tab.click("#opens")
    assert tab.is_visible("#sending")
    sync_api.expect(tab.locator("#sending-title")).to_be_focused()
    for _ in range(5):
        tab.keyboard.press("Tab")
        assert tab.evaluate("sending.contains(document.activeElement)")
    tab.keyboard.press("Shift+Tab")
    assert tab.evaluate("sending.contains(document.activeElement)")
    tab.keyboard.press("Escape")
    assert not tab.is_visible("#sending")
    sync_api.expect(tab.locator("#opens")).to_be_focused()


def test_a_tap_beside_the_sheet_closes_it(tab: Any) -> None:
    tab.click("#opens")
    tab.mouse.click(195, 20)
    assert not tab.is_visible("#sending")


def test_a_size_is_remembered(tab: Any) -> None:
    tab.click("[data-size-to=care]")
    assert tab.evaluate("document.documentElement.dataset.size") == "care"
    cookies = {cookie["name"]: cookie["value"] for cookie in tab.context.cookies()}
    assert cookies == {"weijing_size": "care"}
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_countdown_follows_the_deadline(tab: Any) -> None:
    before = tab.inner_text(".countdown")
    sync_api.expect(tab.locator(".countdown")).not_to_have_text(before)
    assert before > tab.inner_text(".countdown") > "05:50"
    tab.evaluate("document.querySelector('.countdown').dataset.deadline = Date.now() / 1000 - 750")
    sync_api.expect(tab.locator(".countdown")).to_have_text("超 12 分")
    assert "countdown--over" in tab.get_attribute(".countdown", "class")


def test_a_slash_goes_to_the_search_field_unless_switched_off(tab: Any) -> None:
    tab.keyboard.press("/")
    assert focused(tab) == "q"
    assert tab.input_value("#q") == ""
    tab.evaluate("document.activeElement.blur(); document.documentElement.dataset.keys = 'off'")
    tab.keyboard.press("/")
    assert focused(tab) == "BODY"


def test_a_panel_that_fails_says_so_once_and_keeps_its_content(tab: Any) -> None:
    for _ in range(2):
        tab.click("#get")
        tab.wait_for_selector("[data-failed]")
    assert tab.locator("[data-failed]").count() == 1
    assert "没加载出来" in tab.inner_text("[data-failed]")
    assert "刷新" in tab.inner_text("#panel")
    assert "proxy error" not in tab.content()


def test_a_toast_appears_as_text_and_leaves(tab: Any) -> None:
    tab.evaluate(
        "document.dispatchEvent(new CustomEvent('toast', {detail: {text: '<b>已改派</b>'}}))"
    )
    assert tab.inner_text(".toast") == "<b>已改派</b>"
    tab.wait_for_selector(".toast", state="detached", timeout=9000)


def test_without_javascript_a_sheet_still_opens_and_closes(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    tab = context.new_page()
    tab.goto(address)
    assert not tab.is_visible("#sending")
    tab.click("#opens")
    assert tab.is_visible("#sending")
    tab.click("#sending [data-closes]")
    assert not tab.is_visible("#sending")
    context.close()


def test_the_script_is_small() -> None:
    assert Path(str(finders.find("weijing/js/weijing.js"))).stat().st_size < 6 * 1024
