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
    [{"from": "x"}, {"to": ""}, {"days": -1}, {"officer": "9" * 19}, {"officer": "9" * 30},
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
