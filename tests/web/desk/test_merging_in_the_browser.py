"""A chief merges two records and takes it back, in a real browser; with scripts and without."""

import pytest

from tests.web.desk.conftest import PASSWORD
from tests.web.desk.test_in_the_browser import browser, sit_down  # noqa: F401  fixtures
from tests.web.desk.test_merging import pairs  # noqa: F401
from weijing.residents.models import DuplicatePair, MergeRecord, Resident

pytestmark = pytest.mark.browser


@pytest.fixture
def queue(sit_down, pairs, desk):  # noqa: F811
    def open_queue(**options):
        assert desk.approver.check_password(PASSWORD)
        page = sit_down("approver", **options)
        page.get_by_role("link", name="重复核对").click()
        return page

    return open_queue


@pytest.mark.parametrize("scripts", [True, False])
def test_two_records_are_compared_merged_and_taken_apart_again(queue, scripts):
    page = queue(java_script_enabled=scripts)
    page.get_by_role("link", name="逐项核对 罗** 和 罗**").click()
    page.get_by_role("button", name="留资料一，移过来 1 项").click()
    toast = page.get_by_role("status").filter(has_text="已合并成一份，移过来 1 项")
    toast.get_by_role("button", name="撤销").click()
    page.get_by_text("合并已撤销，1 项内容放回原处").wait_for()
    assert MergeRecord.objects.get().undone_by.username == "approver"
    assert not Resident.objects.filter(lifecycle="duplicate").exists()
    assert page.complaints == []


def test_ticked_pairs_are_counted_merged_and_undone_at_once(queue):
    page = queue()
    for box in page.get_by_role("checkbox").all()[:2]:
        box.check()
    page.get_by_role("button", name="合并 2 对").click()
    toast = page.get_by_role("status").filter(has_text="合并了 2 对")
    toast.get_by_role("button", name="撤销").wait_for()
    assert DuplicatePair.objects.filter(state="merged").count() == 2
    toast.get_by_role("button", name="撤销").click()
    page.get_by_text("撤销了 2 次合并").wait_for()
    assert DuplicatePair.objects.filter(state="open").count() == 3


def test_no_page_of_it_sticks_out_of_a_phone(queue):
    page = queue()
    page.set_viewport_size({"width": 390, "height": 844})
    root = page.url.removesuffix("duplicates/")
    pair = DuplicatePair.objects.first()
    record = f"contacts/{pair.first_id}"
    paths = ("duplicates/", f"duplicates/{pair.pk}/", "merges/")
    for path in (*paths, f"{record}/merge/", f"{record}/split/"):
        page.goto(root + path)
        sticks_out = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert sticks_out == 0, path
