"""A code from the wish to the paper: the chief asks and prints, the officer shows it."""

import threading
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from playwright import sync_api

from tests.builders import beat_of, make_household
from tests.residents.test_printing import qr
from tests.web.chromium import ARGS, CHROMIUM, PATIENCE_MS
from tests.web.desk.conftest import BACKEND
from weijing.core import clock
from weijing.residents.models import ContactWay, PrintOrder, WelcomeText
from weijing.residents.printing import ordering

pytestmark = pytest.mark.browser
STICKS_OUT = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


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
        page.on("pageerror", lambda wrong: page.complaints.append(str(wrong)))
        return page

    yield sit
    for context in contexts:
        context.close()


def in_the_worker(act):
    """As another process would, on a connection of its own."""

    def run():
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def wecom_makes_the_codes():
    in_the_worker(
        lambda: ContactWay.objects.filter(config_id="").update(
            config_id="c", picture=qr(), due_at=None, member_userids=["officer0"]
        )
    )


def saved(download: sync_api.Download, folder: Path) -> bytes:
    path = folder / download.suggested_filename
    download.save_as(path)
    return path.read_bytes()


def test_a_chief_asks_for_the_codes_and_prints_a_village_and_the_whole_station(
    sit_down, desk, tmp_path
):
    page = sit_down(desk.chief)
    page.goto("/desk/coverage/")
    page.get_by_role("link", name="二维码与海报").click()
    page.get_by_role("button", name="给没有码的都要码").click()
    page.get_by_text("正在要码").first.wait_for()
    wecom_makes_the_codes()
    page.reload()

    page.get_by_role("link", name="桃李村", exact=True).click()
    shown = page.get_by_role("img", name="海报的样子")
    shown.wait_for()
    page.wait_for_function("image => image.naturalWidth > 0", arg=shown.element_handle())
    with page.expect_download() as download:
        page.get_by_role("link", name="桃李村海报 PDF").click()
    assert download.value.suggested_filename == "桃李村 加好友海报.pdf"
    assert saved(download.value, tmp_path).startswith(b"%PDF")

    page.get_by_role("link", name="二维码与海报").first.click()
    page.get_by_role("button", name="制作全所海报").click()
    page.get_by_text("排队中").first.wait_for()
    order = PrintOrder.objects.get()
    in_the_worker(lambda: ordering.draw(order.county_id, order.pk, at=clock.now()))
    with page.expect_download() as whole:  # the page has found out by itself
        page.get_by_role("link", name="下载 2 页 PDF").click()
    assert saved(whole.value, tmp_path).count(b"/Type /Page\n") == 2
    assert page.complaints == []


def test_the_preview_of_the_welcome_follows_what_is_typed(sit_down, desk):
    page = sit_down(desk.chief)
    beat = beat_of(desk.county, "小沙江镇", "桃李村")
    page.goto(f"/desk/welcome/{beat.pk}/")
    page.get_by_text("没有写，发的是软件自带的").wait_for()
    field = page.get_by_label("欢迎语")
    field.press_sequentially("乡亲好，我是{姓名}，管{网格}。")
    page.locator("#preview").get_by_text("乡亲好，我是阳模拟，管桃李村网格。").wait_for()
    assert "字 ·" in page.locator("#text-size").inner_text()
    assert not WelcomeText.objects.exists()

    page.get_by_role("button", name="保存欢迎语").click()
    page.get_by_text("已保存，下一位新好友就收到这一段").wait_for()
    assert WelcomeText.objects.get().text == "乡亲好，我是{姓名}，管{网格}。"
    assert page.complaints == []


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])
def test_an_officer_opens_the_card_on_the_phone_and_shows_a_door_its_own_code(
    sit_down, desk, tmp_path, javascript
):
    officer = desk.officers["桃李村"]
    home = make_household(desk.place("小沙江镇", "桃李村", "1组"), "77")
    phone = sit_down(officer, 390, 844, java_script_enabled=javascript)
    phone.goto("/o/me/")
    phone.get_by_role("link", name="我的名片").click()
    phone.get_by_role("button", name="生成我的码").click()
    phone.get_by_text("正在向企业微信要码").wait_for()
    wecom_makes_the_codes()
    if not javascript:
        phone.get_by_role("link", name="刷新看好了没有").click()
    phone.get_by_role("img", name="加好友的二维码").wait_for()
    phone.reload()
    with phone.expect_download() as sheet:
        phone.get_by_role("link", name="A4 一张 10 份").click()
    assert saved(sheet.value, tmp_path).startswith(b"%PDF")

    phone.goto(f"/o/grid/households/{home.pk}/")
    phone.get_by_role("link", name="这户的码").click()
    phone.get_by_role("button", name="生成这户的码").click()
    phone.get_by_text("正在向企业微信要码").wait_for()
    wecom_makes_the_codes()
    if not javascript:
        phone.get_by_role("link", name="刷新看好了没有").click()
    phone.get_by_role("img", name="加好友的二维码").wait_for()
    assert ContactWay.objects.filter(household=home, officer=officer).count() == 1
    assert phone.complaints == []


@pytest.mark.parametrize("size", ["std", "care"])
@pytest.mark.parametrize("width", [320, 390])
def test_nothing_sticks_out_of_the_phone_s_pages(sit_down, desk, size, width):
    officer = desk.officers["桃李村"]
    home = make_household(desk.place("小沙江镇", "桃李村", "1组"), "老院子靠河边那栋红砖")
    phone = sit_down(officer, width, 844)
    for path in ("/o/me/card/", f"/o/grid/households/{home.pk}/code/"):
        for _ in range(2):  # before and after there is a code
            phone.goto(f"{path}?size={size}")
            assert phone.evaluate(STICKS_OUT) <= 0, path
            phone.get_by_role("button", name="生成").or_(phone.locator("img.qr")).wait_for()
            if phone.get_by_role("button", name="生成").count():
                phone.get_by_role("button", name="生成").click()
                phone.get_by_text("正在向企业微信要码").wait_for()
                wecom_makes_the_codes()
    assert phone.complaints == []
