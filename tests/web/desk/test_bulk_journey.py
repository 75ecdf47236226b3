"""A chief filters, keeps the view, changes everybody in it, watches, and takes it back."""

import threading

import pytest
from django.db import connection
from playwright import sync_api

from tests.builders import make_household, make_resident, make_tag
from tests.web.desk.test_coverage_in_the_browser import browser, sit_down
from weijing.core.working import work
from weijing.residents.bulk import ordering
from weijing.residents.models import BulkWork, SavedView
from weijing.tags.models import TagAssignment

__all__ = ["browser", "sit_down"]
pytestmark = pytest.mark.browser


@pytest.fixture
def village(desk):
    place = desk.place("小沙江镇", "桃李村", "1组")
    for number in range(30):
        home = make_household(place, str(100 + number))
        make_resident(place, f"罗演示{number}", household=home, reach="no_phone")
    make_tag(desk.county, "TRF01002", "轻型货车")
    return place


def work_off():
    """The worker as it runs, in a thread: the browser has the loop of this one."""

    def run():
        work(concurrency=1, queues=["bulk"], wait=False)
        connection.close()

    worker = threading.Thread(target=run)
    worker.start()
    worker.join(60)
    assert not worker.is_alive()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_chief_changes_everybody_a_filter_means_and_takes_it_back(
    sit_down, desk, village, scripts, monkeypatch
):
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    page = sit_down(desk.chief, java_script_enabled=scripts)
    page.goto("/desk/contacts/")
    page.get_by_role("link", name="更多筛选").click()
    page.get_by_label("联系方式").select_option("no_phone")
    page.get_by_role("button", name="筛选群众").click()
    page.get_by_text("联系方式：没有手机").wait_for()
    sync_api.expect(page.locator(".filter-bar__count")).to_contain_text("30")
    page.get_by_text("存为视图").click()
    page.get_by_label("视图名称").fill("没有手机的人")
    page.get_by_role("button", name="保存视图").click()
    page.get_by_text("已保存视图「没有手机的人」").wait_for()
    page.goto("/desk/contacts/")
    page.get_by_role("link", name="没有手机的人", exact=True).click()
    page.get_by_role("link", name="批量修改全部 30 人").click()
    if scripts:
        page.get_by_label("标签", exact=True).press_sequentially("轻型")
    else:
        page.get_by_label("标签", exact=True).fill("轻型")
        page.get_by_role("button", name="找标签").click()
    page.get_by_role("radio", name="轻型货车").check(force=True)
    if not scripts:
        page.get_by_role("button", name="看会改多少人").click()
    page.get_by_text("会改").wait_for()
    page.get_by_role("button", name="给 30 人加标签「轻型货车」").click()
    page.get_by_text("排队中").wait_for()
    work_off()
    if not scripts:
        page.reload()
    page.get_by_text("已改 30 人").wait_for()
    assert TagAssignment.objects.filter(resident__reach="no_phone").count() == 30
    page.get_by_role("button", name="撤销这 30 人的改动").click()
    page.get_by_role("heading", name="撤销：加标签「轻型货车」").wait_for()
    work_off()
    if not scripts:
        page.reload()
    page.get_by_text("已撤销 30 人").wait_for()
    assert not TagAssignment.objects.filter(resident__reach="no_phone").exists()
    assert SavedView.objects.get().query == "reach=no_phone"
    assert page.complaints == []


@pytest.mark.parametrize("scripts", [True, False])
def test_a_chief_who_takes_another_tag_at_the_last_moment_sees_its_name_first(
    sit_down, desk, village, scripts, monkeypatch
):
    monkeypatch.setattr(ordering, "TYPED_ABOVE", 20)
    page = sit_down(desk.chief, java_script_enabled=scripts)
    page.goto("/desk/contacts/bulk/?reach=no_phone")

    if scripts:
        page.get_by_label("标签", exact=True).press_sequentially("轻型")
    else:
        page.get_by_label("标签", exact=True).fill("轻型")
        page.get_by_role("button", name="找标签").click()
    page.get_by_role("radio", name="轻型货车").check(force=True)
    if not scripts:
        page.get_by_role("button", name="看会改多少人").click()
    page.get_by_role("button", name="给 30 人加标签「轻型货车」").wait_for()
    page.get_by_role("radio", name="去标签").check(force=True)
    if not scripts:
        page.get_by_label("请写上人数").fill("30")
        page.get_by_role("button", name="给 30 人加标签「轻型货车」").click()
        page.get_by_text("还没有改动任何人").wait_for()
    button = page.get_by_role("button", name="给 30 人去掉标签「轻型货车」")
    button.wait_for()
    assert not BulkWork.objects.exists()
    page.get_by_label("请写上人数").fill("30")
    button.click()
    page.get_by_text("排队中").wait_for()
    assert BulkWork.objects.get().kind == "tags.remove"
    # The browser notes the answer 422, which is a refusal in words.
    assert [said for said in page.complaints if "422" not in said] == []
