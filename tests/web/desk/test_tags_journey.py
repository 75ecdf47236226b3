"""A tag in the browser: a chief misses it, the county desk confirms, renames and merges."""

import pytest

from tests.builders import give_tag
from tests.web.desk.test_coverage_in_the_browser import browser, sit_down
from weijing.tags import loading
from weijing.tags.models import Tag, TagAssignment

__all__ = ["browser", "sit_down"]
pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scripts", [True, False])
def test_a_tag_is_proposed_confirmed_renamed_and_merged(sit_down, desk, scripts):
    loading.load(desk.county)
    chief = sit_down(desk.chief, java_script_enabled=scripts)
    chief.goto("/desk/tags/proposals/new/")
    chief.get_by_label("标签名称").fill("冷链货车（瑶族）")
    chief.get_by_label("放在哪一组").select_option("TRF01")
    chief.get_by_label("带这个标签说明什么").fill("本人驾驶冷链货车")
    chief.get_by_label("用来做什么").fill("高温停运时提醒")
    chief.get_by_role("button", name="提交新标签").click()
    chief.get_by_text("民族身份").first.wait_for()
    chief.get_by_label("标签名称").fill("冷链货车")
    chief.get_by_role("button", name="提交新标签").click()
    chief.get_by_text("县局另一位管标签的人确认").first.wait_for()

    keeper = sit_down(desk.approver, java_script_enabled=scripts)
    keeper.goto("/desk/tags/proposals/")
    keeper.get_by_role("button", name="确认入库").click()
    keeper.get_by_text("编码 TRF01901").first.wait_for()
    give_tag(desk.residents["刘小明"], Tag.objects.get(code="TRF01901"))

    keeper.goto("/desk/tags/")
    keeper.get_by_label("找标签").fill("llhc")
    if not scripts:
        keeper.get_by_label("找标签").press("Enter")
    keeper.get_by_role("link", name="冷链货车").click()
    keeper.get_by_label("新名称").fill("冷藏货车")
    keeper.get_by_role("button", name="给标签改名").click()
    keeper.get_by_text("原名「冷链货车」").wait_for()

    keeper.get_by_role("link", name="并入另一个标签").click()
    keeper.get_by_text("重型货车").first.wait_for()
    keeper.get_by_role("radio", name="重型货车").check()
    if not scripts:
        keeper.get_by_role("button", name="看会怎样").click()
    merge = keeper.get_by_role("button", name="把 1 人并入「重型货车」")
    merge.wait_for()
    merge.click()
    keeper.get_by_text("「冷藏货车」并入「重型货车」").wait_for()
    assert TagAssignment.objects.get(resident=desk.residents["刘小明"]).tag.name == "重型货车"
