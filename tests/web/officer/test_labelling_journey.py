"""An officer labels on a phone: the roll suggests, one tap takes it, the next one follows."""

import pytest

from tests.builders import make_household, make_resident
from tests.web.officer.test_on_the_phone import STICKS_OUT, browser, complaints, phone
from weijing.residents import phones
from weijing.residents.finding import searching
from weijing.residents.models import Contact, RemarkProposal

__all__ = ["browser", "phone"]  # fixtures

pytestmark = pytest.mark.browser


@pytest.fixture
def family(beat):
    """The household at 桃李村 1组 12号, of which nobody is a contact yet."""
    home = make_household(beat.place(), "12")
    fields = {"household": home, "grams": searching.grams("罗样例", home.address)}
    return make_resident(beat.place(), "罗样例", phone="15400000412", **fields)


def test_a_suggestion_is_taken_with_one_tap_and_the_next_one_follows(
    phone, beat, family, live_server
):
    known, following = beat.stranger("山里人家", days_ago=2), beat.stranger("云淡风轻")
    known.remark_mobiles_text = '["15400000412"]'
    known.remark_mobile_indexes = phones.indexes(["15400000412"])
    known.save()
    phone.goto(f"{live_server.url}/o/contacts/{known.pk}/label/")
    phone.get_by_text("底册里可能是").wait_for()
    assert phone.get_by_text("电话相同").is_visible(), "the phone noted in WeCom is evidence"
    phone.get_by_text("已当面说明用途").tap()
    phone.get_by_role("button", name="就是他").tap()

    phone.wait_for_url(f"**/o/contacts/{following.pk}/label/")
    phone.get_by_text("云淡风轻").wait_for()
    known.refresh_from_db()
    assert known.identity.resident == family
    assert known.labelled_by == beat.officer
    assert complaints(phone) == []


def test_suggestions_follow_what_is_typed(phone, beat, family, live_server):
    contact = beat.stranger("山里人家")
    phone.goto(f"{live_server.url}/o/contacts/{contact.pk}/label/")
    assert not phone.get_by_text("底册里可能是").is_visible()
    phone.get_by_label("真实姓名").fill("罗样例")
    phone.get_by_text("同村同名").wait_for()
    assert complaints(phone) == []


def test_a_remark_changed_in_wecom_is_decided_from_the_day_s_page(phone, beat, live_server):
    person = beat.friend("罗样例", "1")
    contact = Contact.objects.get(identity__resident=person)
    Contact.objects.filter(pk=contact.pk).update(
        labelled_at=contact.added_at, remark="桃李1组-罗示例"
    )
    RemarkProposal.objects.create(
        county=beat.county, contact=contact, remark="桃李1组-罗示例", seen_at=contact.added_at
    )
    for size in ("std", "care"):
        phone.goto(f"{live_server.url}/o/corrections/?size={size}")
        assert phone.evaluate(STICKS_OUT) <= 0
    phone.goto(f"{live_server.url}/o/today/?size=std")
    phone.get_by_text("条备注在企业微信里改过").tap()
    phone.get_by_role("button", name="采纳更正").tap()
    phone.get_by_text("已采纳：姓名").wait_for()
    person.refresh_from_db()
    assert person.name == "罗示例"
    assert complaints(phone) == []
