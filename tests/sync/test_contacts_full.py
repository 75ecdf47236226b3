from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from tests.sync.corp import Corp, assert_equal, state_of
from tests.wecom_simulator.running import Simulator
from wecom_api import Misconfigured, Unavailable, WeCom
from weijing.residents.models import Contact, Resident
from weijing.sync import contacts_full, refreshing, runs, traversing
from weijing.sync.address_book import read_address_book
from weijing.sync.contacts_full import Numbers, read_all, read_officers
from weijing.sync.models import OfficerReading, SyncRun
from weijing.territory.models import County

Now = Callable[[], datetime]


class Killed(BaseException):
    """As sudden as kill -9: nothing of ours catches it."""


@pytest.fixture
def filled(county: County, corp: Corp, wecom: WeCom) -> Corp:
    """Three officers with 1,150 contacts."""
    corp.found(officers=3, contacts=1_150)
    read_address_book(county.pk, wecom)
    return corp


def test_a_fresh_reading_equals_wecom(filled: Corp, county: County, wecom: WeCom, now: Now) -> None:
    tags = filled.tag("货车司机", "养老金")
    filled.friend("p1", name="阳光", remark="桃李4组-罗样例", remark_mobiles=["13800000001"],
                  description="微信联系", state="board-7", tags=sorted(tags.values()))  # fmt: skip

    numbers = read_all(county.pk, wecom, now=now)

    assert numbers.contacts == 1_151
    assert_equal(county.pk, filled)


def test_strangers_get_dense_ordinals(filled: Corp, county: County, wecom: WeCom, now: Now) -> None:
    read_all(county.pk, wecom, now=now)

    ordinals = Resident.objects.order_by("ordinal").values_list("ordinal", flat=True)
    assert list(ordinals) == list(range(1_150))


def test_a_first_reading_tells_postgresql_how_the_tables_have_grown(
    filled: Corp, county: County, wecom: WeCom, now: Now
) -> None:
    """Foreign keys are then checked by their own index, not by a walk through the county."""
    read_all(county.pk, wecom, now=now)

    for table in ("residents_resident", "residents_wechatidentity", "residents_contact"):
        with connection.cursor() as cursor:
            cursor.execute(
                f"EXPLAIN (GENERIC_PLAN) SELECT 1 FROM {table} WHERE county_id = $1 AND id = $2"
            )
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "id = $2" in plan.split("Index Cond")[1].splitlines()[0], plan


def test_a_second_reading_changes_nothing(
    filled: Corp, county: County, wecom: WeCom, now: Now
) -> None:
    read_all(county.pk, wecom, now=now)
    before = list(Contact.objects.order_by("pk").values())

    numbers = read_all(county.pk, wecom, now=now)

    assert (numbers.contacts, numbers.changed) == (1_150, 0)
    assert list(Contact.objects.order_by("pk").values()) == before


def test_killed_at_every_commit_it_goes_on_and_reads_no_page_twice(
    filled: Corp, county: County, wecom: WeCom, now: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: Any = contacts_full._Reading._keep
    kills = 0

    def keep_and_die(self: Any, *arguments: Any) -> None:
        nonlocal kills
        kept(self, *arguments)
        kills += 1
        raise Killed

    monkeypatch.setattr(contacts_full._Reading, "_keep", keep_and_die)
    while True:
        try:
            numbers = read_all(county.pk, wecom, now=now, threads=1, pages_per_commit=2)
            break
        except Killed:
            assert kills < 100

    pages = 12  # 1,150 contacts in pages of 100
    assert kills == pages // 2
    assert (numbers.contacts, numbers.calls) == (1_150, pages)
    assert SyncRun.objects.filter(kind="contacts").count() == 1
    assert_equal(county.pk, filled)


def test_killed_before_a_commit_it_reads_those_pages_again(
    filled: Corp, county: County, wecom: WeCom, now: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: Any = runs.save_progress
    saves = 0

    def die_every_third_time(run: SyncRun, progress: dict[str, Any]) -> None:
        nonlocal saves
        saves += 1
        if saves % 3 == 0:
            raise Killed  # what this commit had written is rolled back
        saved(run, progress)

    monkeypatch.setattr(runs, "save_progress", die_every_third_time)
    while True:
        try:
            numbers = read_all(county.pk, wecom, now=now, threads=2, pages_per_commit=1)
            break
        except Killed:
            assert saves < 100

    assert saves > 6
    assert (numbers.contacts, numbers.officers_done) == (1_150, 3)
    assert_equal(county.pk, filled)


def test_a_contact_that_vanished_without_a_callback_is_asked_for_and_ended(
    filled: Corp, county: County, wecom: WeCom, simulator: Simulator, now: Now
) -> None:
    gone, kept = filled.friend("p1"), filled.friend("p1")
    read_all(county.pk, wecom, now=now)
    filled.act("member-deletes", userid="p1", external_userid=gone)
    simulator.advance(60)

    read_all(county.pk, wecom, now=now)
    assert state_of("p1", gone) == Contact.State.LINKED  # until it has been asked for by name
    done = refreshing.refresh_due(county.pk, wecom, at=now())

    assert done.done == 1
    assert state_of("p1", gone) == Contact.State.REMOVED_BY_OFFICER
    assert state_of("p1", kept) == Contact.State.LINKED
    assert_equal(county.pk, filled)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "errcode", "errcode": 42001, "times": 2},
        {"kind": "errcode", "errcode": -1, "times": 6},
        {"kind": "http_500", "times": 2},
        {"kind": "not_arrived", "times": 2},
        {"kind": "cut_body", "times": 2},
    ],
    ids=lambda fault: str(fault.get("errcode", fault["kind"])),
)
def test_wecoms_troubles_are_waited_out(
    filled: Corp,
    county: County,
    wecom: WeCom,
    simulator: Simulator,
    now: Now,
    monkeypatch: pytest.MonkeyPatch,
    fault: dict[str, Any],
) -> None:
    monkeypatch.setattr(traversing, "PAUSE_SECONDS", 0.05)
    simulator.admin("faults", api="externalcontact/batch/get_by_user", skip=3, **fault)

    numbers = read_all(county.pk, wecom, now=now, threads=2)

    assert numbers.contacts == 1_150
    assert_equal(county.pk, filled)


def test_too_many_calls_slow_it_down_and_do_not_end_it(
    filled: Corp, county: County, wecom: WeCom, simulator: Simulator, now: Now
) -> None:
    """The real pause after 45009 is a minute; WeCom's clock goes on by itself here."""
    api = "externalcontact/batch/get_by_user"
    simulator.admin("faults", api=api, kind="errcode", errcode=45033, skip=2, times=1)

    numbers = read_all(county.pk, wecom, now=now, threads=1)

    assert numbers.contacts == 1_150


def test_a_permission_that_is_missing_stops_it_with_everything_kept(
    filled: Corp, county: County, wecom: WeCom, simulator: Simulator, now: Now
) -> None:
    api = "externalcontact/batch/get_by_user"
    simulator.admin("faults", api=api, kind="errcode", errcode=48002, skip=4, times=1)

    with pytest.raises(Misconfigured):
        read_all(county.pk, wecom, now=now, threads=1, pages_per_commit=1)
    run = runs.unfinished(county.pk, "contacts")
    assert run is not None and "48002" in run.failure

    assert read_all(county.pk, wecom, now=now).contacts == 1_150
    assert_equal(county.pk, filled)


def test_a_member_we_may_not_ask_about_does_not_stop_the_others(
    filled: Corp, county: County, wecom: WeCom, now: Now
) -> None:
    filled.member("p2", customer_contact=0)
    filled.simulator.admin("members", members=[{"userid": "p2", "department": []}])

    numbers = read_all(county.pk, wecom, now=now, threads=1)

    assert numbers.officers_done == 3
    progress = SyncRun.objects.get(kind="contacts").progress
    assert [g["userids"] for g in progress["groups"] if g["refused"]] == [["p2"]]
    mine = {pair for pair in filled.truth() if pair[0] != "p2"}
    assert numbers.contacts == len(mine)


def test_a_cursor_that_is_no_longer_good_begins_again(
    filled: Corp, county: County, wecom: WeCom, now: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die_once_begun(numbers: Numbers) -> None:
        raise Killed

    with pytest.raises(Killed):
        read_all(county.pk, wecom, now=now, progress=die_once_begun, threads=1, pages_per_commit=1)
    run = runs.unfinished(county.pk, "contacts")
    assert run is not None
    run.progress["groups"][0]["cursor"] = "of another time"
    run.save()

    read_all(county.pk, wecom, now=now, threads=1)

    assert_equal(county.pk, filled)


def test_an_older_page_does_not_undo_a_younger_refresh(
    filled: Corp, county: County, wecom: WeCom, simulator: Simulator, now: Now,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    friend = filled.friend("p1", remark="旧")
    kept: Any = contacts_full._Reading._keep
    edited = False

    def edit_between_reading_and_writing(self: Any, *arguments: Any) -> None:
        nonlocal edited
        if not edited:
            edited = True
            simulator.advance(10)
            filled.act("edit", userid="p1", external_userid=friend, remark="新")
            refreshing.refresh_one(county.pk, friend, wecom, read_at=now())
        kept(self, *arguments)

    monkeypatch.setattr(contacts_full._Reading, "_keep", edit_between_reading_and_writing)

    read_officers(county.pk, ["p1"], wecom, now=now, threads=1)

    assert edited
    assert_equal_for(filled, county, friend)


def assert_equal_for(corp: Corp, county: County, external_userid: str) -> None:
    contact = Contact.objects.get(county=county, identity__external_userid=external_userid)
    assert contact.remark == corp.truth()["p1", external_userid]["remark"]


def test_every_officer_is_read_within_the_period_and_nobody_too_often(
    filled: Corp, county: County, wecom: WeCom, now: Now
) -> None:
    corp_day, reads = timedelta(hours=24), 0
    start = now()
    every = timedelta(hours=6)
    for tick in range(9):
        at = start + tick * every
        for userid in contacts_full.officers_due(county.pk, at=at, every=every, period=corp_day):
            read_officers(county.pk, [userid], wecom, now=lambda at=at: at)
            reads += 1

    oldest = min(OfficerReading.objects.values_list("read_at", flat=True))
    assert OfficerReading.objects.count() == 3
    assert oldest > start + timedelta(hours=24)
    assert reads <= 9


def test_a_slice_does_not_wait_for_wecom_for_ever(
    filled: Corp, county: County, wecom: WeCom, simulator: Simulator, now: Now,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(traversing, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(contacts_full, "SLICE_PATIENCE_SECONDS", 0.03)
    api = "externalcontact/batch/get_by_user"
    simulator.admin("faults", api=api, kind="http_500", times=None)

    with pytest.raises(Unavailable):
        read_officers(county.pk, ["p1"], wecom, now=now, threads=1)

    assert contacts_full.officers_due(county.pk, at=now(), every=timedelta(hours=24)) != []
