"""Tags on the phone: what soon runs out is shown in time, and a missing one is asked for."""

from datetime import timedelta

import pytest

from tests.builders import make_tag
from weijing.audit.models import AuditEntry
from weijing.core import clock
from weijing.residents.models import Resident
from weijing.tags import assigning, expiring
from weijing.tags.models import Tag, TagAssignment, TagProposal

URL = "/o/tags/expiring/"


@pytest.fixture
def truck(beat):
    return Tag.objects.get(county=beat.county, code="TRF01001")


def carried(beat, person, tag, *, days_left, by=None, source="visit"):
    at = clock.now() - timedelta(days=tag.retention_days - days_left)
    assigning.assign(person, [tag], source=source, basis="走访", by=by, at=at)
    return TagAssignment.objects.get(resident=person, tag=tag)


def shown(client, url=URL):
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def test_today_tells_of_tags_thirty_days_before_they_go(beat, truck):
    near, far = beat.friend("罗甲", "1"), beat.friend("罗乙", "2")
    carried(beat, near, truck, days_left=30)
    carried(beat, far, truck, days_left=31)
    today = shown(beat.client, "/o/today/")
    assert "个标签 30 天内到期" in today and URL in today
    listed = shown(beat.client)
    assert "罗**" in listed and "罗甲" not in listed
    assert f"/o/contacts/{far.pk}/" not in listed
    assert AuditEntry.objects.get(purpose="tags.expiring").object_id == near.pk


def test_still_so_starts_its_time_anew_and_keeps_its_grounds(beat, truck):
    row = carried(beat, beat.friend("罗甲", "1"), truck, days_left=3)
    url = f"{URL}{row.pk}/"
    assert beat.client.post(url, {"decision": "keep"}).status_code == 302
    row.refresh_from_db()
    assert (row.expires_on - clock.today()).days == truck.retention_days
    assert (row.basis, row.set_by) == ("走访", beat.officer)
    again = beat.client.post(url, {"decision": "drop"}, follow=True)
    assert "刚处理过" in again.content.decode(), "a page opened before must not take it off"
    assert TagAssignment.objects.exists()


def test_no_longer_so_takes_it_off(beat, truck):
    row = carried(beat, beat.friend("罗甲", "1"), truck, days_left=3)
    beat.client.post(f"{URL}{row.pk}/", {"decision": "drop"})
    assert not TagAssignment.objects.exists()
    assert "没有快到期的标签" in shown(beat.client)


def test_what_only_the_person_may_say_the_officer_neither_keeps_nor_drops(beat):
    large = make_tag(beat.county, "SOC10005", "需大字版", set_by_resident_only=True)
    row = carried(beat, beat.friend("罗甲", "1"), large, days_left=3, source="self")
    assert "只能由本人" in shown(beat.client)
    for decision in ("keep", "drop"):
        answer = beat.client.post(f"{URL}{row.pk}/", {"decision": decision}, follow=True)
        assert "不能代填" in answer.content.decode()
    row.refresh_from_db()
    assert (row.expires_on - clock.today()).days == 3


def test_a_consent_taken_back_is_not_confirmed_by_the_officer(beat):
    warned = make_tag(beat.county, "GRD05002", "曾受骗防二次诈骗", needs_separate_consent=True)
    person = beat.friend("罗甲", "1", consents=("contact", "GRD05"))
    row = carried(beat, person, warned, days_left=3)
    Resident.objects.filter(pk=person.pk).update(consents=["contact"])
    answer = beat.client.post(f"{URL}{row.pk}/", {"decision": "keep"}, follow=True)
    assert "单独同意" in answer.content.decode()


def test_the_officer_next_door_sees_and_settles_none_of_them(beat, truck):
    row = carried(beat, beat.friend("罗甲", "1"), truck, days_left=3)
    beat.client.force_login(beat.neighbour, backend="weijing.accounts.signing_in.PasswordBackend")
    assert "没有快到期的标签" in shown(beat.client)
    beat.client.post(f"{URL}{row.pk}/", {"decision": "drop"})
    assert TagAssignment.objects.exists()


def test_the_notice_ends_where_the_nightly_run_begins(beat, truck):
    row = carried(beat, beat.friend("罗甲", "1"), truck, days_left=0)
    assert expiring.soon_of(row.resident, on=clock.today()).exists(), "its last day counts"
    assert assigning.end_expired(beat.county.pk, at=clock.now()) == 0
    assert assigning.end_expired(beat.county.pk, at=clock.now() + timedelta(days=1)) == 1


def test_an_officer_proposes_and_reads_the_answer_on_the_same_page(beat, truck):
    given = {"group": "TRF01", "name": "冷链货车", "definition": "本人驾驶冷链货车",
             "purpose": "高温停运提醒", "retention_days": "365"}  # fmt: skip
    refused = beat.client.post("/o/tags/new/", given | {"name": "佛教徒"})
    assert refused.status_code == 422 and "宗教信仰" in refused.content.decode()
    assert beat.client.post("/o/tags/new/", given).status_code == 302
    assert "待确认" in shown(beat.client, "/o/tags/new/")
    TagProposal.objects.update(state="declined", answer="请用重型货车")
    assert "请用重型货车" in shown(beat.client, "/o/tags/new/")
    assert "/o/tags/new/" in shown(beat.client, "/o/me/")
