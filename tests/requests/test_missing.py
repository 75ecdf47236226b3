"""A search begins at once, shows what the family allowed, ends everywhere when it ends."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tests.builders import make_resident
from tests.requests.conftest import Town
from weijing.audit.models import AuditEntry
from weijing.core.errors import PermissionDenied
from weijing.requests.missing import (
    consenting,
    finding,
    notices,
    opening,
    photos,
    publishing,
    queries,
    reporting,
    searching,
)
from weijing.requests.missing.opening import NotThisStep
from weijing.requests.models import MissingPerson, PublicConsent
from weijing.requests.wording import Diagnosis, TooPrivate

State = MissingPerson.State
DAY = timedelta(hours=24)
ALL = PublicConsent.Field.values


def agreed(town: Town, missing: MissingPerson, *fields: str, **changes: Any) -> None:
    said = {"given_by": "罗家人", "relation": "女儿", "channel": "paper", **changes}
    consenting.agree(missing, fields, **said, **town.acting())


def published(town: Town, *fields: str, **told: Any) -> MissingPerson:
    missing = town.missing("searching", **told)
    agreed(town, missing, *(fields or ALL))
    publishing.publish(missing, **town.acting())
    missing.refresh_from_db()
    return missing


def test_from_the_call_to_the_way_home_every_step_is_in_the_trail(town: Town) -> None:
    missing = published(town)
    finding.find(missing, "村口亭子", may_tell_family=True, **town.acting())
    finding.bring_home(missing, "罗家人", **town.acting())
    finding.close(missing, "", **town.acting())
    missing.refresh_from_db()
    assert (missing.state, missing.outcome, missing.handed_to) == ("closed", "returned", "罗家人")
    acts = AuditEntry.objects.filter(object_id=missing.pk).order_by("pk")
    assert list(acts.values_list("action", flat=True)) == [
        "missing.reported", "missing.confirmed", "missing.search_begun",
        "missing.publicity_agreed", "missing.notice_published", "missing.found",
        "missing.returned", "missing.closed",
    ]  # fmt: skip


def test_nobody_waits_the_search_begins_in_the_second_of_the_report(town: Town) -> None:
    missing = town.missing()
    searching.begin(missing, **town.acting())  # before anybody confirmed anything
    missing.refresh_from_db()
    assert (missing.state, missing.searching_at) == (State.SEARCHING, missing.reported_at)
    searching.confirm_while_searching(missing, "video", is_family=True, **town.acting())
    missing.refresh_from_db()
    assert missing.confirmed_how == "video"


def test_a_search_is_known_all_over_the_county_and_a_report_is_not(town: Town) -> None:
    missing = town.missing()
    assert not queries.seen_by(town.scope(town.neighbour)).exists()
    searching.confirm_and_begin(missing, "call", is_family=True, **town.acting())
    assert queries.seen_by(town.scope(town.neighbour)).get() == missing
    with pytest.raises(PermissionDenied):
        finding.find(missing, "桥下", may_tell_family=True, **town.acting(town.neighbour))
    finding.find(missing, "桥下", may_tell_family=True, **town.acting())
    assert not queries.seen_by(town.scope(town.neighbour)).exists()


def test_opening_it_is_noted_for_the_search_and_for_the_person(town: Town) -> None:
    missing = town.missing(resident=town.resident)
    queries.opened_by(town.scope(town.officer), town.officer, missing.number, at=town.at)
    seen = AuditEntry.objects.filter(action="record.viewed", purpose="missing.record")
    assert set(seen.values_list("object_id", flat=True)) == {missing.pk, town.resident.pk}
    with pytest.raises(MissingPerson.DoesNotExist):
        queries.opened_by(town.scope(town.neighbour), town.neighbour, missing.number, at=town.at)


def test_who_is_no_family_gets_no_search_confirmed(town: Town) -> None:
    missing = town.missing()
    for how, is_family in (("call", False), ("", True), ("rumour", True)):
        with pytest.raises(searching.NotSpokenTo):
            searching.confirm(missing, how, is_family=is_family, **town.acting())
    missing.refresh_from_db()
    assert missing.state == State.REPORTED


@pytest.mark.parametrize("field", ["looks", "place", "help"])
@pytest.mark.parametrize("word", ["老年痴呆", "有精神病", "患 有 糖尿病", "阿尔茨海默症", "聋哑人"])
def test_what_somebody_suffers_from_is_not_written_down(town: Town, field: str, word: str) -> None:
    with pytest.raises(Diagnosis, match="需要照护"):
        town.missing(**{field: f"老人{word}，在桥头"})
    missing = town.missing()
    said = {"place": "桥头", "looks": "蓝衣", "help": "慢慢说", field: word}
    with pytest.raises(Diagnosis):
        searching.describe(missing, needs_care=True, **said, **town.acting())


@pytest.mark.parametrize(
    "place",
    ["县精神病医院门口", "精神病院对面", "残疾人服务中心旁", "聋哑学校门口", "县结核病防治所"],
)
def test_where_somebody_was_may_be_called_after_an_illness(town: Town, place: str) -> None:
    missing = town.missing(place=place)
    assert missing.place == place
    said: dict[str, Any] = {"looks": "蓝衣", "help": "慢慢说", "needs_care": True}
    searching.describe(missing, place=f"{place}外", **said, **town.acting())
    with pytest.raises(Diagnosis):
        searching.describe(missing, place=f"{place}，有精神病", **said, **town.acting())


@pytest.mark.parametrize(
    "place", ["痴呆老人在医院", "疯子院子里", "他是精神病，在中心", "聋哑人走到学校"]
)
def test_an_illness_beside_a_place_is_still_one(town: Town, place: str) -> None:
    with pytest.raises(Diagnosis):
        town.missing(place=place)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"looks": "电话 15400000417"}, TooPrivate),
        ({"looks": "叫罗样例，蓝衣"}, TooPrivate),
        ({"age": 200}, reporting.NotDescribed),
        ({"name": "罗"}, reporting.NotDescribed),
        ({"looks": "", "place": ""}, reporting.NotDescribed),
    ],
)
def test_a_report_says_who_and_where_and_nothing_private(
    town: Town, fields: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        town.missing(**fields)
    assert not MissingPerson.objects.exists()


def test_a_time_to_come_is_refused(town: Town) -> None:
    with pytest.raises(reporting.NotThen):
        town.missing(last_seen_at=town.at + timedelta(hours=1))


def test_nothing_is_shown_without_a_written_yes_and_a_confirmed_family(town: Town) -> None:
    missing = town.missing("searching")
    with pytest.raises(publishing.NothingAgreed):
        publishing.publish(missing, **town.acting())
    with pytest.raises(consenting.NotInWriting):
        agreed(town, missing, "name", channel="phone_page")
    with pytest.raises(consenting.NotInWriting):
        agreed(town, missing, "name", relation="邻居")
    second = town.missing()
    searching.begin(second, **town.acting())
    agreed(town, second, "name")
    with pytest.raises(publishing.NotConfirmed):
        publishing.publish(second, **town.acting())


def test_each_thing_is_shown_only_with_its_own_yes(town: Town) -> None:
    missing = published(town, "looks")
    told = notices.notice(missing)
    assert (told.name, told.age, told.place, told.help, told.has_photo) == ("", "", "", "", False)
    assert told.looks == "蓝布衣，一米五"
    assert "罗" not in told.title
    agreed(town, missing, "name", "age")
    told = notices.notice(missing)
    assert (told.name, told.age) == ("罗样例", "女，78 岁")


def test_a_yes_taken_back_is_off_the_notice_at_once(town: Town) -> None:
    missing = published(town)
    consenting.withdraw(missing, ["name", "photo"], **town.acting())
    told = notices.notice(missing)
    assert (told.name, told.has_photo) == ("", False)
    row = PublicConsent.objects.get(missing=missing, field="name")
    assert row.withdrawn_by == town.officer
    assert "女儿" in row.wording
    assert "姓名" in row.wording


def test_the_family_ticks_and_unticks_on_their_own_page(town: Town) -> None:
    missing = town.missing(by=None, family=town.resident)
    consenting.agree_oneself(missing, ["name", "looks"], by=town.resident, at=town.at)
    consenting.agree_oneself(missing, ["looks"], by=town.resident, at=town.at)
    assert consenting.in_force(missing) == {"looks"}
    stranger = make_resident(town.place("小沙江镇", "桃李村", "1组"), "王示例")
    with pytest.raises(NotThisStep):
        consenting.agree_oneself(missing, ["name"], by=stranger, at=town.at)


def test_a_notice_ends_after_a_day_without_any_job_and_can_be_renewed(town: Town) -> None:
    missing = published(town)
    last = town.at + DAY - timedelta(seconds=1)
    assert publishing.is_shown(missing, at=last)
    assert not publishing.is_shown(missing, at=town.at + DAY)
    assert not notices.public(town.county.pk, at=town.at + DAY).exists()
    publishing.publish(missing, **town.acting(later=timedelta(hours=23)))
    missing.refresh_from_db()
    assert publishing.is_shown(missing, at=town.at + DAY)
    assert publishing.expire(town.county.pk, at=town.at + DAY) == 0
    end = town.at + timedelta(hours=47)
    assert publishing.expire(town.county.pk, at=end) == 1
    assert publishing.expire(town.county.pk, at=end) == 0
    assert AuditEntry.objects.filter(action="missing.notice_expired").count() == 1


@pytest.mark.parametrize("how", ["found", "mistaken", "taken_down"])
def test_it_is_gone_for_everybody_with_the_same_commit(town: Town, how: str) -> None:
    missing = published(town)
    if how == "found":
        finding.find(missing, "村口", may_tell_family=True, **town.acting())
    elif how == "mistaken":
        finding.close(missing, "mistaken", **town.acting())
    else:
        publishing.take_down(missing, **town.acting())
    missing.refresh_from_db()
    assert not publishing.is_shown(missing, at=town.at)
    assert not notices.public(town.county.pk, at=town.at).exists()
    assert notices.sentence(missing, at=town.at) == ""


def test_the_database_itself_keeps_the_found_off_the_notices(town: Town) -> None:
    missing = published(town)
    rows = MissingPerson.objects.filter(pk=missing.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(state="found")


def test_of_a_child_only_the_desk_may_show_anything_and_only_a_guardian_agrees(town: Town) -> None:
    missing = town.missing("searching", age=9, relation="母亲")
    with pytest.raises(consenting.NotTheGuardian):
        agreed(town, missing, "name", relation="兄弟姐妹")
    agreed(town, missing, "name", "photo", relation="母亲")
    with pytest.raises(PermissionDenied):
        publishing.publish(missing, minors_law=True, **town.acting())
    with pytest.raises(publishing.MinorsLaw):
        publishing.publish(missing, **town.acting(town.desk))
    publishing.publish(missing, minors_law=True, **town.acting(town.desk))
    missing.refresh_from_db()
    assert (missing.minors_law_by, notices.notice(missing).name) == (town.desk, "罗样例")
    rows = MissingPerson.objects.filter(pk=missing.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(minors_law_at=None)
    finding.find(missing, "村口", may_tell_family=False, **town.acting())
    missing.refresh_from_db()
    assert missing.may_tell_family  # a child's family is told
    with pytest.raises(finding.NoOutcome):
        finding.close(missing, "safe", **town.acting())


def test_a_grown_up_may_stay_where_they_are(town: Town) -> None:
    missing = town.missing("searching")
    finding.find(missing, "县城朋友家", may_tell_family=False, **town.acting())
    finding.close(missing, "safe", **town.acting())
    missing.refresh_from_db()
    assert (missing.state, missing.outcome, missing.may_tell_family) == ("closed", "safe", False)


def test_one_person_is_looked_for_once(town: Town) -> None:
    town.missing(resident=town.resident)
    with pytest.raises(reporting.AlreadyLookedFor) as first:
        town.missing(resident=town.resident)
    finding.close(first.value.missing, "mistaken", **town.acting())
    town.missing(resident=town.resident)


def test_steps_out_of_turn_are_refused(town: Town) -> None:
    missing = town.missing()
    with pytest.raises(NotThisStep):
        finding.bring_home(missing, "罗家人", **town.acting())
    finding.find(missing, "村口", may_tell_family=True, **town.acting())
    for step in (searching.begin, publishing.publish):
        with pytest.raises(NotThisStep):
            step(missing, **town.acting())  # type: ignore[operator]
    with pytest.raises(finding.NotHandedOver):
        finding.bring_home(missing, " ", **town.acting())
    finding.bring_home(missing, "罗家人", **town.acting())
    with pytest.raises(NotThisStep):
        searching.take_charge(missing, **town.acting())
    with pytest.raises(NotThisStep):
        finding.find(missing, "村口", may_tell_family=True, **town.acting())


def test_who_is_home_for_three_days_is_a_search_that_ended(town: Town) -> None:
    missing = published(town)
    finding.find(missing, "村口", may_tell_family=True, **town.acting())
    finding.bring_home(missing, "罗家人", **town.acting())
    three = town.at + timedelta(days=3)
    assert finding.close_returned(town.county.pk, at=three - timedelta(seconds=1)) == 0
    assert finding.close_returned(town.county.pk, at=three) == 1
    assert finding.close_returned(town.county.pk, at=three) == 0
    missing.refresh_from_db()
    assert (missing.state, missing.outcome, missing.closed_at) == ("closed", "returned", three)


def test_who_was_found_and_not_seen_home_is_the_desk_s_to_end(town: Town) -> None:
    missing = town.missing("searching")
    scope = town.scope(town.desk)
    finding.find(missing, "村口", may_tell_family=True, **town.acting())
    assert not queries.waiting_for(scope, at=town.at).exists()
    day_after = town.at + DAY
    assert queries.not_ended(scope, at=day_after).get() == missing
    assert queries.waiting_for(scope, at=day_after).get() == missing
    assert not queries.not_ended(town.scope(town.far_desk), at=day_after).exists()
    assert finding.close_returned(town.county.pk, at=town.at + timedelta(days=30)) == 0


def test_ninety_days_after_the_end_nothing_tells_who_it_was(town: Town) -> None:
    missing = published(town, resident=town.resident)
    finding.close(missing, "mistaken", **town.acting())
    later = town.at + timedelta(days=90)
    assert finding.forget(town.county.pk, at=later - timedelta(seconds=1)) == 0
    assert finding.forget(town.county.pk, at=later) == 1
    missing.refresh_from_db()
    assert (missing.name, missing.family_phone, missing.resident) == ("", "", None)
    assert missing.age == 78
    assert all(row.given_by == "" for row in PublicConsent.objects.all())


def test_who_saw_the_notice_is_noted_by_name_or_counted(town: Town) -> None:
    missing = published(town, "looks")
    notices.shown(missing, to=town.resident, at=town.at)
    notices.shown(missing, at=town.at)
    notices.shown(missing, at=town.at)
    seen = AuditEntry.objects.get(action="missing.notice_shown")
    assert seen.details == {"fields": ["looks"], "resident": town.resident.pk}
    missing.refresh_from_db()
    assert missing.times_shown == 2


def test_the_officer_of_the_place_is_in_charge_of_what_a_resident_reports(town: Town) -> None:
    missing = reporting.report(town.report(family=town.resident), by=None, at=town.at)
    assert missing.in_charge == town.officer or missing.in_charge is None
    assert opening.may_act(town.scope(town.desk), missing)
    assert not photos.has_photo(missing)
