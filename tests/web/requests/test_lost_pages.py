"""失物招领 on three kinds of pages: masked in public, stepped through by officers, one's own."""

from datetime import timedelta

import pytest
from django.test import Client

from tests.builders import division, make_officer
from tests.web.requests.conftest import CARD, Village, signed_in, text, thing, token
from weijing.accounts.models import Role
from weijing.audit.models import AuditEntry
from weijing.core import clock
from weijing.core.env import keyring
from weijing.requests.lost import taking_in
from weijing.requests.models import LostItem
from weijing.residents.models import Resident

State = LostItem.State


def write_down(client: Client, village: Village, side: str = "found", **changes: str) -> LostItem:
    answer = client.post(f"/o/lost/new/?side={side}", thing(village, **changes))
    assert answer.status_code == 302, text(answer)
    return LostItem.objects.latest("pk")


def step(client: Client, item: LostItem, name: str, **said: str) -> object:
    return client.post(f"/o/lost/{item.number}/", {"step": name, **said})


def test_from_the_door_to_the_signature_on_the_phone(village: Village, officer: Client) -> None:
    lost = write_down(officer, village, "lost", reporter="罗样例")
    found = write_down(officer, village)
    page = text(officer.get(f"/o/lost/{found.number}/"))
    assert "证件号一致、姓名一致" in page
    step(officer, found, "match", other=lost.number)
    assert "核实是不是失主" in text(officer.get(f"/o/lost/{found.number}/"))
    wrong = step(officer, found, "prove", how="tail", tail="9999", looked="on")
    assert "后四位和证件对不上" in text(wrong)
    step(officer, found, "prove", how="tail", tail=CARD[-4:], looked="on")
    refused = step(officer, found, "hand-over", receiver="owner", signed="王示例")
    assert "签的名和证件上的姓名不一样" in text(refused)
    assert 'value="王示例"' in text(refused)  # what was typed is still there
    step(officer, found, "hand-over", receiver="owner", signed="罗样例")
    step(officer, found, "close")
    found.refresh_from_db()
    assert (found.state, found.outcome) == (State.CLOSED, "returned")
    assert "罗样例（失主本人）" in text(officer.get(f"/o/lost/{found.number}/"))


def test_the_public_list_is_masked_and_shows_only_what_we_hold(
    village: Village, officer: Client
) -> None:
    found = write_down(officer, village, words="塑料套", place="信用社门口", marks="背面有划痕")
    page = text(Client().get("/r/lost/"))  # no link, no sign-in
    assert "罗**" in page
    assert "小沙江派出所" in page
    hidden = (CARD, CARD[-4:], "罗样例", "信用社", "划痕", "周示例", "15400000499")
    for secret in hidden:
        assert secret not in page
    LostItem.objects.filter(pk=found.pk).update(held_at=None, held_by=None)
    assert "罗**" not in text(Client().get("/r/lost/"))
    step(officer, found, "hold")
    assert "罗**" in text(Client().get("/r/lost/?kind=id_card"))
    assert "罗**" not in text(Client().get("/r/lost/?kind=keys"))


def test_the_desk_lists_are_masked_and_reading_one_is_noted(village: Village, desk: Client) -> None:
    place = village.resident.division
    assert place is not None
    seen = taking_in.Thing("id_card", place, clock.today(), holder="罗样例", number=CARD)
    item = taking_in.take_in("found", seen, by=village.desk, at=clock.now(), held=True)
    listed = text(desk.get("/desk/lost/"))
    assert "罗**" in listed
    assert "罗样例" not in listed
    page = text(desk.get(f"/desk/lost/{item.number}/"))
    assert "罗样例" in page
    assert CARD not in page
    assert "已录入，不显示" in page
    viewed = AuditEntry.objects.get(action="record.viewed", object_id=item.pk)
    assert (viewed.actor, viewed.purpose) == (village.desk, "lost.record")


def test_the_owner_in_the_book_is_one_tap_away(village: Village, officer: Client) -> None:
    Resident.objects.filter(pk=village.resident.pk).update(
        id_number_index=keyring().blind_index(CARD, purpose="id_number")
    )
    found = write_down(officer, village)
    assert "名册上有失主" in text(officer.get(f"/o/lost/{found.number}/"))
    step(officer, found, "book")
    lost = LostItem.objects.get(side="lost")
    assert (lost.resident, lost.state) == (village.resident, State.MATCHED)
    # And the owner reads on their own page that it may have turned up.
    mine = text(village.visit(village.resident).get(f"/r/lost/mine/{lost.number}/"))
    assert "可能找到了" in mine


def seen_of(village: Village, since: int = 0) -> set[int]:
    seen = AuditEntry.objects.filter(action="record.viewed", actor=village.officer, pk__gt=since)
    return set(seen.filter(purpose="lost.record").values_list("object_id", flat=True))


def test_reading_of_the_owner_in_the_book_is_noted(village: Village, officer: Client) -> None:
    Resident.objects.filter(pk=village.resident.pk).update(
        id_number_index=keyring().blind_index(CARD, purpose="id_number")
    )
    found = write_down(officer, village)
    officer.get(f"/o/lost/{found.number}/")
    assert seen_of(village) == {found.pk, village.resident.pk}


def test_reading_of_the_other_half_and_of_who_told_us_is_noted(
    village: Village, officer: Client, phone: Client
) -> None:
    phone.post("/r/lost/report/?side=lost", thing(village))
    lost = LostItem.objects.get()
    village.visit(village.neighbour).post("/r/lost/report/?side=found", thing(village))
    found = LostItem.objects.get(side="found")
    step(officer, found, "match", other=lost.number)
    before = AuditEntry.objects.latest("pk").pk
    officer.get(f"/o/lost/{found.number}/")
    assert seen_of(village, since=before) == {
        found.pk, lost.pk, village.resident.pk, village.neighbour.pk,
    }  # fmt: skip


def test_who_parts_the_two_and_sees_one_no_more_is_back_at_the_list(
    village: Village, officer: Client, stranger: Client
) -> None:
    found = write_down(officer, village)
    elsewhere = division(village.county, "金石桥镇", "红星村")
    there = {**thing(village), "village": str(elsewhere.code)}
    assert stranger.post("/o/lost/new/?side=lost", there).status_code == 302
    lost = LostItem.objects.get(side="lost")
    step(officer, found, "match", other=lost.number)
    answer = stranger.post(f"/o/lost/{found.number}/", {"step": "part"}, follow=True)
    assert answer.redirect_chain == [("/o/lost/", 302)]
    assert "已拆开" in text(answer)
    assert stranger.get(f"/o/lost/{found.number}/").status_code == 404
    again = step(stranger, lost, "part")
    assert again.status_code == 422  # type: ignore[attr-defined]


def test_others_get_not_found_and_unknown_steps_do_nothing(
    village: Village, officer: Client, stranger: Client
) -> None:
    found = write_down(officer, village)
    assert stranger.get(f"/o/lost/{found.number}/").status_code == 404
    assert step(stranger, found, "hold").status_code == 404  # type: ignore[attr-defined]
    assert found.number not in text(stranger.get("/o/lost/"))
    for name, said in (("explode", {}), ("match", {"other": "SW-NOSUCH"}), ("book", {})):
        assert step(officer, found, name, **said).status_code == 404  # type: ignore[attr-defined]
    for name in ("prove", "hand-over", "part"):
        answer = step(officer, found, name)
        assert answer.status_code == 422  # type: ignore[attr-defined]
        assert "刚刚有人办过" in text(answer)
    assert Client().get(f"/o/lost/{found.number}/").status_code == 302


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"number": "990524195003070014"}, "证件号应为 18 位"),
        ({"words": "电话 15400000417"}, "不要写电话和证件号"),
        ({"village": "999999999"}, "请从列表里选村"),
        ({"happened_on": "2999-01-01"}, "日期不能晚于今天"),
        ({"kind": "bomb"}, "kind"),
        ({"holder": "", "words": ""}, "写一写它什么样"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    village: Village, officer: Client, changes: dict[str, str], said: str
) -> None:
    answer = officer.post("/o/lost/new/?side=found", thing(village, **changes, place="信用社门口"))
    assert answer.status_code == 422
    assert said in text(answer)
    assert "信用社门口" in text(answer)
    assert not LostItem.objects.exists()


def test_a_resident_reports_follows_and_takes_back(village: Village, phone: Client) -> None:
    form = text(phone.get("/r/lost/report/?side=lost"))
    assert 'value="罗样例"' in form
    assert "打您登记的电话" in form
    said = thing(village, number=CARD[-4:])
    answer = phone.post("/r/lost/report/?side=lost", said)
    item = LostItem.objects.get()
    assert answer["Location"] == f"/r/lost/mine/{item.number}/"
    assert (item.resident, item.phone, item.reporter) == (
        village.resident, "15400000412", "罗样例",
    )  # fmt: skip
    assert item.number in text(phone.get("/r/lost/mine/"))
    assert item.number in text(phone.get("/r/me/copy/"))  # it is part of what is kept of them
    neighbour = village.visit(village.neighbour)
    assert neighbour.get(f"/r/lost/mine/{item.number}/").status_code == 404
    assert neighbour.post(f"/r/lost/mine/{item.number}/end/").status_code == 404
    phone.post(f"/r/lost/mine/{item.number}/end/")
    item.refresh_from_db()
    assert item.outcome == "recovered"
    assert "不再" not in text(phone.post(f"/r/lost/mine/{item.number}/end/", follow=True))


def test_a_form_sent_twice_makes_one_thing(
    village: Village, officer: Client, phone: Client
) -> None:
    for client, address in (
        (officer, "/o/lost/new/?side=found"),
        (officer, "/o/lost/new/?side=lost"),
        (phone, "/r/lost/report/?side=lost"),
    ):
        before = LostItem.objects.count()
        said = thing(village, once=token(client, address))
        first = client.post(address, said)
        second = client.post(address, {**said, "words": "黑色"}, follow=True)
        assert second.redirect_chain[0][0] == first["Location"]
        assert "刚才已经登记了" in text(second)
        assert LostItem.objects.count() == before + 1


def test_what_a_resident_found_is_public_only_after_an_officer_took_it(
    village: Village, phone: Client, officer: Client
) -> None:
    phone.post("/r/lost/report/?side=found", thing(village, kind="keys", words="三把钥匙"))
    item = LostItem.objects.get()
    assert item.held_at is None
    assert "三把钥匙" not in text(Client().get("/r/lost/"))
    assert "件失物要办" in text(officer.get("/o/today/"))
    step(officer, item, "hold")
    assert "三把钥匙" in text(Client().get("/r/lost/"))


def test_without_a_link_nobody_reports(village: Village) -> None:
    for page in ("/r/lost/report/", "/r/lost/mine/"):
        assert Client().get(page)["Location"] == "/r/"
    assert Client().post("/r/lost/report/?side=lost", thing(village))["Location"] == "/r/"
    assert not LostItem.objects.exists()


def test_after_ninety_days_nobody_finds_it_on_the_public_list(
    village: Village, officer: Client
) -> None:
    found = write_down(officer, village)
    LostItem.objects.filter(pk=found.pk).update(expires_on=clock.today())
    assert "罗**" not in text(Client().get("/r/lost/"))
    LostItem.objects.filter(pk=found.pk).update(expires_on=clock.today() + timedelta(days=1))
    assert "罗**" in text(Client().get("/r/lost/"))


@pytest.mark.parametrize("page", ["/desk/lost/", "/desk/missing/", "/desk/lost/new/"])
def test_the_desk_s_pages_are_for_the_station(village: Village, officer: Client, page: str) -> None:
    assert officer.get(page).status_code == 403
    assert signed_in(village.desk).get(page).status_code == 200


def test_who_writes_to_residents_sees_found_things_as_residents_do(
    village: Village, officer: Client
) -> None:
    found = write_down(officer, village)
    lost = write_down(officer, village, "lost", reporter="罗样例")
    author = make_officer(village.county, "author", Role.CAMPAIGN_AUTHOR, county_desk=True)
    client = signed_in(author)
    page = text(client.get("/desk/lost/"))
    assert found.number in page and "罗**" in page and "等失主" in page
    for secret in ("罗样例", CARD, "周示例", "15400000499", lost.number, "登记捡到"):
        assert secret not in page
    for closed in (f"/desk/lost/{found.number}/", "/desk/lost/new/?side=found"):
        assert client.get(closed).status_code == 403
