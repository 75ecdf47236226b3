"""Lost and found, and a search, by finger in a real browser: officers' and residents' phones."""

import io

import pytest
from PIL import Image
from playwright import sync_api

from tests.web.chromium import ARGS, CHROMIUM, PATIENCE_MS
from tests.web.requests.conftest import CARD
from weijing.requests.models import LostItem, LostMatch, MissingPerson, Sighting

pytestmark = pytest.mark.browser
STICKS_OUT = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SIZE = {"width": 390, "height": 844}


def refusals(phone):
    """The browser notes an answer of 422; nothing else may be noted."""
    assert all("status of 422" in said for said in phone.complaints), phone.complaints
    return len(phone.complaints)


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def phones(browser, transactional_db, village, live_server):
    """`phones(address)`: another phone, on that page; `phones.signed_in()`: the officer's."""
    contexts = []

    class Phones:
        def __call__(self, address="/r/"):
            context = browser.new_context(viewport=SIZE, has_touch=True)
            contexts.append(context)
            phone = context.new_page()
            phone.set_default_timeout(PATIENCE_MS)
            phone.complaints = []
            phone.on("console", lambda said: phone.complaints.append(said.text))
            phone.on("pageerror", lambda wrong: phone.complaints.append(str(wrong)))
            phone.goto(f"{live_server.url}{address}")
            return phone

        def signed_in(self):
            phone = self("/sign-in/?next=/o/me/")
            phone.get_by_label("账号").fill("yang")
            phone.get_by_label("密码").fill("correct-horse-42")
            phone.get_by_label("密码").press("Enter")
            phone.wait_for_url("**/o/me/")
            return phone

    yield Phones()
    for context in contexts:
        context.close()


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "grandmother.jpg"
    out = io.BytesIO()
    Image.new("RGB", (300, 400), (180, 140, 120)).save(out, "JPEG")
    path.write_bytes(out.getvalue())
    return path


def test_a_card_finds_its_owner_and_is_signed_for(phones, village):
    resident = phones(f"/r/open/{village.key(village.resident)}/")
    resident.get_by_role("link", name="失物招领").tap()
    resident.get_by_role("link", name="我丢了东西").tap()
    resident.get_by_label("什么东西").select_option("身份证")
    resident.get_by_label("证件号后四位").fill(CARD[-4:])
    resident.get_by_role("button", name="登记丢失").tap()
    resident.get_by_text("正在和捡到的东西比对").wait_for()

    officer = phones.signed_in()
    officer.get_by_role("link", name="失物招领").tap()
    officer.get_by_role("link", name="登记捡到").tap()
    officer.get_by_label("什么东西").select_option("身份证")
    officer.get_by_label("证件上的姓名").fill("罗样例")
    officer.get_by_label("证件号、卡号").fill(CARD)
    officer.get_by_label("在哪个村").select_option(label="小沙江镇 桃李村")
    officer.get_by_text("东西已经交到我手里").tap()
    officer.get_by_role("button", name="登记捡到").tap()

    # Somebody without any link reads of it, masked.
    anybody = phones("/r/lost/")
    anybody.get_by_text("罗**").wait_for()
    assert "罗样例" not in anybody.content()
    assert CARD[-4:] not in anybody.content()

    officer.get_by_text("证件号后四位一致、姓名一致").wait_for()
    officer.get_by_role("button", name="对上").tap()
    officer.get_by_text("请核实是不是失主本人").wait_for()
    resident.reload()
    resident.get_by_text("可能找到了").wait_for()
    officer.get_by_label("失主说的后四位").fill("9999")
    officer.get_by_text("本人和证件照片一致").tap()
    officer.get_by_role("button", name="登记核实").tap()
    officer.get_by_text("后四位和证件对不上").wait_for()
    officer.get_by_label("失主说的后四位").fill(CARD[-4:])
    officer.get_by_text("本人和证件照片一致").tap()
    officer.get_by_role("button", name="登记核实").tap()
    officer.get_by_text("失主本人").tap()
    officer.get_by_label("签收人姓名").fill("罗样例")
    officer.get_by_role("button", name="交还 1 件").tap()
    officer.get_by_role("button", name="办结").tap()
    officer.get_by_text("罗样例（失主本人）").wait_for()

    match = LostMatch.objects.get()
    assert (match.proof, match.signed, match.returned_by) == ("tail", "罗样例", village.officer)
    assert set(LostItem.objects.values_list("state", "outcome")) == {("closed", "returned")}
    assert refusals(officer) == 1
    assert resident.complaints == anybody.complaints == []


def test_a_grandmother_is_looked_for_seen_and_found(phones, village, picture):
    officer = phones.signed_in()
    officer.get_by_role("link", name="走失寻找").tap()
    officer.get_by_role("link", name="接报走失，马上找").tap()
    officer.get_by_label("走失的人叫什么").fill("周样例")
    officer.get_by_label("多大年纪").fill("78")
    officer.get_by_text("女", exact=True).tap()
    officer.get_by_label("在哪个村附近").select_option(label="小沙江镇 桃李村")
    officer.get_by_label("最后在哪里").fill("桥头小卖部")
    officer.get_by_label("长相、衣着").fill("老年痴呆，蓝布衣")
    officer.get_by_label("报的人是他的").select_option("女儿")
    officer.get_by_label("报的人姓名").fill("周家人")
    officer.get_by_label("报的人电话").fill("154 0000 0417")
    officer.get_by_role("button", name="接报，马上找").tap()
    officer.get_by_text("是病情，不写进寻人资料").first.wait_for()
    officer.get_by_label("长相、衣着").fill("蓝布衣，拄竹杖")
    officer.get_by_text("需要照护", exact=True).tap()
    officer.get_by_role("button", name="接报，马上找").tap()

    officer.get_by_text("回拨电话").tap()
    officer.get_by_text("已确认报的人是家属或监护人").tap()
    officer.get_by_role("button", name="核实了，马上找").tap()
    for field in ("姓名", "照片", "体貌衣着", "最后出现的时间、地点"):
        officer.locator("#publicity .chips").get_by_text(field, exact=True).tap()
    officer.get_by_text("纸上签字").tap()
    officer.get_by_role("button", name="登记书面同意").tap()
    officer.get_by_label("照片", exact=True).set_input_files(picture)
    officer.get_by_role("button", name="保存照片").tap()
    officer.get_by_role("button", name="公开 24 小时").tap()
    shared = officer.get_by_label("转发用的话和链接").input_value()
    assert "周样例" in shared
    assert "15400000417" not in shared
    address = shared.splitlines()[-1].partition("/r/")[2]

    anybody = phones(f"/r/{address}?size=care")
    anybody.get_by_role("heading", name="寻找周样例").wait_for()
    assert anybody.evaluate("document.querySelector('.portrait').naturalWidth") == 300
    assert "78 岁" not in anybody.content()  # nobody agreed to that
    assert anybody.evaluate(STICKS_OUT) <= 0
    anybody.get_by_label("在哪里看到的").fill("车站候车室")
    anybody.get_by_label("往哪走、和谁在一起").fill("一个人，坐着")
    anybody.get_by_role("button", name="告诉民警").tap()
    anybody.get_by_text("已经告诉负责的民警").wait_for()

    officer.reload()
    officer.get_by_text("车站候车室").wait_for()
    officer.get_by_role("button", name="已派人去看").tap()
    officer.get_by_label("在哪里找到的").fill("车站候车室")
    officer.get_by_text("看过了，人平安").tap()
    officer.get_by_text("可以告诉", exact=True).tap()
    officer.get_by_role("button", name="找到了，撤下启事").tap()
    officer.get_by_text("已找到，启事已全部撤下。").wait_for()
    anybody.reload()
    anybody.get_by_text("已找到，谢谢").wait_for()
    assert "周样例" not in anybody.content()
    officer.get_by_label("接人的家属姓名").fill("周家人")
    officer.get_by_role("button", name="已交给家属").tap()
    officer.get_by_role("button", name="办结").tap()
    officer.get_by_text("已办结。").wait_for()

    missing = MissingPerson.objects.get()
    assert (missing.state, missing.outcome, missing.handed_to) == ("closed", "returned", "周家人")
    assert Sighting.objects.get().verdict == "followed"
    assert refusals(officer) == 1
    assert anybody.complaints == []
