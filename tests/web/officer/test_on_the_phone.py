"""An officer's phone in a real browser: sign in, label with keys and taps, see the next."""

import pytest
from playwright import sync_api

from tests.builders import make_household, make_resident
from tests.web.chromium import ARGS, CHROMIUM, PATIENCE_MS
from weijing.residents.models import Contact

pytestmark = pytest.mark.browser
# How far anything sticks out of the page: 0 when nothing does.
STICKS_OUT = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


# htmx notes an older look that a newer one replaces; nothing is wrong then.
REPLACED = ("htmx:sendAbort", "htmx:afterRequest")


def complaints(phone):
    """What the browser refused or could not run, under the policy the server sends."""
    return [said for said in phone.complaints if not said.startswith(REPLACED)]


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def phone(browser, transactional_db, beat, live_server):
    """Signed in by password, on the day's page."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    phone = context.new_page()
    phone.set_default_timeout(PATIENCE_MS)
    phone.complaints = []
    phone.on("console", lambda said: phone.complaints.append(said.text))
    phone.on("pageerror", lambda wrong: phone.complaints.append(str(wrong)))
    phone.goto(f"{live_server.url}/sign-in/?next=/o/today/")
    phone.get_by_label("账号").fill("yang")
    phone.get_by_label("密码").fill("correct-horse-42")
    phone.get_by_label("密码").press("Enter")
    phone.wait_for_url("**/o/today/")
    yield phone
    context.close()


def test_an_officer_labels_a_contact_and_the_next_one_appears(phone, beat):
    first, second = beat.stranger("山里人家", days_ago=2), beat.stranger("云淡风轻")
    phone.reload()
    phone.get_by_text("位新好友还没标注").tap()
    phone.get_by_role("link", name="山里人家").tap()

    phone.get_by_label("真实姓名").fill("罗样例")
    phone.keyboard.press("Tab")
    phone.keyboard.type("138 0000 0412")
    phone.get_by_label("组", exact=True).select_option("1组")
    phone.get_by_label("门牌").fill("12")
    phone.get_by_text("户主", exact=True).tap()
    phone.get_by_text("桃李1组-罗样例-户主").wait_for()  # the preview, without a reload
    phone.get_by_label("标签").fill("货车")
    phone.get_by_text("重型货车").tap()
    phone.get_by_text("已当面说明用途").tap()
    phone.get_by_role("button", name="保存，下一位").focus()
    phone.keyboard.press("Enter")

    phone.get_by_text("云淡风轻").wait_for()
    assert phone.url.endswith(f"/o/contacts/{second.pk}/label/")
    labelled = Contact.objects.get(pk=first.pk)
    assert labelled.labelled_by == beat.officer
    assert labelled.identity.resident.name == "罗样例"
    tags = labelled.identity.resident.tag_assignments.values_list("tag__name", flat=True)
    assert list(tags) == ["重型货车"]
    assert complaints(phone) == []


def test_enter_in_a_field_looks_and_does_not_save(phone, beat, live_server):
    contact = beat.stranger("山里人家")
    phone.goto(f"{live_server.url}/o/contacts/{contact.pk}/label/")
    phone.get_by_label("已当面说明用途").check()
    phone.get_by_label("真实姓名").fill("罗样例")
    phone.keyboard.press("Enter")
    phone.wait_for_load_state()
    assert phone.get_by_label("真实姓名").input_value() == "罗样例"
    assert Contact.objects.get(pk=contact.pk).labelled_at is None


def test_the_sheet_of_a_campaign_says_how_to_reach_the_task(phone, beat, live_server):
    beat.share([beat.friend("罗样例", "1")])
    phone.reload()
    phone.get_by_role("link", name="去确认：强降雨山区行车提醒").tap()
    phone.get_by_role("link", name="去企业微信发给").tap()
    assert phone.get_by_role("dialog", name="回到企业微信").is_visible()
    phone.keyboard.press("Escape")
    phone.get_by_role("link", name="内容有误，退回").tap()
    phone.get_by_label("哪里有误").fill("时间写错")
    phone.get_by_role("button", name="退回给县局").tap()
    phone.get_by_text("你已退回：时间写错").wait_for()
    assert complaints(phone) == []


@pytest.mark.parametrize("size", ["std", "care"])
@pytest.mark.parametrize("width", [320, 390])
def test_nothing_sticks_out_of_any_page(phone, beat, live_server, size, width):
    people = [beat.friend(f"罗样例{n}", str(n)) for n in range(1, 25)]
    beat.share(people, left_out={"received_today": 4, "no_consent": 2})
    contacts = [beat.stranger("阿山（有货请打电话，晚上不接）", days_ago=n) for n in range(3)]
    home = make_household(beat.place("2组"), "老院子靠河边那栋红砖")
    make_resident(beat.place("2组"), "周示例", household=home)
    phone.set_viewport_size({"width": width, "height": 844})
    for path in (
        "/o/today/", "/o/campaigns/QF-1124-01/", "/o/campaigns/QF-1124-01/people/", "/o/contacts/",
        f"/o/contacts/{contacts[0].pk}/label/", "/o/grid/", "/o/grid/unlinked/", "/o/me/",
        f"/o/grid/unlinked/?group={home.division.code}", "/o/offline/",
        f"/o/grid/households/{home.pk}/visits/new/",
        "/o/notice/", "/s/contact/",
    ):  # fmt: skip
        also = "&" if "?" in path else "?"
        phone.goto(f"{live_server.url}{path}{also}size={size}")
        assert phone.evaluate(STICKS_OUT) <= 0, path
    assert complaints(phone) == []
