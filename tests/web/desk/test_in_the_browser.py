"""Two desks in a real browser: one composes, the other approves; with scripts and without."""

from time import sleep

import pytest
from playwright import sync_api

from tests.web.chromium import ARGS, CHROMIUM, PATIENCE_MS
from tests.web.desk.conftest import PASSWORD
from weijing.campaigns.models import Campaign

pytestmark = pytest.mark.browser
BODY = "乡亲您好，今晚有强降雨，请不要夜间行车。——隆回县公安局"


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def sit_down(browser, transactional_db, desk, live_server):
    """Signs in by password; with the complaints of the browser's console."""
    contexts = []

    def sit(username, **options):
        context = browser.new_context(viewport={"width": 1440, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.complaints = []
        page.on("console", lambda said: page.complaints.append(said.text))
        page.goto(f"{live_server.url}/sign-in/?next=/desk/campaigns/")
        page.get_by_label("账号").fill(username)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_label("密码").press("Enter")
        page.wait_for_url("**/desk/campaigns/")
        return page

    yield sit
    for context in contexts:
        context.close()


def compose(page, *, counts_live):
    page.get_by_role("link", name="新建群发").first.click()
    page.get_by_role("button", name="小沙江镇", exact=True).click()
    page.get_by_label("标题").fill("强降雨行车提醒")
    page.get_by_label("正文").fill(BODY)
    page.get_by_role("button", name="条件", exact=True).first.click()
    page.locator("#field-r-1").select_option("tag")
    if counts_live:
        page.get_by_placeholder("添加标签").wait_for()
        page.locator("#find-r-1").press_sequentially("重型")
    else:
        page.locator("#field-r-1").press("Tab")
        page.get_by_role("button", name="条件", exact=True).first.click()
        page.get_by_role("button", name="删除条件：所在网格").last.click()
        page.locator("#find-r-1").fill("重型")
        page.locator("#find-r-1").press("Enter")
    page.get_by_role("button", name="重型货车").click()
    page.get_by_role("button", name="去核对：发给 1 人").wait_for()


def test_an_author_composes_and_an_approver_lets_it_go_out(sit_down, desk):
    author = sit_down("author")
    compose(author, counts_live=True)
    assert "QF-" in author.url and author.url.endswith("/edit/")
    author.get_by_text("住在小沙江镇，并且有标签重型货车的群众").wait_for()
    author.get_by_text("已署名").wait_for()
    author.get_by_role("button", name="去核对：发给 1 人").click()
    author.get_by_role("button", name="提交审批：发给 1 人").click()
    author.get_by_text("等待审批").wait_for()

    approver = sit_down("approver")
    approver.get_by_role("link", name="去审批").click()
    approver.get_by_text("罗**").wait_for()
    if approver.get_by_label("现在就发").count():  # the tests run at any hour
        approver.get_by_label("现在就发").check()
    approver.get_by_role("button", name="批准，下发给 1 名民辅警").click()
    approver.get_by_text("还没有民辅警确认").wait_for()

    campaign = Campaign.objects.get()
    assert campaign.state == Campaign.State.RELEASED
    assert campaign.drafted_by == desk.author and campaign.released_by == desk.approver
    assert campaign.body == BODY and campaign.shares.get().people == 1
    assert author.complaints == [] and approver.complaints == []


def test_the_same_without_javascript(sit_down):
    author = sit_down("author", java_script_enabled=False)
    compose(author, counts_live=False)
    author.get_by_role("button", name="去核对：发给 1 人").click()
    author.get_by_role("button", name="提交审批：发给 1 人").click()
    author.get_by_text("等待审批").wait_for()
    assert Campaign.objects.get().body == BODY


def test_a_chip_taken_away_is_counted_again_without_leaving_the_page(sit_down, desk):
    campaign = desk.draft(
        audience={"all": [{"division": [desk.place("小沙江镇").code, desk.place("金石桥镇").code]}]}
    )
    author = sit_down("author")
    author.goto(author.url + f"{campaign.number}/edit/")
    author.get_by_role("button", name="去核对：发给 4 人").wait_for()
    author.evaluate("window.stayed = true")
    author.get_by_role("button", name="去掉 金石桥镇").click()
    author.get_by_role("button", name="去核对：发给 3 人").wait_for()
    assert author.evaluate("window.stayed")
    campaign.refresh_from_db()
    assert campaign.audience == {"all": [{"division": [desk.place("小沙江镇").code]}]}


def test_what_is_typed_is_saved_by_itself_and_can_still_be_sent_on(sit_down):
    author = sit_down("author")
    author.get_by_role("link", name="新建群发").first.click()
    author.get_by_label("标题").fill("还没写完")
    author.wait_for_url("**/edit/")  # a second after the last key
    author.get_by_text("已自动保存").wait_for()
    author.get_by_label("标题").fill("写完了")
    author.get_by_role("button", name="小沙江镇", exact=True).click()
    author.get_by_role("button", name="去核对：发给 3 人").wait_for()
    assert Campaign.objects.get().title == "写完了"


def test_no_page_sticks_out_of_a_phone(sit_down, desk):
    campaign = desk.released()
    author = sit_down("author")
    root = author.url.removesuffix("campaigns/")
    author.set_viewport_size({"width": 390, "height": 844})
    pages = ("", "coverage/", "coverage/?level=village&view=table", "contacts/", "labelling/",
             "tags/", "campaigns/", "campaigns/new/", f"campaigns/{campaign.number}/progress/",
             f"campaigns/{campaign.number}/results/")  # fmt: skip
    for page in pages:
        author.goto(root + page)
        sticks_out = author.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert sticks_out == 0, page


def test_a_button_pressed_while_an_answer_is_on_its_way_still_counts(sit_down):
    author = sit_down("author")
    author.get_by_role("link", name="新建群发").first.click()

    def slowly(route):
        sleep(0.7)
        route.continue_()

    author.route("**/campaigns/**", lambda route: slowly(route))
    author.get_by_role("button", name="小沙江镇", exact=True).click(no_wait_after=True)
    author.get_by_role("button", name="条件", exact=True).first.click(no_wait_after=True)
    author.locator("#field-r-1").wait_for()


def test_what_was_chosen_before_the_scripts_came_still_counts(sit_down, desk):
    campaign = desk.draft(audience={"all": [{"division": [desk.place("小沙江镇").code]}]})
    author = sit_down("author")

    def slowly(route):
        sleep(1.5)
        route.continue_()

    author.route("**/htmx-2.min.js", slowly)
    author.goto(f"{author.url}{campaign.number}/edit/", wait_until="commit")
    author.locator("#field-r-0").select_option("tag")
    author.get_by_placeholder("添加标签").wait_for(timeout=10_000)
    assert author.complaints == []
