"""Beside a chat: whose it is, asked of WeCom through its own JS-SDK; what is left without it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright import sync_api
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.web.chromium import ARGS, CHROMIUM, PATIENCE_MS
from tests.wecom_simulator.running import FROZEN, Simulator
from wecom_api import WeCom
from wecom_api.js_sdk import sign
from weijing.core import env, line
from weijing.core.line.client import OUTCOMES
from weijing.residents.models import Contact
from weijing.sync.models import ContactRefresh

WECOM = "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 wxwork/4.1.30 MicroMessenger/7.0.1"
# WeCom's client, as the SDK finds it in the page: it answers by name and notes what was asked.
BRIDGE = """
window.asked = [];
window.WeixinJSBridge = {
  on: function () {},
  call: function () {},
  invoke: function (name, params, answer) {
    window.asked.push({name: name, params: params});
    var known = %s;
    setTimeout(function () { answer(known[name] || {err_msg: name + ":ok"}); }, 0);
  }
};
"""


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    one = Simulator(tmp_path / "wecom", "--clock", f"frozen={FROZEN}", "--scale-limits", "0")
    yield one
    one.stop()


@pytest.fixture
def wecom(
    transactional_db: None, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WeCom]:
    """Our own line, to the simulator."""
    facts = simulator.facts
    settings: dict[str, Any] = {
        "wecom_base_url": facts["base_url"].removesuffix("/cgi-bin/"),
        "wecom_corpid": facts["corpid"],
        "wecom_agentid": facts["agentid"],
        "wecom_secret": facts["secret"],
        "wecom_timeout_seconds": 5.0,
    }
    for name, value in settings.items():
        monkeypatch.setattr(env.environment(), name, value)
    yield line.wecom()
    OUTCOMES.flush()
    line.hang_up()


def test_an_address_of_ours_is_signed_from_kept_tickets(wecom, beat, simulator):
    wecom.js_sdk.keep_tickets()
    simulator.stop()  # a page never asks WeCom
    url = "http://testserver/s/contact/?from=single_chat_tools"
    made = beat.client.get("/s/signature/", {"url": url}).json()
    assert (made["corpId"], made["agentId"]) == (
        simulator.facts["corpid"],
        simulator.facts["agentid"],
    )
    for name, ticket in (
        ("config", wecom.js_sdk.corp_ticket()),
        ("agentConfig", wecom.js_sdk.agent_ticket()),
    ):
        one = made[name]
        expected = sign(ticket, url, noncestr=one["nonceStr"], timestamp=one["timestamp"])
        assert one["signature"] == expected.signature
    simulator.start()


@pytest.mark.parametrize(
    "url", ["", "https://elsewhere.invalid/s/contact/", "http://testserver.invalid/", "//x"]
)
def test_no_other_address_is_signed(wecom, beat, url):
    wecom.js_sdk.keep_tickets()
    assert beat.client.get("/s/signature/", {"url": url}).status_code == 400


def test_without_tickets_the_page_does_not_wait_and_a_job_fetches_them(wecom, beat):
    for _ in range(2):
        answer = beat.client.get("/s/signature/", {"url": "http://testserver/s/contact/"})
        assert answer.status_code == 503
    job = ProcrastinateJob.objects.get(task_name="core.fetch_tickets")
    assert job.args == {}


def test_without_wecom_nothing_is_signed(beat):
    answer = beat.client.get("/s/signature/", {"url": "http://testserver/s/contact/"})
    assert answer.status_code == 503


def test_a_friend_not_read_yet_is_read_soon(beat):
    answer = beat.client.post("/s/contact/", {"external_userid": "wmNewFriend"})
    assert "正在读取" in answer.content.decode()
    assert ContactRefresh.objects.get().external_userid == "wmNewFriend"


@pytest.mark.parametrize("made_up", ["", "x", "wm' OR 1", "wm" + "a" * 200])
def test_nothing_is_read_for_what_is_no_id(beat, made_up):
    beat.client.post("/s/contact/", {"external_userid": made_up})
    assert not ContactRefresh.objects.exists()


def test_an_answer_about_a_chat_does_not_ask_again(beat):
    page = beat.client.post("/s/contact/", {"external_userid": "wmNewFriend"}).content.decode()
    assert "wecom-jssdk" not in page
    assert 'id="chat"' not in page


def test_only_an_officer_gets_a_signature(beat, client):
    client.logout()
    answer = client.get("/s/signature/", {"url": "http://testserver/s/contact/"})
    assert answer.status_code == 302


# --- in a browser, with the SDK itself ------------------------------------------------------------

in_browser = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def beside(browser, wecom, beat, live_server):
    """Opens the sidebar in a WeCom that gives these answers, by name of the call."""
    contexts = []

    def opened(answers: str, *, agent: str = WECOM, page_url: str = "/s/contact/") -> sync_api.Page:
        context = browser.new_context(viewport={"width": 390, "height": 844}, user_agent=agent)
        contexts.append(context)
        context.add_cookies(
            [
                {"name": name, "value": morsel.value, "url": live_server.url}
                for name, morsel in beat.client.cookies.items()
            ]
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.add_init_script(BRIDGE % answers)
        page.goto(f"{live_server.url}{page_url}")
        return page

    yield opened
    for context in contexts:
        context.close()


def answers(entry: str, userid: str = "") -> str:
    return (
        f'{{"getContext": {{"err_msg": "getContext:ok", "entry": "{entry}"}},'
        f' "getCurExternalContact": {{"err_msg": "getCurExternalContact:ok",'
        f' "userId": "{userid}"}}}}'
    )


@in_browser
def test_beside_a_chat_the_person_s_page_opens_by_itself(wecom, beat, beside, live_server):
    wecom.js_sdk.keep_tickets()
    contact = beat.stranger("山里人家")
    page = beside(answers("single_chat_tools", contact.identity.external_userid))
    page.wait_for_url(f"{live_server.url}/o/contacts/{contact.pk}/label/")
    page.get_by_text("山里人家").wait_for()
    assert contact.identity.external_userid not in page.url


@in_browser
def test_the_sdk_proves_the_page_with_our_signature(wecom, beat, beside, live_server):
    wecom.js_sdk.keep_tickets()
    page = beside(answers("normal"))
    page.get_by_text("请从聊天右侧打开，或在这里找人").wait_for()
    shown = [one for one in page.evaluate("window.asked") if one["name"] == "agentConfig"]
    given = shown[0]["params"]
    url = f"{live_server.url}/s/contact/"
    expected = sign(
        wecom.js_sdk.agent_ticket(),
        url,
        noncestr=given["nonceStr"],
        timestamp=int(given["timestamp"]),
    )
    assert given["signature"] == expected.signature
    assert "getCurExternalContact" not in [one["name"] for one in page.evaluate("window.asked")]


@in_browser
@pytest.mark.parametrize(
    "said",
    [
        '{"agentConfig": {"err_msg": "agentConfig:fail"}}',
        '{"getContext": {"err_msg": "getContext:fail no permission"}}',
        '{"getContext": {"err_msg": "getContext:ok", "entry": "single_chat_tools"},'
        ' "getCurExternalContact": {"err_msg":'
        ' "getCurExternalContact:without context of external contact"}}',
    ],
)
def test_whatever_goes_wrong_leaves_the_search_page_in_words(wecom, beat, beside, said):
    wecom.js_sdk.keep_tickets()
    beat.stranger("山里人家")
    page = beside(said)
    page.get_by_text("没认出这是谁的聊天").wait_for()
    assert page.get_by_label("找人").is_visible()
    assert page.get_by_text("山里人家").is_visible()
    assert "err" not in page.inner_text("body").lower()


@in_browser
def test_outside_wecom_it_is_a_search_page_at_once(beat, beside):
    beat.stranger("山里人家")
    page = beside("{}", agent="Mozilla/5.0")
    page.get_by_text("请从聊天右侧打开，或在这里找人").wait_for()
    assert page.evaluate("window.asked") == []
    assert Contact.objects.filter(labelled_at=None).count() == 1


def record_of(beat) -> tuple[Contact, str]:
    person = beat.friend("罗样例", "12")
    contact = Contact.objects.get(identity__resident=person)
    Contact.objects.filter(pk=contact.pk).update(remark="桃李1组-罗样例-户主")
    return contact, f"/o/contacts/{person.pk}/"


@in_browser
def test_the_chat_with_a_person_opens_from_their_record(wecom, beat, beside):
    wecom.js_sdk.keep_tickets()
    contact, url = record_of(beat)
    page = beside("{}", page_url=url)
    page.get_by_role("link", name="打开聊天").click()
    # Not `wait_for_function`: its polling is an eval, which the page's policy forbids.
    for _ in range(100):
        if page.evaluate("window.asked.some(one => one.name === 'openEnterpriseChat')"):
            break
        page.wait_for_timeout(100)
    (asked,) = page.evaluate("window.asked.filter(one => one.name === 'openEnterpriseChat')")
    assert contact.identity.external_userid in str(asked["params"]["externalUserIds"])
    assert "#" not in page.url


@in_browser
@pytest.mark.parametrize("trouble", ["another browser", "refused", "no signature"])
def test_without_wecom_s_help_words_say_where_the_chat_is(wecom, beat, beside, trouble):
    if trouble != "no signature":
        wecom.js_sdk.keep_tickets()
    _, url = record_of(beat)
    said = '{"openEnterpriseChat": {"err_msg": "openEnterpriseChat:fail no permission"}}'
    agent = "Mozilla/5.0" if trouble == "another browser" else WECOM
    page = beside(said if trouble == "refused" else "{}", agent=agent, page_url=url)
    page.get_by_role("link", name="打开聊天").click()
    page.get_by_text("备注「桃李1组-罗样例-户主」").wait_for()
    assert page.url.endswith("#chat-how")


def test_there_is_no_chat_with_somebody_who_is_no_friend(beat):
    contact, url = record_of(beat)
    assert "打开聊天" in beat.client.get(url).content.decode()
    Contact.objects.filter(pk=contact.pk).update(state=Contact.State.HALF)
    assert "打开聊天" not in beat.client.get(url).content.decode()
