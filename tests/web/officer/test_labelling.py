"""Labelling a contact: what is asked, what is refused and in which words, who comes next."""

import pytest
from django.test import Client

from tests.builders import (
    LONG_AGO,
    beat_of,
    give_tag,
    make_contact,
    make_household,
    make_officer,
    make_resident,
)
from tests.web.markup import Page
from weijing.accounts.models import Posting, Role
from weijing.audit.models import AuditEntry
from weijing.core import clock
from weijing.residents.merges import merging
from weijing.residents.models import (
    ConsentRecord,
    Contact,
    ContactWay,
    RemarkProposal,
    RemarkWrite,
    Resident,
)
from weijing.tags import by_way
from weijing.tags.models import Tag, TagAssignment, WayTag


def text(answer):
    return answer.content.decode()


def address(contact):
    return f"/o/contacts/{contact.pk}/label/"


def save(beat, contact, **changes):
    return beat.client.post(address(contact), beat.form(**changes))


def test_saving_puts_the_stranger_on_the_roll_and_shows_the_next(beat):
    first, second = beat.stranger("山里人家", days_ago=2), beat.stranger("云淡风轻")
    answer = save(beat, first)
    assert answer.status_code == 302
    assert answer["Location"] == address(second)
    first.refresh_from_db()
    person = first.identity.resident
    assert (person.name, person.lifecycle) == ("罗样例", Resident.Lifecycle.ROLL)
    assert (person.division, person.household.address) == (beat.place(), "12号")
    assert person.phone == "13800000412"
    assert first.labelled_by == beat.officer


def test_after_the_last_one_the_day_goes_on(beat):
    assert save(beat, beat.stranger("山里人家"))["Location"] == "/o/today/"


def test_the_button_says_how_many_are_left(beat):
    contacts = [beat.stranger(f"网友{n}", days_ago=n) for n in range(5)]
    page = text(beat.client.get(address(contacts[4])))
    assert '（还有 <span class="num">4</span> 位）' in page
    assert address(contacts[3]) in page


def test_skipping_goes_round_to_the_first_again(beat):
    old, new = beat.stranger("早来的", days_ago=3), beat.stranger("晚来的")
    assert address(old) in text(beat.client.get(address(new)))


def test_no_box_is_ticked_for_the_officer(beat):
    page = Page(text(beat.client.get(address(beat.stranger("山里人家")))))
    ticked = [box for box in page.all("input") if "checked" in box.attributes]
    assert ticked == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "请填真实姓名。"),
        ({"name": "12"}, "请填真实姓名，2 到 50 个字"),
        ({"phone": "1380000"}, "电话应为 11 位数字"),
        ({"group": ""}, "请选组。"),
        ({"group": "430524999999"}, "请选组。"),
        ({"role": ""}, "请选与户主关系。"),
        ({"told": None}, "请先当面说明用途"),
    ],
)
def test_what_is_missing_is_said_at_the_field_and_nothing_is_saved(beat, changes, words):
    contact = beat.stranger("山里人家")
    answer = save(beat, contact, **changes)
    assert answer.status_code == 422
    assert words in text(answer)
    contact.refresh_from_db()
    assert contact.labelled_at is None
    assert not ConsentRecord.objects.exists()


def test_what_was_typed_stands_after_an_error(beat):
    page = text(save(beat, beat.stranger("山里人家"), phone="123", house="九号院"))
    assert 'value="罗样例"' in page
    assert 'value="九号院"' in page


def test_a_place_outside_my_grid_is_refused(beat):
    elsewhere = beat.place("1组", "红星村")
    contact = beat.stranger("山里人家")
    answer = save(beat, contact, village=elsewhere.parent.code, group=elsewhere.code)
    assert answer.status_code == 422
    contact.refresh_from_db()
    assert contact.labelled_at is None


def test_only_my_own_live_contacts_exist(beat):
    others = beat.stranger("别人的", officer=beat.neighbour)
    gone = beat.stranger("删了我的")
    Contact.objects.filter(pk=gone.pk).update(state=Contact.State.REMOVED_BY_RESIDENT)
    for contact in (others, gone):
        assert beat.client.get(address(contact)).status_code == 404
        assert save(beat, contact).status_code == 404
        contact.refresh_from_db()
        assert contact.labelled_at is None


def test_opening_the_page_is_noted_as_a_reading(beat):
    contact = beat.stranger("山里人家")
    beat.client.get(address(contact))
    entry = AuditEntry.objects.get(action="record.viewed")
    assert (entry.object_id, entry.purpose) == (contact.identity.resident_id, "contact.label")


def test_a_contact_on_another_roll_shows_only_a_nickname(beat):
    person = make_resident(beat.place("1组", "红星村"), "胡示范")
    contact = beat.stranger("红星人")
    contact.identity.resident = person
    contact.identity.save()
    assert beat.client.get(address(contact)).status_code == 404
    page = text(beat.client.get("/o/contacts/"))
    assert "胡" not in page
    assert "住在其他网格" in page


def test_publicity_is_agreed_to_on_its_own(beat):
    without, with_it = beat.stranger("甲"), beat.stranger("乙")
    save(beat, without)
    save(beat, with_it, publicity="on", phone="", house="13")
    for contact, consents in ((without, ["contact"]), (with_it, ["contact", "publicity"])):
        contact.refresh_from_db()
        assert contact.identity.resident.consents == consents


def test_a_phone_of_somebody_else_is_named_and_may_be_shared(beat):
    beat.friend("罗老汉", "3", phone="13800000412")
    contact = beat.stranger("山里人家")
    answer = save(beat, contact)
    assert answer.status_code == 422
    assert "名下，请核对后再保存" in text(answer)
    assert "一家人合用这个电话" in text(answer)
    assert save(beat, contact, is_shared="on").status_code == 302


def test_the_roll_suggests_who_it_may_be_and_one_tap_links_them(beat):
    home = make_household(beat.place(), "12")
    person = make_resident(beat.place(), "罗样例", household=home, phone="13800000412")
    contact = beat.stranger("山里人家")
    page = text(beat.client.post(address(contact), beat.form(action="look")))
    assert "电话相同" in page
    assert f'value="{person.pk}"' in page
    form = {"same_as": str(person.pk), "told": "on"}
    assert beat.client.post(address(contact), form).status_code == 302
    contact.refresh_from_db()
    assert contact.identity.resident == person
    assert contact.labelled_at is not None


def test_linking_with_one_tap_needs_the_notice_as_well(beat):
    person = make_resident(beat.place(), "罗样例")
    contact = beat.stranger("山里人家")
    answer = beat.client.post(address(contact), {"same_as": str(person.pk)})
    assert answer.status_code == 422
    assert "请先当面说明用途" in text(answer)


@pytest.mark.parametrize("id", ["0", "999999999999999999999", "1e5", "-1", ""])
def test_nobody_can_be_linked_to_a_made_up_person(beat, id):
    contact = beat.stranger("山里人家")
    answer = beat.client.post(address(contact), {"same_as": id, "told": "on"})
    assert answer.status_code in (404, 422)
    contact.refresh_from_db()
    assert contact.labelled_at is None


def test_nobody_can_be_linked_to_a_person_of_another_grid(beat):
    person = make_resident(beat.place("1组", "红星村"), "胡示范")
    contact = beat.stranger("山里人家")
    form = {"same_as": str(person.pk), "told": "on"}
    assert beat.client.post(address(contact), form).status_code == 404


def test_a_suggested_name_is_in_full_only_for_who_typed_it(beat):
    make_resident(beat.place(), "罗样例", phone="13800000412")
    contact = beat.stranger("山里人家")
    page = text(beat.client.post(address(contact), beat.form(action="look", name="罗")))
    assert "罗**" in page
    assert "罗样例" not in page


def test_looking_judges_nothing_and_saves_nothing(beat):
    contact = beat.stranger("山里人家")
    answer = beat.client.post(address(contact), {"action": "look", "name": "罗样例"})
    assert answer.status_code == 200
    assert "要改" not in text(answer)
    contact.refresh_from_db()
    assert contact.labelled_at is None


def test_the_preview_is_the_remark_that_will_be_written(beat):
    contact = beat.stranger("山里人家")
    page = text(beat.client.post(address(contact), beat.form(action="look")))
    assert "桃李1组-罗样例-户主" in page
    assert "11/20" in page


def test_tags_are_found_by_name_without_javascript_and_stay_ticked(beat):
    tag = Tag.objects.get(code="TRF01001")
    contact = beat.stranger("山里人家")
    form = beat.form(action="tags", tag_q="摩托", tags=tag.code)
    page = Page(text(beat.client.post(address(contact), form)))
    boxes = {box["value"]: box for box in page.all("input") if box.attributes.get("name") == "tags"}
    assert set(boxes) == {"TRF01001", "TRF02001"}
    assert "checked" in boxes["TRF01001"].attributes
    assert save(beat, contact, tags=tag.code).status_code == 302
    contact.refresh_from_db()
    assert [one.tag for one in contact.identity.resident.tag_assignments.all()] == [tag]


def test_a_tag_only_residents_set_is_never_offered_nor_taken(beat):
    contact = beat.stranger("山里人家")
    page = text(beat.client.post(address(contact), beat.form(action="tags", tag_q="独居")))
    assert 'value="GRD02001"' not in page
    assert "只能由群众本人填写" in page
    save(beat, contact, tags="GRD02001")
    assert not TagAssignment.objects.exists()


def test_a_sensitive_tag_needs_its_own_consent(beat):
    contact = beat.stranger("山里人家")
    answer = save(beat, contact, tags="GRD05001")
    assert answer.status_code == 422
    assert "本人单独同意登记敏感标签「涉诈易受侵害群体」" in text(answer)
    assert save(beat, contact, tags="GRD05001", consents="GRD05").status_code == 302
    contact.refresh_from_db()
    assert "GRD05" in contact.identity.resident.consents


def test_a_consent_nobody_was_asked_for_is_not_taken(beat):
    contact = beat.stranger("山里人家")
    assert save(beat, contact, consents="GRD04").status_code == 302
    contact.refresh_from_db()
    assert contact.identity.resident.consents == ["contact"]


def test_what_neighbours_carry_is_suggested_first(beat):
    give_tag(beat.friend("周示例", "5"), Tag.objects.get(code="TRF02001"))
    page = text(beat.client.get(address(beat.stranger("山里人家"))))
    assert 'value="TRF02001"' in page
    assert 'value="TRF01001"' not in page


def test_the_roll_s_own_name_and_address_are_not_asked_again(beat):
    person = beat.friend("罗样例", "1", roll_digest=b"x", phone="13800000412")
    contact = Contact.objects.get(identity__resident=person)
    page = text(beat.client.get(address(contact)))
    assert 'name="name"' not in page
    assert "138****0412" in page
    assert "13800000412" not in page
    answer = beat.client.post(address(contact), {"action": "save", "told": "on", "role": "head"})
    assert answer.status_code == 302
    person.refresh_from_db()
    assert (person.name, person.household_role) == ("罗样例", "head")


def test_my_people_are_masked_and_found_by_phone_tail_and_nickname(beat):
    beat.friend("罗样例", "1")
    beat.stranger("山里人家")
    page = text(beat.client.get("/o/contacts/"))
    assert "罗**" in page
    assert "罗样例" not in page
    assert "山里人家" in page
    found = text(beat.client.get("/o/contacts/?q=山里"))
    assert "山里人家" in found
    assert "罗**" not in found
    assert "没有找到" in text(beat.client.get("/o/contacts/?q=没有这个人"))


def test_a_search_that_finds_is_noted_as_a_reading(beat):
    person = beat.friend("罗样例", "1")
    beat.client.get("/o/contacts/?q=1号")
    entries = AuditEntry.objects.filter(action="record.viewed", purpose="contact.search")
    assert list(entries.values_list("object_id", flat=True)) == [person.pk]


def test_the_sidebar_takes_the_chat_by_post_and_leads_to_the_label(beat):
    contact = beat.stranger("山里人家")
    userid = contact.identity.external_userid
    answer = beat.client.post("/s/contact/", {"external_userid": userid})
    assert answer["Location"] == address(contact)
    assert userid not in answer["Location"]


def test_the_sidebar_knows_only_my_own_chats(beat):
    theirs = beat.stranger("别人的", officer=beat.neighbour)
    for userid in (theirs.identity.external_userid, "wmNobody", ""):
        answer = beat.client.post("/s/contact/", {"external_userid": userid})
        assert answer.status_code == 404
        assert "还没同步过来" in text(answer)


def test_the_sidebar_without_a_chat_is_a_search_page(beat):
    beat.stranger("山里人家")
    page = text(beat.client.get("/s/contact/"))
    assert "请从聊天右侧打开，或在这里找人" in page
    assert "山里人家" in page


def test_unlinked_households_are_listed_by_address_only_in_walking_order(beat):
    for number in ("10", "2"):
        home = make_household(beat.place(), number)
        make_resident(beat.place(), "周示例", household=home)
    beat.friend("罗样例", "1")
    page = text(beat.client.get("/o/grid/unlinked/"))
    assert page.index("2号") < page.index("10号")
    assert "周" not in page.split("<main")[1]
    code = beat.place("2组").code
    assert "这里全部联系上了" in text(beat.client.get(f"/o/grid/unlinked/?group={code}"))


def test_the_unlinked_of_another_grid_do_not_exist(beat):
    code = beat.place("1组", "红星村").code
    for wrong in (code, "430524", "x", "'; --"):
        assert beat.client.get("/o/grid/unlinked/", {"group": wrong}).status_code == 404


def test_the_grid_counts_agree_with_the_list_of_doors(beat):
    for group, number in (("1组", "1"), ("1组", "2"), ("2组", "3")):
        make_household(beat.place(group), number)
    beat.friend("罗样例", "9")
    page = text(beat.client.get("/o/grid/"))
    assert "1 / 3" in page
    assert '差 <span class="num">2</span> 户' in page
    assert '共 <span class="num">3</span> 户' in text(beat.client.get("/o/grid/unlinked/"))


def test_the_notice_names_the_bureau(beat):
    assert "隆回县公安局" in text(beat.client.get("/o/notice/"))


# --- meanwhile, and in WeCom ----------------------------------------------------------------


def seen_of(page):
    return next(
        box["value"] for box in Page(page).all("input") if box.attributes.get("name") == "seen"
    )


def proposed(beat, remark="桃李1组-罗示例-户主", **fields):
    """A labelled friend whose remark the officer changed in WeCom."""
    person = beat.friend("罗样例", "1", **fields)
    contact = Contact.objects.get(identity__resident=person)
    Contact.objects.filter(pk=contact.pk).update(labelled_at=contact.added_at, remark=remark)
    return RemarkProposal.objects.create(
        county=beat.county, contact=contact, remark=remark, seen_at=contact.added_at
    )


def test_the_second_of_two_officers_sees_what_the_first_has_saved(beat, client):
    contact = beat.stranger("山里人家")
    colleague = make_officer(beat.county, "peng", Role.VILLAGE_AUXILIARY, name="彭示范")
    home = beat_of(beat.county, "小沙江镇", "桃李村")
    Posting.objects.create(
        county=beat.county, officer=colleague, kind="deputy", beat=home, starts_at=LONG_AGO
    )
    theirs = make_contact(colleague, contact.identity.resident)
    seen = seen_of(text(beat.client.get(address(contact))))
    other = Client()
    other.force_login(colleague, backend="weijing.accounts.signing_in.PasswordBackend")
    other.post(address(theirs), beat.form(name="罗示例", house="8"))

    answer = save(beat, contact, seen=seen)

    assert answer.status_code == 409
    page = text(answer)
    assert "没有保存：彭示范刚刚标注过这位好友" in page
    assert "罗示例" in page
    assert 'value="罗样例"' in page, "what was typed stands"
    contact.refresh_from_db()
    assert contact.identity.resident.name == "罗示例"
    # Having seen it, the officer may say otherwise.
    assert save(beat, contact, seen=seen_of(page)).status_code == 302


def test_a_contact_merged_while_it_was_being_labelled_is_shown_anew(beat):
    contact = beat.stranger("山里人家")
    seen = seen_of(text(beat.client.get(address(contact))))
    person = make_resident(beat.place(), "罗示例", household=make_household(beat.place(), "7"))
    pair = merging.Pair(contact.identity.resident_id, person.pk)
    merging.merge(beat.county.pk, [pair], by=None, at=clock.now())

    answer = save(beat, contact, seen=seen)

    assert answer.status_code == 409
    assert "刚刚与底册上的人对上了" in text(answer)
    person.refresh_from_db()
    assert person.name == "罗示例"


def test_two_taps_on_save_are_one_label(beat):
    contact = beat.stranger("山里人家")
    seen = seen_of(text(beat.client.get(address(contact))))
    assert save(beat, contact, seen=seen).status_code == 302
    assert save(beat, contact, seen=seen).status_code == 302
    assert Resident.objects.count() == 1


def test_who_deletes_the_officer_meanwhile_leaves_nothing_behind(beat):
    contact = beat.stranger("山里人家")
    beat.client.get(address(contact))
    Contact.objects.update(state=Contact.State.REMOVED_BY_RESIDENT)
    answer = save(beat, contact)
    assert answer.status_code == 404
    assert "群众已删除，不能标注。" in text(answer)
    assert Resident.objects.get().name == "山里人家"


def test_who_is_labelled_in_another_grid_meanwhile_is_not_overwritten(beat):
    contact = beat.stranger("山里人家")
    seen = seen_of(text(beat.client.get(address(contact))))
    Resident.objects.update(lifecycle="roll", name="胡示范", division=beat.place("1组", "红星村"))
    answer = save(beat, contact, seen=seen)
    assert answer.status_code == 404
    assert "登记在其他网格" in text(answer)
    assert "胡示范" not in text(answer)
    assert Resident.objects.get().name == "胡示范"


def test_what_the_officer_noted_in_wecom_is_filled_in_already(beat):
    contact = beat.stranger("山里人家")
    Contact.objects.filter(pk=contact.pk).update(remark="桃李2组-罗样例-家人")
    page = Page(text(beat.client.get(address(contact))))
    fields = {box.attributes.get("name"): box for box in page.all("input")}
    assert fields["name"]["value"] == "罗样例"
    chosen = [o["value"] for o in page.all("option") if "selected" in o.attributes]
    assert beat.place("2组").code in chosen


def test_a_correction_is_shown_where_the_officer_looks(beat):
    proposal = proposed(beat)
    assert "条备注在企业微信里改过" in text(beat.client.get("/o/today/"))
    for path in ("/o/corrections/", address(proposal.contact)):
        page = text(beat.client.get(path))
        assert "桃李1组-罗示例-户主" in page
        assert "恢复就写回 桃李1组-罗样例" in page


def test_a_correction_is_taken_over_with_one_tap(beat):
    proposal = proposed(beat)
    answer = beat.client.post(
        f"/o/corrections/{proposal.pk}/", {"decision": "accept", "next": "/o/today/"}
    )
    assert answer["Location"] == "/o/today/"
    assert "已采纳：姓名、与户主关系" in text(beat.client.get("/o/today/"))
    assert Resident.objects.get().name == "罗示例"


def test_an_imported_name_is_the_desk_s_to_correct(beat):
    proposal = proposed(beat, roll_digest=b"x")
    beat.client.post(f"/o/corrections/{proposal.pk}/", {"decision": "accept"})
    assert "请派出所综合指挥室采纳" in text(beat.client.get("/o/corrections/"))
    assert Resident.objects.get().name == "罗样例"


def test_a_correction_is_restored_and_no_other_site_is_gone_to(beat):
    proposal = proposed(beat)
    answer = beat.client.post(
        f"/o/corrections/{proposal.pk}/", {"decision": "restore", "next": "https://evil.invalid/"}
    )
    assert answer["Location"] == "/o/corrections/"
    assert Resident.objects.get().name == "罗样例"
    assert "没有改过的备注" in text(beat.client.get("/o/corrections/"))


def test_nobody_decides_on_another_officer_s_correction(beat):
    proposal = proposed(beat)
    Contact.objects.update(officer=beat.neighbour)
    answer = beat.client.post(f"/o/corrections/{proposal.pk}/", {"decision": "accept"})
    assert answer.status_code == 404
    proposal.refresh_from_db()
    assert proposal.state == "open"


def test_a_refused_remark_is_said_on_the_page(beat):
    person = beat.friend("罗样例", "1")
    contact = Contact.objects.get(identity__resident=person)
    RemarkWrite.objects.create(
        county=beat.county, contact=contact, refused_code=48002, refused_at=clock.now()
    )
    assert "应用没有写备注的权限" in text(beat.client.get(address(contact)))


def test_who_scanned_a_household_s_code_begins_with_that_household(beat):
    home = make_household(beat.place("2组"), "7")
    ContactWay.objects.create(
        county=beat.county, officer=beat.officer, household=home, state="wDOOR",
        beat=beat_of(beat.county, "小沙江镇", "桃李村"), created_at=clock.now(),
    )  # fmt: skip
    contact = beat.stranger("山里人家")
    Contact.objects.filter(pk=contact.pk).update(way_state="wDOOR")
    make_resident(beat.place("2组"), "罗样例", household=home)

    page = beat.client.get(f"/o/contacts/{contact.pk}/label/").content.decode()

    assert "扫 7号 的入户码添加" in page
    assert 'value="7"' in page
    assert f'<option value="{beat.place("2组").code}" selected>' in page
    assert "扫的是这一户的码" in page


def test_who_scanned_the_beat_s_poster_begins_with_its_village_and_its_tags(beat):
    way = ContactWay.objects.create(
        county=beat.county, beat=beat_of(beat.county, "小沙江镇", "桃李村"), state="wPOSTER",
        created_at=clock.now(),
    )  # fmt: skip
    contact = beat.stranger("山里人家")
    Contact.objects.filter(pk=contact.pk).update(way_state="wPOSTER")
    truck = Tag.objects.get(name="重型货车")
    WayTag.objects.create(county=beat.county, way=way, tag=truck, set_at=clock.now())
    by_way.tag_newcomers(beat.county.pk, [contact.pk], at=clock.now())

    page = beat.client.get(f"/o/contacts/{contact.pk}/label/").content.decode()

    assert "扫桃李村网格海报添加" in page
    assert f'<option value="{beat.place().parent.code}" selected>' in page
    assert "重型货车（扫码带上）" in page
