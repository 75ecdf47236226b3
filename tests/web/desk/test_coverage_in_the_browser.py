"""A chief finds the gap, picks, hands out; with scripts and without. The officer has it at once."""

import pytest
from django.test import Client
from playwright import sync_api

from tests.builders import make_household, make_resident
from tests.web.chromium import ARGS, CHROMIUM, PATIENCE_MS
from tests.web.desk.conftest import BACKEND
from weijing.residents.models import WalkingList

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def sit_down(browser, transactional_db, desk, live_server):
    """A page of somebody signed in, with the complaints of the browser's console."""
    contexts = []

    def sit(officer, width=1440, height=900, **options):
        client = Client()
        client.force_login(officer, backend=BACKEND)
        context = browser.new_context(
            viewport={"width": width, "height": height}, base_url=live_server.url, **options
        )
        contexts.append(context)
        context.add_cookies(
            [
                {"name": name, "value": morsel.value, "url": live_server.url}
                for name, morsel in client.cookies.items()
            ]
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.complaints = []
        page.on("console", lambda said: page.complaints.append(said.text))
        return page

    yield sit
    for context in contexts:
        context.close()


@pytest.fixture
def gaps(desk):
    """Three doors in 桃李村1组 (one is there already), one in 2组."""
    for group, numbers in (("1组", (10, 2)), ("2组", (3,))):
        place = desk.place("小沙江镇", "桃李村", group)
        for number in numbers:
            make_resident(place, household=make_household(place, str(number)))


@pytest.mark.parametrize("scripts", [True, False])
def test_a_chief_hands_out_a_list_and_the_officer_walks_it(sit_down, desk, gaps, scripts):
    page = sit_down(desk.chief, java_script_enabled=scripts)
    page.goto("/desk/coverage/")
    page.get_by_role("link", name="小沙江镇").first.click()
    page.get_by_role("link", name="派发补联任务").click()
    row = page.get_by_role("row").filter(has_text="桃李村 1组")
    row.locator("input[type=checkbox]").check(force=True)
    if not scripts:
        page.get_by_role("button", name="核对户数").click()
    page.get_by_role("button", name="派发 3 户给 1 位民辅警").click()
    page.get_by_text("已派发 3 户").wait_for()
    page.get_by_role("link", name="阳模拟").click()
    page.get_by_role("row").filter(has_text="10号").wait_for()
    assert page.complaints == []
    phone = sit_down(desk.officers["桃李村"], 390, 844, java_script_enabled=scripts)
    phone.goto("/o/today/")
    phone.get_by_role("link", name="已走访").click()
    phone.get_by_text("0 / 3 户").wait_for()
    doors = phone.locator(".cell__main").all_inner_texts()
    assert doors == ["2号", "4号", "10号"]
    assert phone.complaints == []
    assert WalkingList.objects.count() == 1
