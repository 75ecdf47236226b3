"""A notice from the library gets a picture and goes to approval, in a real browser."""

import io

import pytest
from PIL import Image, ImageDraw
from playwright import sync_api

from tests.web.chromium import ARGS, CHROMIUM, PATIENCE_MS
from tests.web.desk.conftest import PASSWORD
from weijing.campaigns.content import judging, writing
from weijing.campaigns.models import Campaign
from weijing.core import clock

pytestmark = pytest.mark.browser
BODY = "乡亲们好，{村}今晚有强降雨，请不要夜间行车。有事找我{民警姓名}。——隆回县公安局"


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def sit_down(browser, transactional_db, desk, live_server):
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


def drawing():
    picture = Image.new("RGB", (640, 360), "#f4f7fb")
    ImageDraw.Draw(picture).line([(40, 260), (600, 100)], fill="#0e6f49", width=14)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def reviewed(desk):
    at = clock.now()
    version = writing.begin(
        title="强降雨行车提醒", topic="disaster", body=BODY, by=desk.author, at=at
    )
    writing.submit(version, by=desk.author, at=at)
    judging.publish(version, by=desk.approver, at=at)


def test_a_reviewed_text_with_a_picture_is_composed_previewed_and_approved(sit_down, desk):
    reviewed(desk)
    author = sit_down("author")
    author.get_by_role("link", name="新建群发").first.click()
    author.get_by_role("button", name="小沙江镇", exact=True).click()
    author.get_by_role("button", name="去核对：发给 3 人").wait_for()
    author.get_by_role("button", name="从素材库选").click()
    author.get_by_role("button", name="用这篇").click()
    author.get_by_text("用了素材").wait_for()
    author.locator("#preview").get_by_text("今晚有强降雨").wait_for()

    author.get_by_role("button", name="加附件").click()
    author.get_by_label("选一个文件").set_input_files(
        {"name": "绕行示意图.png", "mimeType": "image/png", "buffer": drawing()}
    )
    author.get_by_role("button", name="加上这个文件").click()
    author.get_by_role("link", name="绕行示意图.png").wait_for()
    author.get_by_role("link", name="加好了，回去写正文").click()
    author.locator("#preview img").wait_for()

    author.get_by_label("看哪位民辅警发出的样子").fill("陈演示")
    author.locator("#preview").get_by_text("有事找我陈演示").wait_for()
    author.get_by_text("关怀", exact=True).click()
    author.locator("#preview .preview--care").wait_for()

    # A variable goes where the caret stands, and what blocks is said while one writes.
    author.get_by_label("正文").press("Control+Home")
    author.get_by_role("button", name="派出所电话").click()
    assert author.get_by_label("正文").input_value() == "{派出所电话}" + BODY
    author.get_by_label("正文").fill(BODY + "请立即转账。")
    author.get_by_text("像是在要钱、要账号").wait_for()
    author.get_by_label("正文").fill(BODY)
    author.get_by_text("没有涉及钱款的字样").wait_for()

    author.get_by_role("button", name="去核对：发给 3 人").click()
    author.get_by_role("button", name="提交审批：发给 3 人").click()
    author.get_by_text("等待审批").first.wait_for()

    approver = sit_down("approver")
    approver.get_by_role("link", name="去审批").click()
    approver.get_by_text("文字与审核的一致").wait_for()
    approver.get_by_role("link", name="绕行示意图.png").wait_for()
    campaign = Campaign.objects.get()
    assert campaign.state == Campaign.State.SUBMITTED and campaign.body == BODY
    assert author.complaints == [] and approver.complaints == []


def test_two_windows_of_one_draft_lose_nothing(sit_down, desk):
    campaign = desk.draft(body="第一处写的。隆回县公安局")
    author = sit_down("author")
    other = author.context.new_page()
    other.set_default_timeout(PATIENCE_MS)
    edit_url = f"{author.url}{campaign.number}/edit/"
    for page in (author, other):
        page.goto(edit_url)
    first_saved = campaign.edited_at
    author.get_by_label("正文").fill("第二处写的。隆回县公安局")
    author.locator("#preview").get_by_text("第二处写的").wait_for()
    campaign.refresh_from_db()
    assert campaign.edited_at > first_saved
    other.get_by_label("正文").fill("第三处写的。隆回县公安局")
    other.get_by_role("button", name="我这份另存为新草稿").click()
    other.wait_for_url(lambda url: campaign.number not in url)
    bodies = {one.body[:5] for one in Campaign.objects.all()}
    assert bodies == {"第二处写的", "第三处写的"}
