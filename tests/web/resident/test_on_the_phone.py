"""A resident's phone in a real browser: read, correct, withdraw; by finger, in care size too."""

import pytest
from playwright import sync_api

from tests.web.chromium import ARGS, CHROMIUM, PATIENCE_MS
from weijing.accounts import identity_codes
from weijing.audit import trail
from weijing.core import clock
from weijing.privacy.models import RightsRequest
from weijing.residents.models import Resident

pytestmark = pytest.mark.browser
STICKS_OUT = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FIRST_LOAD_BYTES = 120_000
# Everything a finger is meant for, and how high it is.
TARGETS = """Array.from(document.querySelectorAll('.button, .switch-button, a.cell, .input'))
    .map(each => each.getBoundingClientRect().height).filter(height => height > 0)"""


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def open_phone(browser, transactional_db, village, live_server):
    contexts = []

    def open_phone(**options):
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, has_touch=True, **options
        )
        contexts.append(context)
        phone = context.new_page()
        phone.set_default_timeout(PATIENCE_MS)
        phone.complaints = []
        phone.on("console", lambda said: phone.complaints.append(said.text))
        phone.on("pageerror", lambda wrong: phone.complaints.append(str(wrong)))
        phone.goto(f"{live_server.url}/r/open/{village.key(village.resident)}/")
        return phone

    yield open_phone
    for context in contexts:
        context.close()


def test_a_resident_reads_corrects_and_withdraws(open_phone, village):
    trail.viewed(
        village.desk, Resident._meta.label_lower, [village.resident.pk], purpose="desk.visit",
        at=clock.now(),
    )  # fmt: skip
    phone = open_phone()
    assert phone.url.endswith("/r/")
    phone.get_by_text("关于我的信息、退订").tap()

    phone.get_by_text("154****0412").wait_for()
    phone.get_by_text("近 30 天被查看 1 次").tap()
    phone.get_by_text("胡示范").wait_for()
    phone.get_by_role("link", name="返回").tap()

    phone.get_by_role("link", name="更正电话").tap()
    phone.get_by_label("正确的电话").fill("154 0000 0999")
    phone.get_by_role("button", name="提交更正").tap()
    phone.get_by_text("154****0999").wait_for()
    phone.get_by_role("link", name="返回").tap()

    switch = phone.get_by_role("switch", name="防骗、普法宣传")
    assert switch.get_attribute("aria-checked") == "false"
    switch.tap()
    phone.get_by_role("switch", checked=True).wait_for()
    phone.get_by_role("switch", name="防骗、普法宣传").tap()
    phone.get_by_text("已退订，马上停止发送。").wait_for()

    phone.get_by_role("link", name="不再联系").tap()
    phone.get_by_role("button", name="不再联系我").tap()
    phone.get_by_role("button", name="同意联系我").wait_for()
    village.resident.refresh_from_db()
    assert village.resident.consents == []
    assert RightsRequest.objects.get().wanted == "15400000999"
    assert phone.complaints == []


def test_all_of_it_works_without_a_script(open_phone, village):
    phone = open_phone(java_script_enabled=False)
    phone.get_by_text("关于我的信息、退订").tap()
    phone.get_by_role("switch", name="防骗、普法宣传").tap()
    phone.get_by_role("switch", checked=True).wait_for()
    phone.get_by_role("link", name="申请删除").tap()
    phone.get_by_role("button", name="提交删除申请").tap()
    phone.get_by_text("核实身份").wait_for()
    village.resident.refresh_from_db()
    assert "publicity" in village.resident.consents


@pytest.mark.parametrize("size", ["std", "care"])
@pytest.mark.parametrize("width", [320, 390])
def test_every_page_fits_and_is_made_for_fingers(open_phone, village, live_server, size, width):
    phone = open_phone()
    phone.set_viewport_size({"width": width, "height": 844})
    code = identity_codes.code_of(village.officer, at=clock.now())
    for path in (
        "/r/", "/r/me/", "/r/me/seen/", "/r/me/copy/", "/r/me/end/", "/r/me/choices/GRD02/",
        "/r/me/requests/new/?kind=correct&field=phone", "/r/me/requests/new/?kind=delete",
        "/r/verify/", f"/r/verify/{code}/", "/r/notice/",
    ):  # fmt: skip
        phone.goto(f"{live_server.url}{path}{'&' if '?' in path else '?'}size={size}")
        assert phone.evaluate(STICKS_OUT) <= 0, path
        heights = phone.evaluate(TARGETS)
        assert min(heights, default=48) >= (60 if size == "care" and path == "/r/" else 48), path
    assert phone.complaints == []


def test_the_first_page_is_light(browser, transactional_db, village, live_server):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    phone, loaded = context.new_page(), []
    phone.on("response", lambda answer: loaded.append(answer))
    phone.goto(f"{live_server.url}/r/open/{village.key(village.resident)}/")
    phone.wait_for_load_state("networkidle")
    weight = sum(len(answer.body()) for answer in loaded if answer.status == 200)
    context.close()
    assert weight <= FIRST_LOAD_BYTES, f"{weight} bytes before compression"
