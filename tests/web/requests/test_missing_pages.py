"""走失寻找: taken down, agreed to box by box, looked for by everybody, ended everywhere at once."""

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from tests.builders import make_officer
from tests.web.requests.conftest import Village, missing, signed_in, text, token
from weijing.accounts.models import Role
from weijing.audit.models import AuditEntry
from weijing.core import clock
from weijing.requests.missing import sightings
from weijing.requests.models import MissingPerson, Sighting

ALL = ["name", "photo", "age", "looks", "place", "help"]


def photo(size: tuple[int, int] = (40, 60)) -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", size, (180, 140, 120)).save(out, "JPEG")
    return SimpleUploadedFile("IMG_0001.jpg", out.getvalue(), "image/jpeg")


def step(client: Client, one: MissingPerson, name: str, **said: Any) -> Any:
    return client.post(f"/o/missing/{one.number}/", {"step": name, **said})


def reported(client: Client, village: Village, **changes: str) -> MissingPerson:
    answer = client.post("/o/missing/new/", missing(village, **changes))
    assert answer.status_code == 302, text(answer)
    return MissingPerson.objects.latest("pk")


def shown(client: Client, village: Village, fields: Any = ALL, **changes: str) -> MissingPerson:
    one = reported(client, village, **changes)
    step(client, one, "confirm", how="call", is_family="on")
    agreed = {"given_by": "周家人", "relation": "女儿", "channel": "paper"}
    step(client, one, "agree", fields=fields, **agreed)
    step(client, one, "photo", photo=photo())
    step(client, one, "publish")
    return one


def public(one: MissingPerson, **headers: str) -> str:
    return text(Client().get(f"/r/missing/{one.number}/", headers=headers))


def test_from_the_call_to_the_way_home_on_the_phone(village: Village, officer: Client) -> None:
    one = shown(officer, village)
    page = public(one)
    for said in ("周样例", "女，78 岁", "蓝布衣，一米五", "桥头小卖部", "请慢慢说话"):
        assert said in page
    for secret in ("周家人", "15400000417", "女儿"):
        assert secret not in page
    picture = Client().get(f"/r/missing/{one.number}/photo/")
    assert (picture["Content-Type"], picture["Cache-Control"]) == ("image/jpeg", "no-store")
    assert "noarchive" in picture["X-Robots-Tag"]
    step(officer, one, "find", place="村口亭子", may_tell="yes")
    assert "已找到，谢谢" in public(one)
    assert "周样例" not in public(one)
    assert Client().get(f"/r/missing/{one.number}/photo/").status_code == 404
    assert "周样例" not in text(Client().get("/r/missing/"))
    step(officer, one, "bring-home", handed_to="周家人")
    step(officer, one, "close", outcome="returned")
    one.refresh_from_db()
    assert (one.state, one.outcome) == ("closed", "returned")
    assert "已找到，谢谢" in public(one)


@pytest.mark.parametrize(
    ("fields", "said", "hidden"),
    [
        (["looks"], ["蓝布衣"], ["周样例", "78 岁", "桥头", "慢慢说话", "/photo/"]),
        (["name", "age"], ["周样例", "78 岁"], ["蓝布衣", "桥头", "/photo/"]),
        (["photo"], ["/photo/"], ["周样例", "78 岁", "蓝布衣"]),
    ],
)
def test_each_thing_is_public_only_with_its_own_written_yes(
    village: Village, officer: Client, fields: list[str], said: list[str], hidden: list[str]
) -> None:
    page = public(one := shown(officer, village, fields))
    assert all(word in page for word in said)
    assert not any(word in page for word in hidden)
    status = Client().get(f"/r/missing/{one.number}/photo/").status_code
    assert status == (200 if "photo" in fields else 404)


def test_that_somebody_needs_care_is_said_also_without_their_age(
    village: Village, officer: Client
) -> None:
    assert "需要照护" in public(shown(officer, village, ["help"], needs_care="on"))
    assert "需要照护" not in public(shown(officer, village, ["looks", "age"], needs_care="on"))


def test_a_yes_taken_back_and_a_day_gone_by_end_it(village: Village, officer: Client) -> None:
    one = shown(officer, village)
    step(officer, one, "withdraw", field="name")
    assert "周样例" not in public(one)
    assert "周样例" not in text(Client().get("/r/missing/"))
    rows = MissingPerson.objects.filter(pk=one.pk)
    yesterday = clock.now() - timedelta(hours=25)
    rows.update(published_at=yesterday, expires_at=yesterday + timedelta(hours=24))
    assert "这条启事已撤下" in public(one)
    assert Client().get(f"/r/missing/{one.number}/photo/").status_code == 404
    step(officer, one, "publish")
    assert "蓝布衣" in public(one)
    step(officer, one, "take-down")
    assert "这条启事已撤下" in public(one)


def test_a_child_is_shown_by_the_desk_after_a_second_look(
    village: Village, officer: Client, desk: Client
) -> None:
    one = reported(officer, village, age="9", relation="母亲")
    step(officer, one, "confirm", how="video", is_family="on")
    said = {"given_by": "周家人", "channel": "paper", "fields": ["name"]}
    wrong = step(officer, one, "agree", relation="兄弟姐妹", **said)
    assert "要由父母或其他监护人同意" in text(wrong)
    step(officer, one, "agree", relation="母亲", **said)
    assert step(officer, one, "publish", minors_law="on").status_code == 403
    here = f"/desk/missing/{one.number}/"
    assert "第 103 条" in text(desk.get(here))
    assert desk.post(here, {"step": "publish"}).status_code == 422
    desk.post(here, {"step": "publish", "minors_law": "on"})
    assert "周样例" in public(one)


def a_child_shown(phone: Client, village: Village, officer: Client, desk: Client) -> MissingPerson:
    phone.post("/r/missing/report/", missing(village, age="9", relation="母亲"))
    one = MissingPerson.objects.get()
    step(officer, one, "confirm", how="call", is_family="on")
    phone.post(f"/r/missing/mine/{one.number}/", {"step": "agree", "fields": ["looks"]})
    desk.post(f"/desk/missing/{one.number}/", {"step": "publish", "minors_law": "on"})
    assert "蓝布衣" in public(one)
    return one


DESCRIBED = {"place": "桥头小卖部", "looks": "红布衣", "help": "请慢慢说话"}


@pytest.mark.parametrize("change", ["agree", "photo", "officer_agrees", "officer_photo", "words"])
def test_what_is_new_of_a_child_waits_for_the_desk(
    village: Village, phone: Client, officer: Client, desk: Client, change: str
) -> None:
    one = a_child_shown(phone, village, officer, desk)
    mine, here = f"/r/missing/mine/{one.number}/", f"/o/missing/{one.number}/"
    agreed = {"given_by": "周家人", "relation": "母亲", "channel": "paper", "fields": ["name"]}
    client, address, said = {
        "agree": (phone, mine, {"step": "agree", "fields": ["looks", "name"]}),
        "photo": (phone, mine, {"step": "photo", "photo": photo()}),
        "officer_agrees": (officer, here, {"step": "agree", **agreed}),
        "officer_photo": (officer, here, {"step": "photo", "photo": photo()}),
        "words": (officer, here, {"step": "describe", **DESCRIBED}),
    }[change]
    answer = client.post(address, said, follow=True)
    assert "派出所综合指挥室看过后重新公开" in text(answer)
    assert "这条启事已撤下" in public(one)
    assert AuditEntry.objects.filter(action="missing.notice_taken_down").count() == 1
    desk.post(f"/desk/missing/{one.number}/", {"step": "publish", "minors_law": "on"})
    page = public(one)
    assert ("红布衣" if change == "words" else "蓝布衣") in page
    assert ("周样例" in page) == ("agree" in change)


def test_what_shows_less_of_a_child_or_nothing_new_takes_nothing_down(
    village: Village, phone: Client, officer: Client, desk: Client
) -> None:
    one = a_child_shown(phone, village, officer, desk)
    phone.post(f"/r/missing/mine/{one.number}/", {"step": "agree", "fields": ["looks"]})
    step(officer, one, "describe", **{**DESCRIBED, "looks": "蓝布衣，一米五"})
    assert "蓝布衣" in public(one)
    phone.post(f"/r/missing/mine/{one.number}/", {"step": "agree", "fields": []})
    page = public(one)
    assert "这条启事已撤下" not in page
    assert "蓝布衣" not in page


@pytest.mark.parametrize("change", ["agree", "photo", "words"])
def test_what_came_after_the_desk_looked_is_not_published_unseen(
    village: Village, phone: Client, officer: Client, desk: Client, change: str
) -> None:
    one = a_child_shown(phone, village, officer, desk)
    here, mine = f"/desk/missing/{one.number}/", f"/r/missing/mine/{one.number}/"
    looked = re.findall(r'name="seen" value="([0-9a-f]{16})"', text(desk.get(here)))
    if change == "agree":
        phone.post(mine, {"step": "agree", "fields": ["looks", "name"]})
    elif change == "photo":
        phone.post(mine, {"step": "photo", "photo": photo()})
    else:
        step(officer, one, "describe", **DESCRIBED)
    said = {"step": "publish", "minors_law": "on", "seen": looked[0]}
    refused = desk.post(here, said)
    assert refused.status_code == 422
    assert "请看过再公开" in text(refused)
    assert "这条启事已撤下" in public(one)
    now = re.findall(r'name="seen" value="([0-9a-f]{16})"', text(refused))
    assert desk.post(here, {**said, "seen": now[0]}).status_code == 302
    assert "这条启事已撤下" not in public(one)


def test_a_family_s_new_photo_is_shown_after_an_officer_looked(
    village: Village, phone: Client, officer: Client
) -> None:
    phone.post("/r/missing/report/", missing(village))
    one = MissingPerson.objects.get()
    mine, picture = f"/r/missing/mine/{one.number}/", f"/r/missing/{one.number}/photo/"
    phone.post(mine, {"step": "agree", "fields": ["looks", "photo"]})
    step(officer, one, "confirm", how="call", is_family="on")
    step(officer, one, "publish")
    told = text(phone.post(mine, {"step": "photo", "photo": photo()}, follow=True))
    assert "民警看过后公开" in told
    page = public(one)
    assert "蓝布衣" in page  # the rest stays
    assert "<img" not in page
    assert Client().get(picture).status_code == 404
    assert "家属交的照片，大家还看不到" in text(officer.get(f"/o/missing/{one.number}/"))
    step(officer, one, "publish")
    assert Client().get(picture).status_code == 200
    assert picture in public(one)


def test_an_illness_is_not_taken_down(village: Village, officer: Client) -> None:
    answer = officer.post("/o/missing/new/", missing(village, looks="有老年痴呆，蓝布衣"))
    assert answer.status_code == 422
    assert "「痴呆」是病情" in text(answer)
    assert "需要照护" in text(answer)
    assert not MissingPerson.objects.exists()


def test_anybody_tells_what_they_saw_and_only_those_in_charge_read_it(
    village: Village, officer: Client, stranger: Client
) -> None:
    one = shown(officer, village)
    said = {"place": "车站候车室", "words": "往南走", "phone": "154 0000 0413"}
    answer = Client().post(f"/r/missing/{one.number}/", said, follow=True)
    assert "谢谢您，已经告诉负责的民警" in text(answer)
    assert "1 条新线索" in text(officer.get("/o/today/"))
    assert "车站候车室" in text(officer.get(f"/o/missing/{one.number}/"))
    elsewhere = text(stranger.get(f"/o/missing/{one.number}/"))  # they search too
    assert "周样例" in elsewhere
    assert "车站候车室" not in elsewhere
    assert "15400000417" not in elsewhere
    assert "车站候车室" not in public(one)
    sighting = Sighting.objects.get()
    step(stranger, one, "sighting", place="桥下")
    assert Sighting.objects.count() == 2
    assert (
        step(stranger, one, "verdict", sighting=sighting.pk, verdict="followed").status_code == 403
    )
    step(officer, one, "verdict", sighting=sighting.pk, verdict="followed")
    sighting.refresh_from_db()
    assert sighting.decided_by == village.officer


def test_a_sighting_says_where_and_too_many_are_stopped(village: Village, officer: Client) -> None:
    one = shown(officer, village)
    here = f"/r/missing/{one.number}/"
    wrong = Client().post(here, {"place": " ", "words": "往南走"})
    assert wrong.status_code == 422
    assert "往南走" in text(wrong)
    for _ in range(sightings.MOST_AN_HOUR):
        Client().post(here, {"place": "车站", "seen_at": "不是时间"})
    flood = Client().post(here, {"place": "车站"})
    assert flood.status_code == 422
    assert "请直接打 110" in text(flood)


def test_who_saw_the_notice_is_noted(village: Village, officer: Client, phone: Client) -> None:
    one = shown(officer, village, ["looks"])
    phone.get(f"/r/missing/{one.number}/")
    public(one)
    seen = AuditEntry.objects.get(action="missing.notice_shown")
    assert seen.details == {"fields": ["looks"], "resident": village.resident.pk}
    officer.get(f"/r/missing/{one.number}/")
    looked = AuditEntry.objects.get(action="missing.notice_shown", actor=village.officer)
    assert looked.details == {"fields": ["looks"]}
    one.refresh_from_db()
    assert one.times_shown == 1


def test_the_family_reports_ticks_sends_a_photo_and_reads_how_it_ends(
    village: Village, phone: Client, officer: Client
) -> None:
    answer = phone.post("/r/missing/report/", missing(village))
    one = MissingPerson.objects.get()
    mine = f"/r/missing/mine/{one.number}/"
    assert answer["Location"] == mine
    assert (one.family, one.family_name, one.reported_by) == (village.resident, "罗样例", None)
    assert "checked" not in text(phone.get(mine))  # nothing is ticked beforehand
    phone.post(mine, {"step": "agree", "fields": ["looks", "photo"]})
    phone.post(mine, {"step": "photo", "photo": photo()})
    bad = SimpleUploadedFile("x.jpg", b"<svg onload=alert(1)>", "image/jpeg")
    wrong = phone.post(mine, {"step": "photo", "photo": bad})
    assert wrong.status_code == 422
    assert "不是能打开的照片" in text(wrong)
    neighbour = village.visit(village.neighbour)
    assert neighbour.get(mine).status_code == 404
    assert neighbour.post(mine, {"step": "agree", "fields": ["name"]}).status_code == 404
    step(officer, one, "confirm", how="call", is_family="on")
    step(officer, one, "publish")
    assert "蓝布衣" in public(one)
    phone.post(mine, {"step": "agree", "fields": ["photo"]})
    assert "蓝布衣" not in public(one)
    step(officer, one, "find", place="县城朋友家", may_tell="no")
    told = text(phone.get(mine))
    assert "县城朋友家" not in told  # a grown-up did not want it


def found(village: Village, phone: Client, officer: Client, **said: str) -> MissingPerson:
    """Reported by the resident of `phone`, and found with what the officer said of it."""
    phone.post("/r/missing/report/", missing(village))
    one = MissingPerson.objects.get()
    step(officer, one, "begin")
    step(officer, one, "find", place="县城朋友家", **said)
    return one


def test_that_they_are_well_is_said_only_when_an_officer_saw_it(
    village: Village, phone: Client, officer: Client
) -> None:
    one = found(village, phone, officer)
    told = text(phone.get(f"/r/missing/mine/{one.number}/"))
    assert "已找到，民警马上联系您" in told
    assert "平安" not in told


def test_a_family_reads_that_they_are_well_when_it_was_ticked(
    village: Village, phone: Client, officer: Client
) -> None:
    one = found(village, phone, officer, well="on", may_tell="yes")
    told = text(phone.get(f"/r/missing/mine/{one.number}/"))
    assert "已找到，人平安" in told
    assert "县城朋友家" in told


@pytest.mark.parametrize("outcome", ["safe", "shelter", "referred"])
def test_how_it_ended_is_not_for_the_family_when_a_grown_up_did_not_say_so(
    village: Village, phone: Client, officer: Client, outcome: str
) -> None:
    one = found(village, phone, officer)  # nobody chose 可以告诉: that is a no
    one.refresh_from_db()
    assert one.may_tell_family is False
    for word in ("已找到", "已办结"):
        for page in ("/r/missing/", f"/r/missing/mine/{one.number}/"):
            told = text(phone.get(page))
            assert f">{word}<" in told
            for secret in ("县城朋友家", "救助站", "不愿回家", "刑侦"):
                assert secret not in told
        step(officer, one, "close", outcome=outcome)


def test_nothing_about_who_is_found_is_chosen_beforehand(village: Village, officer: Client) -> None:
    page = text(officer.get(f"/o/missing/{reported(officer, village).number}/"))
    card = page.split("找到了", 1)[1].split("</form>", 1)[0]
    assert 'name="may_tell"' in card
    assert "checked" not in card


def test_a_form_sent_twice_makes_one_search(
    village: Village, officer: Client, phone: Client
) -> None:
    for client, address in ((officer, "/o/missing/new/"), (phone, "/r/missing/report/")):
        said = missing(village, once=token(client, address))
        first, second = client.post(address, said), client.post(address, said)
        assert first["Location"] == second["Location"]
    assert MissingPerson.objects.count() == 2
    other = missing(village, once=token(officer, "/o/missing/new/"))
    officer.post("/o/missing/new/", other)  # a new form is a new search
    assert MissingPerson.objects.count() == 3


def test_what_was_typed_wrongly_keeps_its_token_and_a_bad_one_is_refused(
    village: Village, officer: Client
) -> None:
    once = token(officer, "/o/missing/new/")
    wrong = officer.post("/o/missing/new/", missing(village, once=once, age="200"))
    assert once in text(wrong)
    bad = officer.post("/o/missing/new/", missing(village, once="1; DROP"))
    assert bad.status_code == 422
    assert not MissingPerson.objects.exists()


def test_somebody_of_the_book_is_named_already(village: Village, officer: Client) -> None:
    page = text(officer.get(f"/o/missing/new/?person={village.resident.pk}"))
    assert 'value="罗样例"' in page
    officer.post(f"/o/missing/new/?person={village.resident.pk}", missing(village))
    one = MissingPerson.objects.get()
    assert one.resident == village.resident
    again = officer.post(f"/o/missing/new/?person={village.resident.pk}", missing(village))
    assert again["Location"] == f"/o/missing/{one.number}/"
    for nobody in ("1", "x", "9" * 30):
        assert officer.get(f"/o/missing/new/?person={nobody}").status_code == 404


def test_the_desk_reads_who_was_found_yesterday_and_not_ended(
    village: Village, officer: Client, desk: Client
) -> None:
    one = reported(officer, village)
    step(officer, one, "find", place="村口")
    assert "还没办结" not in text(desk.get("/desk/missing/"))
    MissingPerson.objects.filter(pk=one.pk).update(found_at=clock.now() - timedelta(hours=25))
    page = text(desk.get("/desk/missing/"))
    assert "人找到已超过一天，还没办结" in page
    assert "超" in text(desk.get("/desk/missing/?list=found"))
    step(officer, one, "close", outcome="referred")
    assert "还没办结" not in text(desk.get("/desk/missing/"))


def test_others_do_not_know_of_a_report_before_the_search_is_on(
    village: Village, officer: Client, stranger: Client
) -> None:
    one = reported(officer, village)
    assert stranger.get(f"/o/missing/{one.number}/").status_code == 404
    assert "这条启事已撤下" in public(one)
    assert Client().get("/r/missing/ZR-NOSUCH/").status_code == 404
    assert step(officer, one, "explode").status_code == 404
    step(officer, one, "begin")
    assert "周样例" in text(stranger.get(f"/o/missing/{one.number}/"))
    assert "周**" in text(stranger.get("/o/today/"))
    assert step(stranger, one, "find", place="桥下").status_code == 403


def test_an_officer_s_picture_is_not_for_strangers(
    village: Village, officer: Client, stranger: Client
) -> None:
    one = reported(officer, village)
    step(officer, one, "photo", photo=photo())
    assert officer.get(f"/o/missing/{one.number}/photo/").status_code == 200
    assert stranger.get(f"/o/missing/{one.number}/photo/").status_code == 404
    assert Client().get(f"/o/missing/{one.number}/photo/").status_code == 302
    assert Client().get(f"/r/missing/{one.number}/photo/").status_code == 404


@pytest.mark.parametrize("which", ["open", "found", "closed", "nonsense"])
def test_lists_have_their_empty_words(
    village: Village, officer: Client, desk: Client, which: str
) -> None:
    for client, page in ((officer, "/o/missing/"), (desk, "/desk/missing/")):
        assert client.get(f"{page}?list={which}").status_code == 200
    for client, page in ((officer, "/o/lost/"), (desk, "/desk/lost/")):
        assert client.get(f"{page}?list={which}").status_code == 200


def test_who_is_in_charge_is_reminded_before_the_notice_runs_out(
    village: Village, officer: Client
) -> None:
    one = shown(officer, village)
    assert "启事" not in text(officer.get("/o/today/"))
    rows = MissingPerson.objects.filter(pk=one.pk)
    now = clock.now()
    rows.update(published_at=now - timedelta(hours=20), expires_at=now + timedelta(hours=4))
    assert "启事" in text(officer.get("/o/today/"))
    rows.update(published_at=now - timedelta(hours=30), expires_at=now - timedelta(hours=6))
    page = text(officer.get("/o/today/"))
    assert "启事" in page
    assert "超" in page


def test_the_officer_sees_the_new_photo_beside_the_old_and_may_turn_it_down(
    village: Village, phone: Client, officer: Client
) -> None:
    phone.post("/r/missing/report/", missing(village))
    one = MissingPerson.objects.get()
    step(officer, one, "confirm", how="call", is_family="on")
    mine = f"/r/missing/mine/{one.number}/"
    phone.post(mine, {"step": "agree", "fields": ["looks", "photo"]})
    step(officer, one, "photo", photo=photo())
    step(officer, one, "publish")
    shown_before = Client().get(f"/r/missing/{one.number}/photo/").content
    here = f"/o/missing/{one.number}/"
    assert "新照片" not in text(officer.get(here))

    phone.post(mine, {"step": "photo", "photo": photo((90, 30))})
    assert Client().get(f"/r/missing/{one.number}/photo/").content == shown_before
    page = text(officer.get(here))
    assert "家属交了新照片" in page
    assert f'src="{here}photo/?waiting=1"' in page
    new = officer.get(f"{here}photo/?waiting=1").content
    assert new not in (b"", shown_before)
    answer = officer.post(here, {"step": "turn-down"}, follow=True)
    assert "原来的照片不变" in text(answer)
    assert officer.get(f"{here}photo/?waiting=1").status_code == 404
    assert Client().get(f"/r/missing/{one.number}/photo/").content == shown_before


def test_who_is_found_stands_on_the_day_of_who_has_to_end_it(
    village: Village, officer: Client, stranger: Client
) -> None:
    one = shown(officer, village)
    step(officer, one, "find", place="村口", may_tell="yes")
    page = text(officer.get("/o/today/"))
    assert "找到了，等你办结" in page
    assert f"/o/missing/{one.number}/" in page
    assert "今天的事都办完了" not in page
    assert "等你办结" not in text(stranger.get("/o/today/"))
    step(officer, one, "bring-home", handed_to="周家人")
    assert "等你办结" not in text(officer.get("/o/today/"))


def test_another_of_the_place_takes_over_who_was_found(
    village: Village, officer: Client, desk: Client, stranger: Client
) -> None:
    one = shown(officer, village)
    step(officer, one, "find", place="村口", may_tell="yes")
    assert "由我办结" in text(desk.get(f"/desk/missing/{one.number}/"))
    assert step(stranger, one, "take-charge").status_code == 404
    desk.post(f"/desk/missing/{one.number}/", {"step": "take-charge"})
    one.refresh_from_db()
    assert one.in_charge == village.desk


@pytest.mark.parametrize("role", [Role.CAMPAIGN_AUTHOR, Role.CAMPAIGN_APPROVER])
def test_who_writes_to_residents_sees_what_everybody_sees_and_no_record(
    village: Village, officer: Client, role: Role
) -> None:
    one = shown(officer, village, fields=["name", "looks"])
    hidden = reported(officer, village, name="肖未公开")
    writer = make_officer(village.county, "writer", role, county_desk=True)
    client = signed_in(writer)
    page = text(client.get("/desk/missing/"))
    assert "周样例" in page and "蓝布衣" in page and f"/r/missing/{one.number}/" in page
    for secret in ("桥头", "周家人", "15400000417", "肖未公开", hidden.number, "接报走失"):
        assert secret not in page
    assert not re.search(r"(?<!\d)78(?!\d)", page), "the age was not agreed to"
    assert '<a class="nav__item" href="/desk/missing/" aria-current="page">' in page
    told = AuditEntry.objects.get(action="missing.notice_shown")
    assert (told.actor, told.object_id) == (writer, one.pk)
    for closed in (f"/desk/missing/{one.number}/", "/desk/missing/new/",
                   f"/desk/missing/{one.number}/photo/"):  # fmt: skip
        assert client.get(closed).status_code == 403
    step(officer, one, "find", place="村口", may_tell="yes")
    assert "周样例" not in text(client.get("/desk/missing/"))
