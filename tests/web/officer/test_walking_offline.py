"""Walking without a network in a real browser: the list stays, visits wait, nothing is lost."""

import re
import time
from datetime import timedelta

import pytest
from playwright import sync_api

from tests.builders import make_household, make_officer, make_resident
from tests.web.chromium import ARGS, CHROMIUM, PATIENCE_MS
from weijing.accounts import appointing
from weijing.accounts.models import Posting, Role
from weijing.accounts.scope import scope_of
from weijing.core import clock
from weijing.residents.adding import doors, refusals, walking
from weijing.residents.models import DoorVisit, DoorVisitCorrection

pytestmark = pytest.mark.browser
LISTS = "caches.open('weijing-lists').then(lists => lists.keys()).then(keys => keys.length)"
# The kept page, as a phone would hand it to whoever searches it.
KEPT = """caches.open('weijing-lists').then(async lists => {
    const kept = await lists.match((await lists.keys())[0]);
    return {html: await kept.text(), policy: kept.headers.get('Content-Security-Policy')};
})"""
A_DAY_OLDER = """caches.open('weijing-lists').then(async lists => {
    for (const key of await lists.keys()) {
        const kept = await lists.match(key), headers = new Headers(kept.headers);
        headers.set('X-Kept-At', Number(headers.get('X-Kept-At')) - 25 * 3600 * 1000);
        await lists.put(key, new Response(await kept.text(), {headers}));
    }
})"""


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def walking_list(transactional_db, beat):
    group = beat.place()
    for number in (2, 7, 10):
        make_resident(
            group, f"罗样例{number}", household=make_household(group, str(number)),
            phone=f"1540000{number:04}",
        )  # fmt: skip
    chief = make_officer(
        beat.county, "chief", Role.STATION_COMMAND, station=beat.officer.station, name="周所长"
    )
    (one,) = walking.hand_out(
        [group], due_on=clock.today() + timedelta(days=3), stops_seen=3, by=chief,
        scope=scope_of(chief, at=clock.now()), at=clock.now() - timedelta(hours=1),
    )  # fmt: skip
    return one


@pytest.fixture
def phone(browser, walking_list, live_server):
    """Signed in, on the walking list, which the phone has kept."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, base_url=live_server.url
    )
    phone = context.new_page()
    phone.set_default_timeout(PATIENCE_MS)
    phone.complaints = []
    phone.on("console", lambda said: phone.complaints.append(said.text))
    phone.on("pageerror", lambda wrong: phone.complaints.append(str(wrong)))
    sign_in(phone)
    wait_for(phone, LISTS, 1)  # from the day's page already
    phone.get_by_role("link", name="1组").tap()
    door(phone, "2号").wait_for()
    yield phone
    context.close()


def sign_in(phone):
    phone.goto("/sign-in/?next=/o/today/")
    phone.get_by_label("账号").fill("yang")
    phone.get_by_label("密码").fill("correct-horse-42")
    phone.get_by_label("密码").press("Enter")
    phone.wait_for_url("**/o/today/")
    phone.evaluate("navigator.serviceWorker.ready.then(() => 0)")


def wait_for(phone, script, expected):
    for _ in range(100):
        if (found := phone.evaluate(script)) == expected:
            return
        phone.wait_for_timeout(100)
    pytest.fail(f"{script} is {found}, not {expected}")


def visits(phone, expected):
    """What the server has, once it is so much."""
    for _ in range(400):
        found = list(DoorVisit.objects.order_by("at").values_list("outcome", flat=True))
        if len(found) == expected:
            return found
        phone.wait_for_timeout(100)
    return pytest.fail(f"the server has {found}")


def waiting(phone, count):
    """What the phone says is still on it."""
    badge = phone.locator("#queue [data-waiting]")
    if count:
        sync_api.expect(badge.locator("[data-count]")).to_have_text(str(count))
        sync_api.expect(badge).to_be_visible()
    else:
        sync_api.expect(badge).to_be_hidden()


def knock(phone, address, outcome, note=""):
    door(phone, address).get_by_role("link").tap()
    dialog = phone.get_by_role("dialog", name="登记走访")
    dialog.get_by_text(outcome, exact=True).tap()
    if note:
        dialog.get_by_label("备注").fill(note)
    dialog.get_by_role("button", name="登记走访").tap()
    dialog.wait_for(state="hidden")


def door(phone, address):
    return phone.locator(f'[data-door][data-label$=" {address}"]')


def test_a_morning_without_network_is_on_the_server_when_it_returns(phone, walking_list):
    phone.context.set_offline(True)
    phone.reload()
    phone.get_by_text("网络不通，显示的是").wait_for()
    knock(phone, "2号", "家中无人", note="晚上在家")
    knock(phone, "7号", "不愿意加")
    knock(phone, "10号", "在外务工")
    waiting(phone, 3)
    phone.reload()  # the phone is switched off and on
    waiting(phone, 3)
    assert "家中无人" in door(phone, "2号").inner_text()
    assert DoorVisit.objects.count() == 0

    phone.context.set_offline(False)
    assert visits(phone, 3) == ["absent", "refused", "away"]
    waiting(phone, 0)
    first = DoorVisit.objects.get(outcome="absent")
    assert first.note == "晚上在家"
    assert first.recorded_at - first.at < timedelta(minutes=5)
    assert not refusals.may_knock(
        DoorVisit.objects.get(outcome="refused").household, at=clock.now()
    ).given
    phone.reload()
    assert "以前不再问" in door(phone, "7号").inner_text()
    assert "3 / 3" in phone.inner_text("main")
    assert [said for said in phone.complaints if "Content Security Policy" in said] == []


def test_what_the_phone_keeps_names_nobody_and_obeys_the_same_policy(phone, walking_list):
    kept = phone.evaluate(KEPT)
    assert "10号" in kept["html"]
    assert re.findall(r"罗样例|周所长|阳模拟|1540000\d{4}|csrfmiddlewaretoken", kept["html"]) == []
    assert "default-src 'none'" in kept["policy"]


def test_a_visit_is_changed_or_taken_back_while_it_is_only_on_the_phone(phone):
    phone.context.set_offline(True)
    knock(phone, "2号", "不愿意加")
    knock(phone, "2号", "家中无人")
    knock(phone, "7号", "空房")
    waiting(phone, 2)
    door(phone, "7号").get_by_role("link").tap()
    phone.get_by_role("button", name="撤掉这次登记").tap()
    waiting(phone, 1)
    assert "空房" not in door(phone, "7号").inner_text()
    phone.context.set_offline(False)
    assert visits(phone, 1) == ["absent"]


def test_a_visit_that_may_have_arrived_is_changed_on_the_phone_and_put_right(phone):
    """The answer was lost after it was recorded; the officer sees a wrong finding and mends it."""
    seen = []

    def lossy(route):
        seen.append(route.request.post_data)
        if len(seen) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    phone.context.route("**/visits/new/", lossy)
    knock(phone, "2号", "不愿意加")
    assert visits(phone, 1) == ["refused"]
    waiting(phone, 1)
    knock(phone, "2号", "家中无人")
    waiting(phone, 0)
    assert visits(phone, 1) == ["absent"]
    assert DoorVisitCorrection.objects.get().outcome == "refused"


def test_a_server_in_trouble_loses_nothing_and_doubles_nothing(phone):
    """The first answer is lost after it was recorded, the second is an error, then all is well."""
    seen = []

    def trouble(route):
        seen.append(route.request.url)
        if len(seen) == 1:
            route.fetch()
            route.abort()
        elif len(seen) == 2:
            route.fulfill(status=500, body="<h1>Server Error</h1>")
        else:
            route.continue_()

    phone.context.route("**/visits/new/", trouble)
    knock(phone, "2号", "家中无人")
    assert visits(phone, 1) == ["absent"]
    waiting(phone, 1)
    phone.get_by_role("button", name="上传").tap()
    phone.get_by_text("服务器暂时没收下").wait_for()
    waiting(phone, 1)
    phone.get_by_role("button", name="上传").tap()
    waiting(phone, 0)
    assert len(seen) == 3
    assert visits(phone, 1) == ["absent"]


def test_one_door_the_server_cannot_take_does_not_hold_up_the_others(phone):
    phone.context.set_offline(True)
    knock(phone, "2号", "家中无人")
    knock(phone, "10号", "没有手机")
    refused = []

    def trouble(route):
        refused.append(refused[0] if refused else route.request.url)
        if route.request.url == refused[0]:
            route.fulfill(status=500, body="<h1>Server Error</h1>")
        else:
            route.continue_()

    phone.context.route("**/visits/new/", trouble)
    phone.context.set_offline(False)
    assert visits(phone, 1) == ["no_phone"]
    waiting(phone, 1)


def test_a_session_that_ended_asks_to_sign_in_and_keeps_the_queue(phone):
    phone.context.set_offline(True)
    knock(phone, "2号", "没有手机")
    phone.context.clear_cookies()
    phone.context.set_offline(False)
    phone.get_by_text("登录已过期").wait_for()
    phone.get_by_role("link", name="重新登录").tap()
    phone.wait_for_url("**/sign-in/**")
    wait_for(phone, LISTS, 0)  # whoever signs in here finds no list
    assert DoorVisit.objects.count() == 0
    sign_in(phone)
    assert visits(phone, 1) == ["no_phone"]


def test_what_happened_meanwhile_is_said_in_words(phone, beat, walking_list):
    colleague = make_officer(beat.county, "zhou", Role.VILLAGE_AUXILIARY, name="周模拟")
    stops = {stop.household.address: stop.household for stop in walking_list.stops.all()}
    phone.context.set_offline(True)
    for address, outcome in (("2号", "refused"), ("7号", "absent")):
        DoorVisit.objects.create(
            county=beat.county, household=stops[address], officer=colleague, outcome=outcome,
            at=clock.now(), recorded_at=clock.now(), phone_key=f"{len(address + outcome):032}",
        )  # fmt: skip
    stops["10号"].ended_on = clock.today()
    stops["10号"].save()
    for address in ("2号", "7号", "10号"):
        knock(phone, address, "家中无人")
    phone.context.set_offline(False)
    phone.get_by_text("这户已表示不愿意").wait_for()
    phone.get_by_text("也走访过这户（家中无人），两次都记下了").wait_for()
    phone.get_by_text("没有登记：这一户已经并入别的户或者销户").wait_for()
    assert "周模拟" not in phone.content()
    for _ in range(3):
        phone.get_by_role("button", name="知道了").first.tap()
        phone.wait_for_timeout(100)
    phone.get_by_text("知道了").wait_for(state="hidden")
    assert DoorVisit.objects.filter(officer=beat.officer).count() == 2


def test_a_list_older_than_a_day_is_gone_and_the_page_says_so(phone):
    phone.evaluate(A_DAY_OLDER)
    phone.context.set_offline(True)
    phone.reload()
    phone.get_by_role("heading", name="没有网络").wait_for()
    phone.get_by_text("手机上没有清单").wait_for()
    wait_for(phone, LISTS, 0)


def test_a_server_that_fails_or_dawdles_is_not_waited_for(phone, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("the page of lists is broken")

    def slow(*args, **kwargs):
        time.sleep(9)
        return []

    for trouble in (broken, slow):
        monkeypatch.setattr(doors, "of_list", trouble)
        phone.reload()
        phone.get_by_text("网络不通，显示的是").wait_for()
        assert door(phone, "10号").is_visible()
        monkeypatch.undo()
        phone.reload()
        sync_api.expect(phone.get_by_text("网络不通，显示的是")).to_be_hidden()


def test_a_list_that_has_ended_is_not_kept(phone, walking_list):
    walking.close(walking_list, by=walking_list.officer, at=clock.now())
    phone.reload()
    wait_for(phone, LISTS, 0)


def test_without_network_the_way_to_the_list_is_found(phone):
    phone.context.set_offline(True)
    phone.goto("/o/today/")
    phone.get_by_role("heading", name="没有网络").wait_for()
    phone.get_by_role("link", name="桃李村 1组 派出所派发").tap()
    phone.get_by_text("网络不通，显示的是").wait_for()
    assert door(phone, "10号").is_visible()


def test_signing_out_sends_first_and_then_wipes_the_phone(phone):
    phone.context.route("**/visits/new/", lambda route: route.fulfill(status=503, body="busy"))
    knock(phone, "2号", "家中无人")
    phone.goto("/o/me/")
    phone.get_by_role("button", name="退出登录").tap()
    phone.get_by_text("没有退出：还有 1 户走访没上传").wait_for()
    phone.get_by_role("button", name="仍要退出，丢掉 1 户走访").wait_for()
    phone.context.unroute("**/visits/new/")
    phone.reload()  # the network is back
    assert visits(phone, 1) == ["absent"]
    waiting(phone, 0)
    phone.get_by_role("button", name="退出登录").tap()
    phone.wait_for_url("**/sign-in/**")
    wait_for(phone, LISTS, 0)
    wait_for(phone, "indexedDB.databases().then(found => found.length)", 0)


def test_signing_out_at_the_desk_sends_first_what_the_same_browser_kept(phone, beat):
    appointing.give_role(beat.officer, Role.STATION_COMMAND, by=None, at=clock.now())
    phone.context.route("**/visits/new/", lambda route: route.fulfill(status=503, body="busy"))
    knock(phone, "2号", "家中无人", note="邻居说去赶集")
    phone.goto("/desk/jobs/")
    phone.get_by_role("button", name="退出").tap()
    phone.get_by_text("没有退出：这个浏览器里还有 1 户走访没上传").wait_for()
    phone.get_by_text("看登记的内容").tap()
    phone.get_by_text("2号：家中无人，邻居说去赶集").wait_for()
    phone.get_by_role("button", name="仍要退出，丢掉 1 户走访").wait_for()
    assert "/desk/jobs/" in phone.url and not DoorVisit.objects.exists()
    phone.context.unroute("**/visits/new/")
    phone.reload()
    phone.get_by_role("button", name="退出").tap()
    phone.wait_for_url("**/sign-in/**")
    assert visits(phone, 1) == ["absent"]


def test_signing_out_at_the_desk_a_second_time_is_meant(phone, beat):
    appointing.give_role(beat.officer, Role.STATION_COMMAND, by=None, at=clock.now())
    phone.context.route("**/visits/new/", lambda route: route.fulfill(status=503, body="busy"))
    knock(phone, "2号", "家中无人")
    phone.goto("/desk/jobs/")
    phone.get_by_role("button", name="退出").tap()
    phone.get_by_role("button", name="仍要退出，丢掉 1 户走访").tap()
    phone.wait_for_url("**/sign-in/**")
    assert not DoorVisit.objects.exists()


def test_who_may_note_no_visits_any_more_is_told_so_and_keeps_what_was_noted(phone, beat):
    phone.context.set_offline(True)
    knock(phone, "2号", "家中无人", note="邻居说去赶集")
    appointing.take_role(beat.officer, Role.VILLAGE_AUXILIARY, by=None, at=clock.now())
    phone.context.set_offline(False)
    phone.get_by_text("你现在的岗位不能登记走访").wait_for()
    sync_api.expect(phone.get_by_text("登录已过期")).to_be_hidden()
    phone.get_by_text("看登记的内容").locator("visible=true").tap()
    phone.get_by_text("2号：家中无人，邻居说去赶集").locator("visible=true").wait_for()
    waiting(phone, 1)
    appointing.give_role(beat.officer, Role.VILLAGE_AUXILIARY, by=None, at=clock.now())
    phone.reload()
    assert visits(phone, 1) == ["absent"]


def test_a_visit_at_a_door_of_another_s_beat_by_now_is_shown_to_be_passed_on(phone, beat):
    phone.context.set_offline(True)
    knock(phone, "2号", "家中无人", note="邻居说去赶集")
    Posting.objects.filter(officer=beat.officer).update(ends_at=clock.now())
    phone.context.set_offline(False)
    phone.get_by_text("没有登记：这一户已经不归你管").wait_for()
    phone.get_by_text("看登记的内容").locator("visible=true").tap()
    phone.get_by_text("2号：家中无人，邻居说去赶集").locator("visible=true").wait_for()
    phone.goto("/o/me/")
    phone.get_by_role("button", name="退出登录").tap()
    phone.get_by_text("没有退出：还有 1 户走访没上传").wait_for()
    assert not DoorVisit.objects.exists()


def test_another_officer_on_the_same_phone_sends_nothing_of_the_first(phone, beat):
    phone.context.set_offline(True)
    knock(phone, "2号", "家中无人")
    beat.neighbour.set_password("correct-horse-43")
    beat.neighbour.save()
    phone.context.clear_cookies()
    phone.context.set_offline(False)
    phone.goto("/sign-in/?next=/o/today/")
    phone.get_by_label("账号").fill("hu")
    phone.get_by_label("密码").fill("correct-horse-43")
    phone.get_by_label("密码").press("Enter")
    phone.wait_for_url("**/o/today/")
    phone.get_by_text("另一位民辅警有 1 户走访还在这个手机上").wait_for()
    assert DoorVisit.objects.count() == 0
    sign_in(phone)
    assert visits(phone, 1) == ["absent"]
    assert DoorVisit.objects.get().officer == beat.officer


def test_a_phone_that_may_run_no_script_walks_with_plain_forms(browser, walking_list, live_server):
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, java_script_enabled=False, base_url=live_server.url
    )
    phone = context.new_page()
    phone.goto("/sign-in/?next=/o/today/")
    phone.get_by_label("账号").fill("yang")
    phone.get_by_label("密码").fill("correct-horse-42")
    phone.get_by_label("密码").press("Enter")
    phone.get_by_role("link", name="1组").click()
    door(phone, "2号").get_by_role("link").click()
    phone.get_by_text("家中无人", exact=True).click()
    phone.get_by_role("button", name="登记走访").click()
    assert f"list={walking_list.pk}" in phone.url
    assert "家中无人" in door(phone, "2号").inner_text()
    assert visits(phone, 1) == ["absent"]
    context.close()
