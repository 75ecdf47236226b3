"""Two records that are one person, merged on the phone by the officer who knows them both."""

import pytest
from playwright import sync_api

from tests.builders import make_household, make_resident
from tests.web.chromium import ARGS, CHROMIUM
from weijing.core import clock
from weijing.residents.finding import searching
from weijing.residents.merges import duplicates
from weijing.residents.models import DuplicatePair, MergeRecord, Resident

PHONE = "15400000012"


@pytest.fixture
def twins(beat):
    """罗样例 of the roll, and what was written down at the door last winter."""
    known = beat.friend("罗样例", "12", phone=PHONE, household_role="head")
    home = make_household(beat.place("2组"), "7")
    grams = searching.grams("罗样例", home.address)
    other = make_resident(beat.place("2组"), "罗样例", household=home, phone=PHONE, grams=grams)
    duplicates.find(beat.county.pk, at=clock.now())
    return known, other


def test_the_record_says_that_there_may_be_another_one(beat, twins):
    known, other = twins
    said = beat.client.get(f"/o/contacts/{known.pk}/").content.decode()
    assert "可能还有一份资料也是这个人" in said
    page = beat.client.get(f"/o/contacts/{known.pk}/merge/")
    assert [row["pk"] for row in page.context["rows"]] == [other.pk]
    assert PHONE not in page.content.decode()


def test_merging_moves_everything_and_can_be_taken_back(beat, twins):
    known, other = twins
    address = f"/o/contacts/{known.pk}/merge/?with={other.pk}"
    seen = beat.client.get(address).context["seen"]
    answer = beat.client.post(address, {"seen": seen, "keep": other.pk, "home": known.pk})
    record = MergeRecord.objects.get()
    assert answer.headers["Location"] == f"/o/merges/{record.pk}/"
    other.refresh_from_db()
    assert (record.survivor_id, record.absorbed_id) == (other.pk, known.pk)
    assert (other.identities.count(), other.division) == (1, beat.place("1组"))

    assert "撤销合并" in beat.client.get(f"/o/merges/{record.pk}/").content.decode()
    beat.client.post(f"/o/merges/{record.pk}/undo/")
    known.refresh_from_db()
    assert known.lifecycle == Resident.Lifecycle.ROLL and known.identities.count() == 1


def test_two_people_are_not_offered_again(beat, twins):
    known, other = twins
    beat.client.post(f"/o/contacts/{known.pk}/merge/?with={other.pk}", {"act": "different"})
    assert DuplicatePair.objects.get().state == DuplicatePair.State.DIFFERENT
    assert "可能还有一份资料" not in beat.client.get(f"/o/contacts/{known.pk}/").content.decode()


def test_what_changed_while_the_page_was_open_is_said_and_nothing_is_merged(beat, twins):
    known, other = twins
    address = f"/o/contacts/{known.pk}/merge/?with={other.pk}"
    seen = beat.client.get(address).context["seen"]
    Resident.objects.filter(pk=other.pk).update(household_role="child")
    answer = beat.client.post(address, {"seen": seen, "keep": known.pk})
    assert answer.status_code == 422
    assert not MergeRecord.objects.exists()


def test_records_of_another_grid_can_be_neither_found_nor_merged(beat, twins):
    known, _ = twins
    far = make_resident(beat.place("1组", "红星村"), "罗样例", phone=PHONE)
    page = beat.client.get(f"/o/contacts/{known.pk}/merge/?q=罗样例")
    assert far.pk not in [row["pk"] for row in page.context["rows"]]
    for method in (beat.client.get, beat.client.post):
        assert method(f"/o/contacts/{known.pk}/merge/?with={far.pk}").status_code == 404
        assert method(f"/o/contacts/{far.pk}/merge/").status_code == 404
    assert not MergeRecord.objects.exists()


@pytest.mark.browser
def test_an_officer_merges_two_records_by_finger_and_takes_it_back(
    transactional_db, beat, twins, live_server
):
    known, _ = twins
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
        phone = context.new_page()
        phone.goto(f"{live_server.url}/sign-in/?next=/o/contacts/{known.pk}/")
        phone.get_by_label("账号").fill("yang")
        phone.get_by_label("密码").fill("correct-horse-42")
        phone.get_by_label("密码").press("Enter")
        phone.get_by_role("link", name="对照一下").tap()
        phone.get_by_role("link", name="罗").tap()
        phone.get_by_role("heading", name="是不是同一个人").wait_for()
        assert phone.evaluate("document.documentElement.scrollWidth") == 390
        phone.get_by_role("button", name="留资料一").tap()
        phone.get_by_role("heading", name="已合并成一份").wait_for()
        phone.get_by_role("button", name="撤销合并").tap()
        phone.get_by_role("heading", name="合并已撤销").wait_for()
        browser.close()
    assert MergeRecord.objects.get().undone_at is not None
