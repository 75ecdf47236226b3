"""What became of a message, person by person and officer by officer, at the desk."""

import io
from datetime import timedelta

import openpyxl
import pytest

from tests.builders import make_contact
from tests.web.desk.test_campaigns import settle
from weijing.accounts.scope import scope_of
from weijing.audit.models import AuditEntry
from weijing.campaigns import by_officer, exporting, results, tallying
from weijing.campaigns.models import Delivery, Share
from weijing.core import clock
from weijing.residents.models import Contact, Resident, WalkingStop


def url(campaign, page="results/", query=""):
    return f"/desk/campaigns/{campaign.number}/{page}?{query}"


def look(desk, who, campaign, page="results/", **query):
    answer = desk.client(who).get(url(campaign, page), query)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def rows_of(page):
    return page.split("<tbody>")[1].split("</tbody>")[0] if "<tbody>" in page else ""


def test_everybody_is_listed_and_each_result_can_be_asked_for(desk):
    campaign = desk.released()
    settle(campaign, officer=desk.officers["桃李村"], result="not_friend")
    assert rows_of(look(desk, desk.approver, campaign)).count("<tr>") == 4
    missed = look(desk, desk.approver, campaign, result="not_friend")
    assert rows_of(missed).count("<tr>") == 2 and "不再是好友，上门重新加" in missed
    pending = look(desk, desk.approver, campaign, result="pending")
    assert "陈**" in pending and "还没派到民辅警" in pending


@pytest.mark.parametrize(
    ("state", "was_asked", "said"),
    [("asked", True, "民辅警还没确认"), ("lapsed", True, "民辅警过了截止时间没确认"),
     ("lapsed", False, "到截止时间还没派到民辅警，没有发"),
     ("finished", True, "民辅警发送时没有勾选"), ("cancelled", True, "任务已停止，没有发"),
     ("refused", False, "企业微信没收下任务，没有发")],
)  # fmt: skip
def test_who_did_not_get_it_is_told_why(desk, state, was_asked, said):
    campaign = desk.released()
    shares = campaign.shares.filter(officer=desk.officers["桃李村"])
    asked_at = clock.now() if was_asked else None
    shares.update(state=state, msgid="m1" if was_asked else "", asked_at=asked_at, due_at=None)
    assert said in look(desk, desk.approver, campaign)


def test_a_name_a_township_a_station_or_an_officer_narrows_the_list(desk):
    campaign = desk.released()
    found = rows_of(look(desk, desk.approver, campaign, q="罗样例"))
    assert "罗**" in found and found.count("<tr>") == 1
    town = desk.place("金石桥镇")
    assert rows_of(look(desk, desk.approver, campaign, place=town.code)).count("<tr>") == 1
    taoli = desk.officers["桃李村"]
    by_him = rows_of(look(desk, desk.approver, campaign, officer=taoli.pk))
    assert by_him.count("<tr>") == 2
    station = rows_of(look(desk, desk.approver, campaign, station=taoli.station_id))
    assert station.count("<tr>") == 3
    assert "没有符合条件的人" in look(desk, desk.approver, campaign, q="没有这人")


def test_a_station_finds_nobody_and_learns_no_address_beyond_its_own(desk):
    campaign = desk.released()
    assert "肖**" not in look(desk, desk.chief, campaign, q="肖远方")
    assert "肖**" not in look(desk, desk.chief, campaign)
    foreign = desk.client(desk.chief).get(url(campaign), {"place": desk.place("金石桥镇").code})
    assert foreign.status_code == 404


def test_a_contact_who_lives_elsewhere_has_neither_address_nor_record_here(desk):
    far = desk.residents["肖远方"]
    make_contact(desk.officers["桃李村"], far, added_at=clock.now() + timedelta(minutes=1))
    campaign = desk.released()
    Delivery.objects.filter(resident=far).update(
        share=campaign.shares.get(officer=desk.officers["桃李村"])
    )
    page = look(desk, desk.chief, campaign)
    assert "不在本所辖区" in page and f"/desk/contacts/{far.pk}/" not in page
    assert "肖**" not in look(desk, desk.chief, campaign, q="肖远方")


def test_pages_of_whole_shares_show_everybody_once(desk, monkeypatch):
    campaign = desk.released()
    settle(campaign, officer=desk.officers["桃李村"])
    found = results.listed(campaign, results.Wanted(), scope=_county_scope(desk))
    one_by_one = [found[at : at + 1][0].pk for at in range(found.count())]
    assert sorted(one_by_one) == sorted(Delivery.objects.values_list("pk", flat=True))
    assert [row.pk for row in found[1:3]] == one_by_one[1:3]
    sent = results.listed(campaign, results.Wanted(result="sent"), scope=_county_scope(desk))
    assert sent.count() == 2 and {row.result for row in sent[0:9]} == {"sent"}


def test_a_search_that_finds_too_many_says_so(desk, monkeypatch):
    monkeypatch.setattr(results, "MOST_LOOKED_THROUGH", 2)
    campaign = desk.released()
    page = look(desk, desk.approver, campaign, place=desk.place("小沙江镇").code)
    assert "人太多，这里是前" in page and rows_of(page).count("<tr>") == 2


def _county_scope(desk):
    return scope_of(desk.approver, at=clock.now())


def take(desk, officer, campaign, kind="csv", query=""):
    return desk.client(officer).post(url(campaign, "results/file/", query), {"kind": kind})


def test_a_file_holds_the_filtered_list_masked_and_signed(desk):
    campaign = desk.released()
    settle(campaign, officer=desk.officers["桃李村"], result="not_friend")
    answer = take(desk, desk.approver, campaign, query="result=not_friend")
    said = answer.content.decode("utf-8-sig")
    assert "李审核" in said.splitlines()[0] and "内部资料" in said.splitlines()[0]
    assert "罗**" in said and "罗样例" not in said and "陈**" not in said
    entry = AuditEntry.objects.get(action="campaign.results_exported")
    assert entry.details == {"people": 2} and entry.actor == desk.approver
    noted = AuditEntry.objects.filter(purpose="campaign.export")
    assert set(noted.values_list("object_id", flat=True)) == {
        desk.residents["罗样例"].pk, desk.residents["刘小明"].pk,
    }  # fmt: skip


def test_no_name_becomes_a_formula_in_a_file(desk):
    Resident.objects.filter(pk=desk.residents["罗样例"].pk).update(name="=1+1")
    campaign = desk.released()
    lines = take(desk, desk.approver, campaign).content.decode("utf-8-sig")
    assert "'=**" in lines and "\n=**" not in lines
    book = take(desk, desk.approver, campaign, kind="xlsx").content
    cells = [cell for row in openpyxl.load_workbook(io.BytesIO(book)).active for cell in row]
    assert any(cell.value == "=**" and cell.data_type == "s" for cell in cells)


def test_too_many_people_do_not_leave_the_house_on_one_persons_word(desk, monkeypatch):
    monkeypatch.setattr(exporting, "MOST_PEOPLE", 3)
    campaign = desk.released()
    page = look(desk, desk.approver, campaign)
    assert "须经另一人审批" in page and "导出 CSV" not in page
    answer = take(desk, desk.approver, campaign)
    assert answer.status_code == 302 and not AuditEntry.objects.filter(
        action="campaign.results_exported"
    )


@pytest.mark.parametrize(("kind", "status"), [("pdf", 404), ("", 404)])
def test_a_file_of_no_known_kind_is_404(desk, kind, status):
    assert take(desk, desk.approver, desk.released(), kind=kind).status_code == status


def test_many_small_files_are_one_large_one(desk, monkeypatch):
    monkeypatch.setattr(exporting, "MOST_A_DAY", 5)
    campaign = desk.released()
    assert '今天还能导出 <span class="num">5</span> 人' in look(desk, desk.approver, campaign)
    assert take(desk, desk.approver, campaign).status_code == 200
    page = look(desk, desk.approver, campaign)
    assert "您今天还能导出 1 人" in page and "导出 CSV" not in page
    assert take(desk, desk.approver, campaign).status_code == 302
    assert take(desk, desk.approver, campaign, query="q=罗样例").status_code == 200
    taken = AuditEntry.objects.filter(action="campaign.results_exported")
    assert sorted(entry.details["people"] for entry in taken) == [1, 4]
    assert take(desk, desk.chief, campaign).status_code == 200  # everybody has their own number
    tomorrow = clock.now() + timedelta(days=1)
    assert exporting.left_today(desk.approver, at=tomorrow) == 5


def test_who_only_writes_messages_takes_no_list_away(desk):
    campaign = desk.released()
    assert "导出 CSV" not in look(desk, desk.author, campaign)
    assert take(desk, desk.author, campaign).status_code == 403
    assert not AuditEntry.objects.filter(action="campaign.results_exported")


def test_a_rare_name_is_found_as_a_frequent_one_is(desk, monkeypatch):
    campaign = desk.released()
    few = rows_of(look(desk, desk.approver, campaign, q="罗样例"))
    monkeypatch.setattr(results, "FEW_PEOPLE", 0)
    assert rows_of(look(desk, desk.approver, campaign, q="罗样例")) == few and "罗**" in few
    town = desk.place("小沙江镇").code
    assert rows_of(look(desk, desk.approver, campaign, place=town)).count("<tr>") == 3


def test_officers_are_listed_with_what_became_of_their_shares(desk):
    campaign = desk.released()
    settle(campaign, officer=desk.officers["桃李村"])
    asked = Share.objects.get(officer=desk.officers["桃李村"], campaign=campaign)
    Share.objects.filter(pk=asked.pk).update(asked_at=asked.confirmed_at - timedelta(minutes=6))
    late = campaign.shares.filter(officer=desk.officers["红星村"])
    late.update(state="asked", asked_at=clock.now(), msgid="m-late")
    page = look(desk, desk.approver, campaign, "officers/")
    assert "6 分钟" in page and '提醒未确认的 <span class="num">1</span> 人' in page
    # Who has not confirmed comes first, then who has not been asked yet.
    rows = rows_of(page.split('id="rows"')[1])
    assert rows.index("陈演示") < rows.index("刘测试") < rows.index("阳模拟")
    assert rows.count("没确认") == 1 and rows.count("还没派到") == 1
    of_station = look(desk, desk.approver, campaign, "officers/", station=asked.officer.station_id)
    assert "阳模拟" in of_station and "刘测试" not in of_station.split('id="rows"')[1]
    waiting = look(desk, desk.approver, campaign, "officers/", step="waiting")
    assert "阳模拟" not in waiting and "陈演示" in waiting and "刘测试" not in waiting
    coming = look(desk, desk.approver, campaign, "officers/", step="coming")
    assert "刘测试" in rows_of(coming.split('id="rows"')[1]) and "陈演示" not in coming
    station = look(desk, desk.chief, campaign, "officers/")
    assert "刘测试" not in station and "提醒未确认的" not in station


def test_the_median_counts_only_who_confirmed(desk):
    campaign = desk.released()
    now = clock.now()
    for officer, minutes in [("桃李村", 2), ("红星村", 10)]:
        settle(campaign, officer=desk.officers[officer])
        Share.objects.filter(campaign=campaign, officer=desk.officers[officer]).update(
            asked_at=now, confirmed_at=now + timedelta(minutes=minutes)
        )
    line = by_officer.whole(shares_of(desk, campaign))
    assert line.took == timedelta(minutes=6)


def test_a_home_of_two_officers_contacts_is_one_home(desk):
    luo, chen = desk.residents["罗样例"], desk.residents["陈示例"]
    Resident.objects.filter(pk=chen.pk).update(household=luo.household)
    campaign = desk.released()
    for officer in ("桃李村", "红星村"):
        settle(campaign, officer=desk.officers[officer])
    assert homes_of(desk, campaign, by_officer.whole) == 2  # 罗 and 陈 in one, 刘 in another
    assert homes_by_name(desk, campaign) == {"阳模拟": 2, "陈演示": 1, "刘测试": 0}
    Delivery.objects.filter(resident=chen).update(result="not_friend")
    tallying.tally(campaign.shares.get(officer=desk.officers["红星村"]))
    assert homes_by_name(desk, campaign)["陈演示"] == 0
    lines = by_officer.by_officer(shares_of(desk, campaign))
    assert {line.name: line.failed for line in lines}["陈演示"] == 1


def shares_of(desk, campaign):
    return by_officer.shares_with_officers(campaign, _county_scope(desk))


def homes_of(desk, campaign, line_of):
    (count,) = by_officer.homes([line_of(shares_of(desk, campaign))], county_id=desk.county.pk)
    return count


def homes_by_name(desk, campaign):
    lines = by_officer.by_officer(shares_of(desk, campaign))
    counts = by_officer.homes(lines, county_id=desk.county.pk)
    return {line.name: count for line, count in zip(lines, counts, strict=True)}


def visits(desk, officer, campaign, **data):
    client = desk.client(officer)
    at = url(campaign, "visits/")
    return client.post(at, data) if data else client.get(at)


def test_who_is_no_friend_any_more_becomes_a_walking_list_with_one_button(desk):
    campaign = desk.released()
    settle(campaign, officer=desk.officers["桃李村"], result="not_friend")
    Contact.objects.filter(officer=desk.officers["桃李村"]).update(state="removed_by_resident")
    assert "派上门清单" in look(desk, desk.chief, campaign)
    assert "派上门清单" not in look(desk, desk.approver, campaign)
    page = visits(desk, desk.chief, campaign).content.decode()
    assert "派发 2 户给 1 位民辅警" in page
    visits(desk, desk.chief, campaign, stops="2", due=f"{clock.today():%Y-%m-%d}")
    stops = WalkingStop.objects.filter(walking_list__officer=desk.officers["桃李村"])
    # 欧未联 lives there as well and was never a friend: this list is not about them.
    assert set(stops.values_list("household_id", flat=True)) == {
        desk.residents["罗样例"].household_id, desk.residents["刘小明"].household_id,
    }  # fmt: skip
    again = visits(desk, desk.chief, campaign).content.decode()
    assert "已在别的清单上" in again and "派发 2 户" not in again


def test_a_home_where_somebody_else_is_a_friend_needs_no_visit(desk):
    campaign = desk.released()
    settle(campaign, officer=desk.officers["桃李村"], result="not_friend")
    luo = desk.residents["罗样例"]
    Contact.objects.filter(identity__resident=luo).update(state="removed_by_resident")
    page = visits(desk, desk.chief, campaign).content.decode()
    assert "派发 1 户给 1 位民辅警" in page and "家里还有人是好友" in page


def test_a_number_that_changed_sends_nobody(desk):
    campaign = desk.released()
    settle(campaign, officer=desk.officers["桃李村"], result="not_friend")
    Contact.objects.filter(officer=desk.officers["桃李村"]).update(state="removed_by_resident")
    answer = visits(desk, desk.chief, campaign, stops="9")
    assert answer.status_code == 422 and not WalkingStop.objects.exists()
    assert visits(desk, desk.approver, campaign).status_code == 403
