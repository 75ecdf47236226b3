"""The county desk takes in a later roll in a real browser and decides what it leaves open."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.residents.rolls import as_csv, person
from tests.web.chromium import PATIENCE_MS
from tests.web.desk.test_importing import take_in, work
from tests.web.desk.test_in_the_browser import browser as browser
from tests.web.desk.test_in_the_browser import sit_down as sit_down
from weijing.accounts.models import Role, RoleGrant
from weijing.core import clock
from weijing.residents.models import Resident, RollImport

pytestmark = pytest.mark.browser


def test_a_later_roll_is_seen_before_it_is_taken_in_and_then_decided(
    sit_down: Any, desk: Any, tmp_path: Path
) -> None:
    RoleGrant.objects.create(
        county=desk.county, officer=desk.author, role=Role.STATION_COMMAND, granted_at=clock.now()
    )
    rows = [person(n, 组="1组") for n in range(1, 7)]
    take_in(desk.client(desk.admin), tmp_path, rows, source="户籍名册")
    Resident.objects.filter(household__number="H0001").update(name="阳更正")
    later = [
        {**rows[0], "姓名": "阳新名"},
        *rows[1:5],
        person(21, 组="2组"),
        person(22, 手机号="1"),
    ]
    file = as_csv(tmp_path / "户籍 12 月.csv", later, encoding="gbk")

    page = sit_down("author")
    page.get_by_role("link", name="名册导入").click()
    page.get_by_label("名册文件").set_input_files(str(file))
    page.get_by_role("button", name="上传名册").click()
    expect(page.get_by_text("表头与来源「户籍名册」相同")).to_be_visible()
    page.get_by_role("button", name="检查名册").click()
    expect(page.get_by_role("button", name="取消检查")).to_be_visible()
    record = RollImport.objects.latest("pk")
    work(record)

    take = page.get_by_role("button", name="导入：新增 1 人，更新 0 人")
    expect(take).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("手机号应为 11 位")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="下载 1 行").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    take.click()
    expect(page.get_by_role("button", name="取消导入")).to_be_visible()
    work(record)
    page.get_by_role("link", name="决定 1 处冲突").click(timeout=PATIENCE_MS)

    page.get_by_label("选 阳** 的姓名").check()
    page.get_by_role("button", name="按名册改").click()
    expect(page.get_by_text("没有要决定的")).to_be_visible()
    page.get_by_role("link", name="名册导入").first.click()
    page.get_by_role("link", name="名册里没有了 1 人").click()
    page.get_by_label("选 阳**").check()
    page.get_by_role("button", name="记为搬走").click()
    expect(page.get_by_text("没有要核对的")).to_be_visible()

    assert Resident.objects.get(household__number="H0001").name == "阳新名"
    assert Resident.objects.get(household__number="H0006").lifecycle == "moved"
    assert not page.complaints
