"""The officer in charge hears of it in WeCom over real HTTP, and the card names nobody."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from tests.requests.conftest import Town
from tests.requests.test_missing import published
from tests.wecom_simulator.running import Simulator
from wecom_api import Transport, WeCom, errors
from weijing.core import env
from weijing.core.clock import COUNTY_TIME
from weijing.requests.missing import (
    consenting,
    finding,
    publishing,
    queries,
    reminding,
    reporting,
    sightings,
    telling,
)
from weijing.requests.models import MissingPerson, Sighting


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    one = Simulator(tmp_path_factory.mktemp("wecom"), "--clock", "frozen=2026-11-24T10:00")
    for userid in ("yang", "desk", "far", "hu"):
        one.member(userid)
    yield one
    one.stop()


@pytest.fixture
def simulator(process: Simulator, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    process.admin("faults", "DELETE")
    process.advance(26 * 3600)
    monkeypatch.setattr(env.environment(), "public_url", "https://weijing.example.gov.cn")
    return process


@pytest.fixture
def wecom(simulator: Simulator) -> WeCom:
    facts = simulator.facts
    return WeCom(
        corpid=facts["corpid"], secret=facts["secret"], agentid=int(facts["agentid"]),
        transport=Transport(facts["base_url"], 0.5), clock=simulator.now,
        sleep=lambda seconds: None,
    )  # fmt: skip


def inbox(simulator: Simulator) -> list[dict[str, Any]]:
    """What reached whom, of today."""
    messages = simulator.truth("inbox")["messages"]
    return [one for one in messages if one["at"] >= simulator.now() - 60]


def test_a_report_reaches_the_officer_of_the_place_and_the_desk(
    town: Town, simulator: Simulator, wecom: WeCom
) -> None:
    missing = reporting.report(town.report(family=town.resident), by=None, at=town.at)
    assert missing.in_charge == town.officer
    telling.tell_missing(telling.by_id(town.county.pk, missing.pk), wecom=wecom)
    got = inbox(simulator)
    assert {one["userid"] for one in got} == {"yang", "desk"}
    card = json.dumps(got[0]["content"], ensure_ascii=False)
    assert f"/o/missing/{missing.number}/" in card
    for secret in (missing.name, missing.family_name, missing.family_phone, missing.looks):
        assert secret not in card


def test_a_sighting_reaches_the_officer_in_charge_alone(
    town: Town, simulator: Simulator, wecom: WeCom
) -> None:
    missing = published(town)
    seen = sightings.tell(missing, "车站", seen_at=town.at, by=None, at=town.at)
    seen = Sighting.objects.select_related("missing__in_charge", "missing__division").get()
    telling.tell_sighting(seen, wecom=wecom)
    got = inbox(simulator)
    assert [one["userid"] for one in got] == ["yang"]
    assert "车站" not in json.dumps(got[0]["content"], ensure_ascii=False)


def told_again(town: Town, place: str, *, later: int) -> Sighting:
    missing = MissingPerson.objects.get()
    at = town.at + timedelta(minutes=later)
    seen = sightings.tell(missing, place, seen_at=at, by=None, at=at)
    return Sighting.objects.select_related("missing__in_charge", "missing__division").get(
        pk=seen.pk
    )


def test_each_of_two_sightings_within_a_minute_reaches_the_officer(
    town: Town, simulator: Simulator, wecom: WeCom
) -> None:
    published(town)
    first = told_again(town, "车站", later=0)
    second = told_again(town, "桥头", later=1)
    for seen in (first, second, second):  # the last is a job that runs twice
        telling.tell_sighting(seen, wecom=wecom)
    got = [json.dumps(one["content"], ensure_ascii=False) for one in inbox(simulator)]
    assert len(got) == 2
    clock_time = (town.at + timedelta(minutes=1)).astimezone(COUNTY_TIME)
    assert f"第 2 条，{clock_time:%H:%M}" in " ".join(got)
    assert "第 1 条" in " ".join(got)


def test_the_desk_hears_of_it_when_the_officer_in_charge_is_not_in_wecom(
    town: Town, simulator: Simulator, wecom: WeCom
) -> None:
    published(town)
    town.officer.wecom_userid = ""
    town.officer.save()
    telling.tell_sighting(told_again(town, "车站", later=0), wecom=wecom)
    assert [one["userid"] for one in inbox(simulator)] == ["desk"]


def test_the_desk_hears_of_it_when_the_officer_in_charge_has_left(
    town: Town, simulator: Simulator, wecom: WeCom
) -> None:
    missing = published(town)
    sightings.tell(missing, "车站", seen_at=town.at, by=None, at=town.at)
    town.officer.is_active = False
    town.officer.save()
    seen = Sighting.objects.select_related("missing__in_charge", "missing__division").get()
    telling.tell_sighting(seen, wecom=wecom)
    assert [one["userid"] for one in inbox(simulator)] == ["desk"]


def test_the_desk_hears_that_a_child_s_notice_waits_for_it(
    town: Town, simulator: Simulator, wecom: WeCom
) -> None:
    missing = town.missing("searching", age=9, relation="母亲")
    said: dict[str, Any] = {"given_by": "罗家人", "relation": "母亲", "channel": "paper"}
    consenting.agree(missing, ["looks"], **said, **town.acting())
    publishing.publish(missing, minors_law=True, **town.acting(town.desk))
    telling.tell_taken_down(telling.by_id(town.county.pk, missing.pk), wecom=wecom)
    assert inbox(simulator) == []  # nothing came down
    consenting.agree(missing, ["name"], **said, **town.acting())
    telling.tell_taken_down(telling.by_id(town.county.pk, missing.pk), wecom=wecom)
    got = inbox(simulator)
    assert {one["userid"] for one in got} == {"yang", "desk"}
    assert missing.name not in json.dumps(got[0]["content"], ensure_ascii=False)


def test_nobody_is_called_out_for_somebody_who_is_home(
    town: Town, simulator: Simulator, wecom: WeCom
) -> None:
    missing = town.missing()
    finding.find(missing, "村口", may_tell_family=True, **town.acting())
    telling.tell_missing(telling.by_id(town.county.pk, missing.pk), wecom=wecom)
    assert inbox(simulator) == []


def test_a_wecom_that_is_away_is_tried_again(
    town: Town, simulator: Simulator, wecom: WeCom
) -> None:
    missing = town.missing()
    found = telling.by_id(town.county.pk, missing.pk)
    simulator.admin("faults", api="message/send", kind="not_arrived", times=None)
    with pytest.raises((errors.Unavailable, errors.Unanswered)):
        telling.tell_missing(found, wecom=wecom)
    simulator.admin("faults", "DELETE")
    simulator.advance(120)
    telling.tell_missing(found, wecom=wecom)
    assert {one["userid"] for one in inbox(simulator)} == {"yang", "desk"}


def not_ended(town: Town, wecom: WeCom) -> None:
    missing = MissingPerson.objects.get()
    telling.tell_not_ended(telling.by_id(town.county.pk, missing.pk), wecom=wecom)


def test_who_was_found_and_is_ended_by_nobody_is_called_to_mind_and_then_no_more(
    town: Town, simulator: Simulator, wecom: WeCom
) -> None:
    missing = published(town)
    not_ended(town, wecom)
    assert inbox(simulator) == []  # still looked for
    finding.find(missing, "村口", may_tell_family=True, **town.acting())
    not_ended(town, wecom)
    got = inbox(simulator)
    assert {one["userid"] for one in got} == {"yang", "desk"}
    card = json.dumps(got[0]["content"], ensure_ascii=False)
    assert "还没办结" in card
    for secret in (missing.name, "村口"):
        assert secret not in card
    finding.bring_home(missing, "罗家人", **town.acting())
    simulator.advance(600)
    not_ended(town, wecom)
    assert inbox(simulator) == []


def test_the_reminder_comes_a_day_after_they_were_found_and_every_morning(town: Town) -> None:
    missing = published(town)
    MissingPerson.objects.update(in_charge=None)
    finding.find(missing, "村口", may_tell_family=True, **town.acting(town.desk))
    missing.refresh_from_db()
    assert missing.in_charge == town.desk  # somebody owns it
    assert waiting_jobs() == [town.at + timedelta(days=1)]
    late = timedelta(hours=1)
    reminded = [
        reminding.again(town.county.pk, at=town.at + timedelta(days=days) + late)
        for days in (0, 1, 2)
    ]
    assert reminded == [0, 1, 0]  # one that still waits is enough
    finding.bring_home(missing, "罗家人", **town.acting())
    assert not queries.overdue(town.county.pk, at=town.at + timedelta(days=3)).exists()


def waiting_jobs() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT scheduled_at FROM procrastinate_jobs"
            " WHERE task_name = 'requests.tell_not_ended' AND status = 'todo' ORDER BY id"
        )
        return [row[0] for row in cursor.fetchall()]
