"""Who is away: noted at the desk by a station's head, on the phone by the officer."""

from datetime import timedelta

import pytest

from weijing.accounts.models import Absence
from weijing.audit.models import AuditEntry
from weijing.core import clock

DESK, PHONE = "/desk/absences/", "/o/absence/"


def form(officer, *, days=3, **fields):
    today = clock.today()
    return {
        "officer": officer.pk, "from": today.isoformat(),
        "to": (today + timedelta(days=days)).isoformat(), **fields,
    }  # fmt: skip


def test_a_head_notes_who_is_away_and_that_they_are_back(desk):
    client, officer = desk.client(desk.chief), desk.officers["桃李村"]
    deputy = desk.officers["红星村"]
    assert DESK in client.get("/desk/").content.decode()
    assert client.post(DESK, form(officer, deputy=deputy.pk)).status_code == 302
    absence = Absence.objects.get()
    assert (absence.officer, absence.deputy, absence.noted_by) == (officer, deputy, desk.chief)
    assert absence.ends_at.astimezone(clock.COUNTY_TIME).hour == 0
    said = client.get(DESK).content.decode()
    assert "陈演示 代办" in said and "已回岗" in said
    client.post(DESK, {"end": absence.pk})
    assert "没有人登记不在岗" in client.get(DESK).content.decode()
    noted = AuditEntry.objects.filter(object_type="accounts.absence")
    assert set(noted.values_list("action", flat=True)) == {"absence.noted", "absence.ended"}


def test_an_officer_notes_it_on_the_phone(desk):
    officer = desk.officers["桃李村"]
    client = desk.client(officer)
    assert PHONE in client.get("/o/me/").content.decode()
    assert "谁不在岗" not in client.get(PHONE).content.decode()
    client.post(PHONE, form(officer))
    assert Absence.objects.get().noted_by == officer
    assert "没有指定代办人" in client.get(PHONE).content.decode()


def test_nobody_notes_it_for_a_colleague_or_for_another_station(desk):
    colleague = desk.officers["红星村"]
    answer = desk.client(desk.officers["桃李村"]).post(PHONE, form(colleague))
    assert answer.status_code == 422 and "请选是谁不在岗" in answer.content.decode()
    far = desk.officers["金石桥镇"]
    assert desk.client(desk.chief).post(DESK, form(far)).status_code == 422
    assert not Absence.objects.exists()


def test_of_another_station_nothing_is_seen_or_ended(desk):
    far = desk.officers["金石桥镇"]
    desk.client(far).post(PHONE, form(far))
    client = desk.client(desk.chief)
    assert far.name not in client.get(DESK).content.decode()
    assert client.post(DESK, {"end": Absence.objects.get().pk}).status_code == 404


@pytest.mark.parametrize(
    "fields",
    [{"to": "9999-12-31"}, {"from": "0001-01-01"}, {"to": "0001-01-01"},
     {"from": "x"}, {"to": ""}, {"days": -1}, {"officer": "9" * 19}, {"officer": "9" * 30},
     {"officer": ""}, {"deputy": "1"}],
)  # fmt: skip
def test_what_does_not_fit_is_said_and_stays(desk, fields):
    officer = desk.officers["桃李村"]
    answer = desk.client(desk.chief).post(DESK, {**form(officer, days=fields.pop("days", 3)),
                                                 **fields})  # fmt: skip
    assert answer.status_code == 422 and "没有保存" in answer.content.decode()
    assert not Absence.objects.exists()


@pytest.mark.parametrize("who", ["author", "admin"])
def test_the_page_is_for_heads_and_approvers(desk, who):
    assert desk.client(getattr(desk, who)).get(DESK).status_code == 403


def test_what_waits_with_who_fell_ill_is_shown_and_stopped_by_the_desk(desk):
    campaign = desk.released()
    officer = desk.officers["桃李村"]
    client = desk.client(desk.chief)
    client.post(DESK, form(officer, deputy=desk.officers["红星村"].pk))
    said = client.get(DESK).content.decode()
    assert "之前派的还有" in said and campaign.title in said and "停下没确认的" in said
    own = desk.client(officer).get(PHONE).content.decode()
    assert "之前派的还有" in own and "停下没确认的" not in own
    absence = Absence.objects.get()
    assert desk.client(officer).post(PHONE, {"stop": absence.pk}).status_code == 403
    far = desk.client(desk.officers["金石桥镇"])
    assert far.post(PHONE, {"stop": absence.pk}).status_code == 404
    client.post(DESK, {"stop": absence.pk})
    states = dict(campaign.shares.values_list("officer__username", "state"))
    assert states == {"officer0": "cancelled", "officer1": "waiting", "officer2": "waiting"}
    assert AuditEntry.objects.get(action="absence.shares_stopped").details == {"shares": 1}
    again = client.post(DESK, {"stop": absence.pk})
    assert again.status_code == 422 and "没有要停的" in again.content.decode()
