"""A landslide in a real browser: reported on a phone, verified and let go at two desks."""

from datetime import timedelta

import pytest
from django.test import Client
from playwright import sync_api

from tests.builders import give_tag, make_tag
from tests.web.chromium import ARGS, CHROMIUM, PATIENCE_MS
from weijing.campaigns.emergency.models import EmergencyEvent, HouseholdCall
from weijing.campaigns.models import Campaign, Delivery
from weijing.core import clock

pytestmark = pytest.mark.browser
BACKEND = "weijing.accounts.signing_in.PasswordBackend"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
STICKS_OUT = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def at():
    """Pages ask the real clock."""
    return clock.now()


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def sit_down(browser, transactional_db, scene, live_server):
    """Somebody's browser on a page, with the complaints of its console."""
    contexts = []

    def sit(officer, path, size=DESK):
        client = Client()
        client.force_login(officer, backend=BACKEND)
        context = browser.new_context(viewport=size)
        contexts.append(context)
        context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value,
              "url": live_server.url}]
        )  # fmt: skip
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.complaints = []
        page.on("console", lambda said: page.complaints.append(said.text))
        page.on("pageerror", lambda wrong: page.complaints.append(str(wrong)))
        page.goto(f"{live_server.url}{path}")
        return page

    yield sit
    for context in contexts:
        context.close()


def shot(page, name):
    """Replaced by who wants to look."""


def test_from_a_phone_on_the_road_to_the_all_clear(sit_down, scene):
    give_tag(scene.residents["罗一"], make_tag(scene.county, "SAF03001", "地灾隐患点住户"))
    phone = sit_down(scene.luo, "/o/today/", PHONE)
    phone.get_by_role("link", name="上报险情").click()
    phone.get_by_label("什么险情").select_option(label="泥石流")
    phone.get_by_label("在哪条路").select_option(label="S240 小沙江段")
    phone.get_by_label("地点").fill("K23+400，往县城方向")
    phone.get_by_label("现场情况").fill("两车道都堵了，没有人被困")
    assert phone.evaluate(STICKS_OUT) == 0
    shot(phone, "phone-new")
    phone.get_by_role("button", name="上报险情").click()
    phone.get_by_text("已报给指挥室核实").wait_for()
    shot(phone, "phone-one")

    desk = sit_down(scene.author, "/desk/emergency/")
    shot(desk, "desk-list")
    desk.get_by_role("link", name="JJ-").click()
    desk.get_by_text("看过现场照片").click()
    desk.get_by_text("橙色", exact=True).click()
    desk.get_by_label("绕行办法").fill("走 X055 南麻公路")
    shot(desk, "desk-verify")
    desk.get_by_role("button", name="核实了，准备推送").click()
    desk.get_by_text("附近村的群众").wait_for()
    shot(desk, "desk-write")
    desk.get_by_role("button", name="提请批准").click()
    desk.get_by_text("等值班领导批准").first.wait_for()

    leader = sit_down(scene.leader, "/desk/emergency/")
    leader.get_by_role("link", name="JJ-").click()
    shot(leader, "desk-approve")
    leader.get_by_label("请照写人数").fill("8")
    leader.get_by_role("button", name="批准，马上通知 8 人").click()
    leader.get_by_text("民辅警确认").wait_for()
    assert Delivery.objects.count() == 6
    Delivery.objects.filter(resident__name="阳一").update(result="sent", sent_at=clock.now())
    # The page asks again by itself; nobody has to reload it.
    leader.get_by_text("1 / 8").first.wait_for()
    shot(leader, "desk-pushed")

    phone.goto(phone.url)
    shot(phone, "phone-call")
    phone.get_by_role("button", name="接了，已告知").click()
    phone.get_by_text("已叫应。").wait_for()
    assert HouseholdCall.objects.get().state == "answered"

    desk.goto(desk.url)
    desk.get_by_role("link", name="解除", exact=True).click()
    desk.get_by_role("button", name="提请批准").click()
    leader.goto(leader.url)
    leader.get_by_label("请照写人数").fill("8")
    leader.get_by_role("button", name="批准，马上通知 8 人").click()
    leader.get_by_text("已解除", exact=True).first.wait_for()
    assert EmergencyEvent.objects.get().state == "cleared"

    second = sit_down(scene.second_leader, "/desk/emergency/?list=ended")
    second.get_by_role("link", name="JJ-").last.click()
    second.get_by_role("button", name="妥当", exact=True).first.click()
    second.get_by_text("复核：妥当").wait_for()
    shot(second, "desk-cleared")
    second.get_by_role("link", name="处置记录（打印）").click()
    second.get_by_text("上报到第一人收到").wait_for()
    shot(second, "desk-sheet")
    setup = sit_down(scene.author, "/desk/emergency/setup/")
    shot(setup, "desk-setup")
    late = EmergencyEvent.objects.get()
    assert late.ended_at - late.reported_at < timedelta(hours=1)
    for page in (phone, desk, leader, second, setup):
        assert not page.complaints, page.complaints


def test_a_wrong_text_is_stopped_and_an_event_that_spreads_is_changed(sit_down, scene):
    """And the list of calls and of people not reached is looked at, at a desk and on a phone."""
    risk = make_tag(scene.county, "SAF03001", "地灾隐患点住户")
    for name in ("罗一", "罗二", "罗三", "无微信"):
        give_tag(scene.residents[name], risk)
    scene.at = clock.now()
    message = scene.pushed()
    here = f"/desk/emergency/{message.event.number}/"
    leader = sit_down(scene.leader, here)
    leader.get_by_text("停止首次推送").click()
    shot(leader, "stop-open")
    leader.get_by_role("button", name="停止，没发出的都不再发").click()
    leader.get_by_text("没发出的短信不再发").wait_for()
    leader.get_by_text("已停止", exact=True).first.wait_for()
    shot(leader, "stopped")
    assert Campaign.objects.get().state == "cancelled"

    desk = sit_down(scene.author, here)
    desk.get_by_text("改地点、等级、有效期、绕行办法").click()
    desk.get_by_text("看过现场照片").click()
    desk.get_by_text("红色", exact=True).click()
    desk.get_by_label("绕行办法").fill("走国道")
    desk.get_by_text("金石桥镇", exact=False).last.click()
    desk.get_by_role("checkbox", name="整个乡镇").last.check(force=True)
    shot(desk, "change-open")
    desk.get_by_role("button", name="保存新情况").click()
    desk.get_by_text("情况已改").wait_for()
    shot(desk, "changed")
    event = EmergencyEvent.objects.get()
    assert (event.severity, event.detour) == ("red", "走国道")
    assert event.event_divisions.filter(division__name="金石桥镇").exists()

    calls = sit_down(scene.leader, f"{here}calls/")
    shot(calls, "calls")
    missed = sit_down(scene.duty, f"{here}not-reached/")
    missed.get_by_text("您负责的地方").first.wait_for()
    shot(missed, "not-reached")
    phone = sit_down(scene.luo, f"/o/emergency/{event.number}/", PHONE)
    assert phone.evaluate(STICKS_OUT) == 0
    shot(phone, "phone-calls")
    setup = sit_down(scene.author, f"/desk/emergency/setup/?section={scene.road.pk}#road")
    setup.get_by_text("改这段路").wait_for()
    shot(setup, "road-change")
    for page in (leader, desk, calls, missed, phone, setup):
        assert not page.complaints, page.complaints
