"""The duplicate queue, two records side by side, and the way back."""

import re

import pytest

from tests.builders import make_contact, make_resident
from weijing.audit.models import AuditEntry
from weijing.core import clock
from weijing.residents.finding import names
from weijing.residents.merges import duplicates
from weijing.residents.models import DuplicatePair, MergeRecord, Resident

HTMX = {"HX-Request": "true"}


def twin(desk, name, *path, **fields):
    """A second record of somebody, as made by hand at the door."""
    person = make_resident(desk.place(*path), name, **fields)
    person.pinyin, person.initials = names.sound(name)
    person.save()
    return person


@pytest.fixture
def pairs(desk):
    """Two pairs in 桃李村, one across two stations."""
    for name, path in (
        ("罗样例", ("小沙江镇", "桃李村", "1组")),
        ("刘小明", ("小沙江镇", "桃李村", "2组")),
        ("肖远方", ("小沙江镇", "红星村", "1组")),
    ):
        phone = desk.residents[name].phone or "15400000009"
        if not desk.residents[name].phone:
            known = desk.residents[name]
            known.phone_index = make_index(phone)
            known.phone = phone
            known.save()
        twin(desk, name, *path, phone=phone, consents=("contact",))
    duplicates.find(desk.county.pk, at=clock.now())
    return list(DuplicatePair.objects.order_by("pk"))


def make_index(phone):
    from weijing.core.env import keyring

    return keyring().blind_index(phone, purpose="phone")


def page(desk, officer, url, status=200):
    answer = desk.client(officer).get(url)
    assert answer.status_code == status
    return answer.content.decode()


def test_the_queue_masks_and_shows_only_pairs_one_may_see_both_of(desk, pairs):
    said = page(desk, desk.chief, "/desk/duplicates/")
    assert "罗**" in said and "刘**" in said and "肖**" not in said
    assert "罗样例" not in said and "13800000000" not in said
    assert "肖**" in page(desk, desk.approver, "/desk/duplicates/")
    assert AuditEntry.objects.filter(purpose="duplicates.list", actor=desk.chief).count() == 4


def test_who_may_not_merge_sees_no_queue(desk, pairs):
    page(desk, desk.author, "/desk/duplicates/", status=403)
    assert "重复核对" not in page(desk, desk.author, "/desk/contacts/")
    assert "重复核对" in page(desk, desk.chief, "/desk/contacts/")


def test_the_buttons_say_how_many_are_chosen(desk, pairs):
    url = f"/desk/duplicates/?pair={pairs[0].pk}&pair={pairs[1].pk}"
    answer = desk.client(desk.chief).get(url, headers={**HTMX, "HX-Target": "acts"})
    said = re.sub(r"<[^>]+>", "", answer.content.decode())
    assert "合并 2 对" in said and "2 对不是同一人" in said and "罗**" not in said


def test_many_pairs_are_merged_and_taken_back_together(desk, pairs):
    client = desk.client(desk.chief)
    chosen = [pair.pk for pair in pairs]
    answer = client.post("/desk/duplicates/", {"pair": chosen, "act": "merge"}, follow=True)
    said = answer.content.decode()
    assert "合并了 2 对" in said and "没有待核对的" in said
    made = re.findall(r'name="merge" value="(\d+)"', said)
    assert len(made) == 2 == MergeRecord.objects.count()
    answer = client.post("/desk/merges/undo/", {"merge": made}, follow=True)
    assert "撤销了 2 次合并" in answer.content.decode()
    assert not Resident.objects.filter(lifecycle="duplicate").exists()


def test_pairs_said_to_be_two_people_are_not_brought_up_again(desk, pairs):
    client = desk.client(desk.chief)
    said = client.post(
        "/desk/duplicates/", {"pair": [pairs[0].pk], "act": "different"}, follow=True
    ).content.decode()
    assert "1 对记为不是同一人" in said
    duplicates.find(desk.county.pk, at=clock.now())
    assert "罗**" not in page(desk, desk.chief, "/desk/duplicates/")


@pytest.mark.parametrize("chosen", [[], ["x"], [1]])
def test_nothing_or_nonsense_chosen_changes_nothing(desk, pairs, chosen):
    desk.client(desk.chief).post("/desk/duplicates/", {"pair": chosen, "act": "merge"})
    assert not MergeRecord.objects.exists()


def test_two_records_side_by_side_say_what_differs_and_what_would_move(desk, pairs):
    said = page(desk, desk.chief, f"/desk/duplicates/{pairs[0].pk}/")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", said))
    assert "列出的原因：电话相同" in text
    assert "留资料一，移过来 1 项" in text and "留资料二，移过来 4 项" in text
    assert "138****0000" in said and "13800000000" not in said
    assert AuditEntry.objects.filter(purpose="desk.merge", actor=desk.chief).count() == 2


def test_the_officer_chooses_which_record_stays_and_whose_word_stands(desk, pairs):
    known = desk.residents["罗样例"]
    second = pairs[0].second if pairs[0].first_id == known.pk else pairs[0].first
    client, url = desk.client(desk.chief), f"/desk/duplicates/{pairs[0].pk}/"
    seen = re.search(r'name="seen" value="(\w+)"', client.get(url).content.decode())[1]
    form = {"keep": second.pk, "seen": seen, "home": known.pk}
    answer = client.post(url, form, follow=True)
    said = answer.content.decode()
    assert "已合并成一份，移过来 4 项" in said and "撤销合并" in said
    second.refresh_from_db()
    assert second.household_id == known.household_id
    assert second.identities.count() == 1
    record = MergeRecord.objects.get()
    answer = client.post(f"/desk/merges/{record.pk}/undo/", follow=True)
    assert "合并已撤销，4 项内容放回原处" in answer.content.decode()
    again = client.post(f"/desk/merges/{record.pk}/undo/")
    assert again.status_code == 422 and "已经撤销过" in again.content.decode()


def test_what_changed_while_the_page_was_open_is_said_and_shown(desk, pairs):
    client, url = desk.client(desk.chief), f"/desk/duplicates/{pairs[0].pk}/"
    seen = re.search(r'name="seen" value="(\w+)"', client.get(url).content.decode())[1]
    known = desk.residents["罗样例"]
    known.away_at = "长沙"
    known.save()
    answer = client.post(url, {"keep": known.pk, "seen": seen})
    said = answer.content.decode()
    assert answer.status_code == 422 and "请再核对一遍" in said and "长沙" in said
    assert not MergeRecord.objects.exists()


def test_another_station_sees_neither_pair_nor_merge(desk, pairs):
    across = next(pair for pair in pairs if "肖远方" in (pair.first.name, pair.second.name))
    client = desk.client(desk.approver)
    client.post("/desk/duplicates/", {"pair": [across.pk], "act": "merge"})
    record = MergeRecord.objects.get()
    page(desk, desk.approver, f"/desk/merges/{record.pk}/")
    page(desk, desk.chief, f"/desk/duplicates/{across.pk}/", status=404)
    page(desk, desk.chief, f"/desk/merges/{record.pk}/", status=404)
    assert desk.client(desk.chief).post(f"/desk/merges/{record.pk}/undo/").status_code == 404
    assert str(record.pk) not in page(desk, desk.chief, "/desk/merges/")
    assert str(record.pk) in page(desk, desk.approver, "/desk/merges/")


def test_from_a_record_the_other_one_is_found_and_compared(desk):
    known = desk.residents["罗样例"]
    other = twin(desk, "罗样列", "小沙江镇", "桃李村", "1组", grams=["罗样", "样列"])
    url = f"/desk/contacts/{known.pk}/merge/"
    assert "写上另一份资料" in page(desk, desk.chief, url)
    said = page(desk, desk.chief, f"{url}?q=罗样列")
    assert f"?with={other.pk}" in said and "罗样列" not in said.split("value=")[0]
    client = desk.client(desk.chief)
    assert "罗样列" in client.get(f"{url}?with={other.pk}").content.decode()
    client.post(f"{url}?with={other.pk}", {"keep": known.pk, "name": known.pk})
    other.refresh_from_db()
    assert other.lifecycle == "duplicate"


@pytest.mark.parametrize("path", ["merge/", "merge/?with=1", "split/"])
def test_records_outside_the_scope_do_not_exist(desk, path):
    far = desk.residents["肖远方"]
    page(desk, desk.chief, f"/desk/contacts/{far.pk}/{path}", status=404)


def test_a_record_is_split_and_made_whole_again(desk):
    known = desk.residents["罗样例"]
    known.identities.create(county=desk.county, external_userid="wmOther", nickname="云淡风轻")
    make_contact(desk.officers["桃李村"], known, "wmOther")
    client, url = desk.client(desk.chief), f"/desk/contacts/{known.pk}/split/"
    said = client.get(url).content.decode()
    assert "云淡风轻" in said and "重型货车" in said
    refused = client.post(url, {"name": "云淡风轻", "home": "unknown"})
    assert refused.status_code == 422 and "至少选一项" in refused.content.decode()
    account = known.identities.get(external_userid="wmOther").pk
    tag = known.tag_assignments.get().pk
    form = {"name": "云淡风轻", "home": "unknown", "account": account, "tag": tag}
    answer = client.post(url, form, follow=True)
    assert "已拆成两份，2 项归新资料" in answer.content.decode()
    new = Resident.objects.get(name="云淡风轻")
    assert new.lifecycle == "provisional" and new.tag_assignments.count() == 1
    record = MergeRecord.objects.get()
    answer = client.post(f"/desk/merges/{record.pk}/undo/", follow=True)
    assert "拆分已撤销" in answer.content.decode()
    assert known.identities.count() == 2 and known.tag_assignments.count() == 1
    assert "拆出了" in page(desk, desk.chief, "/desk/merges/")
