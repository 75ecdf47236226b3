"""An approver reads that much of it was said before, and lets it go tomorrow instead of now."""

from datetime import timedelta

import pytest
from playwright import sync_api

from tests.web.chromium import ARGS, CHROMIUM, PATIENCE_MS
from tests.web.desk.conftest import PASSWORD
from weijing.campaigns.ordering import hours
from weijing.core import clock

pytestmark = pytest.mark.browser


@pytest.fixture
def approver(transactional_db, desk, live_server):
    """The approver's page; whoever signs in here lands on the list."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        page.complaints = []
        page.on("console", lambda said: page.complaints.append(said.text))
        page.goto(f"{live_server.url}/sign-in/?next=/desk/campaigns/")
        page.get_by_label("账号").fill("approver")
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_label("密码").press("Enter")
        page.wait_for_url("**/desk/campaigns/")
        yield page
        browser.close()


def test_approving_for_tomorrow_and_taking_it_back(approver, desk):
    before = desk.submitted(title="别人写的提醒")
    campaign = desk.submitted()
    approver.reload()
    approver.get_by_role("link", name="去审批").last.click()
    approver.get_by_text("有些人会两次收到相近的内容").wait_for()
    approver.get_by_role("link", name=before.title).wait_for()

    tomorrow = hours.next_open(clock.now() + timedelta(days=1)).astimezone(clock.COUNTY_TIME)
    approver.get_by_label("什么时候下发").fill(tomorrow.strftime("%Y-%m-%dT%H:%M"))
    approver.get_by_role("button", name="批准，到时下发").click()
    approver.get_by_role("button", name="取消定时").wait_for()
    campaign.refresh_from_db()
    assert campaign.state == "scheduled"
    assert campaign.scheduled_at == tomorrow.replace(second=0, microsecond=0)

    approver.get_by_role("button", name="取消定时").click()
    approver.get_by_role("button", name="批准，到时下发").wait_for()
    assert approver.complaints == []
