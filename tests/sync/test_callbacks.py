"""From a callback in the inbox to contacts that equal WeCom's."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

import pytest
from django.db import connection

from tests.sync.corp import Corp, assert_equal, state_of
from tests.sync.postbox import Postbox
from tests.wecom_simulator.running import Simulator
from wecom_api import WeCom
from weijing.core.env import keyring
from weijing.residents.models import Contact, Resident, WechatIdentity
from weijing.sync import hints, inbox, refreshing, wishes
from weijing.sync.address_book import read_address_book
from weijing.sync.contacts_full import read_all
from weijing.sync.inbox import take_waiting
from weijing.sync.models import ContactRefresh, InboxEvent
from weijing.sync.received import place_of, sealed
from weijing.sync.refreshing import refresh_due
from weijing.territory.models import County

Now = Callable[[], datetime]
State = Contact.State


@pytest.fixture
def staffed(county: County, corp: Corp, wecom: WeCom, postbox: Postbox) -> Corp:
    """Three officers without contacts; callbacks arrive in `postbox`."""
    corp.found(officers=3)
    read_address_book(county.pk, wecom)
    return corp


def settle(county: County, wecom: WeCom, now: Now) -> None:
    """Take what is in the inbox and fulfil all wishes."""
    while take_waiting(at=now()).total:
        pass
    while refresh_due(county.pk, wecom, at=now()).done:
        pass


def test_a_scanned_code_becomes_a_contact_and_a_provisional_resident(
    staffed: Corp, county: County, wecom: WeCom, postbox: Postbox, now: Now
) -> None:
    met = staffed.act("scan", userid="p1", resident={"name": "清风徐来"}, state="board-7")
    postbox.deliver(at=now())

    settle(county, wecom, now)

    assert state_of("p1", met["external_userid"]) == State.LINKED
    assert Resident.objects.get().lifecycle == Resident.Lifecycle.PROVISIONAL
    assert_equal(county.pk, staffed)
    assert InboxEvent.objects.get().outcome == InboxEvent.Outcome.APPLIED
    assert not ContactRefresh.objects.exists()


def test_many_events_of_one_contact_are_one_call(
    staffed: Corp, county: County, wecom: WeCom, simulator: Simulator, postbox: Postbox, now: Now
) -> None:
    friend = staffed.friend("p1")
    for number in range(20):
        staffed.act("edit", userid="p1", external_userid=friend, remark=f"第{number}次")
        simulator.advance(1)
    postbox.deliver(at=now())
    simulator.admin("calls", "DELETE")

    settle(county, wecom, now)

    calls = simulator.admin("calls", "GET")["calls"]
    assert calls["externalcontact/get"] == {"0": 1}
    assert_equal(county.pk, staffed)


def test_two_events_of_one_second_are_both_heard(
    staffed: Corp, county: County, wecom: WeCom, postbox: Postbox, now: Now
) -> None:
    for userid in ("p1", "p2", "p3"):
        staffed.act("scan", userid=userid, resident={"name": "同一秒"})
    assert postbox.deliver(at=now()) == 3

    settle(county, wecom, now)

    assert Contact.objects.count() == 3


def test_an_officer_who_deletes_ends_the_pair(
    staffed: Corp, county: County, wecom: WeCom, postbox: Postbox, now: Now
) -> None:
    friend = staffed.act("scan", userid="p1", resident={"name": "阳光"})["external_userid"]
    postbox.deliver(at=now())
    settle(county, wecom, now)

    staffed.act("member-deletes", userid="p1", external_userid=friend)
    postbox.deliver(at=now())
    settle(county, wecom, now)

    assert state_of("p1", friend) == State.REMOVED_BY_OFFICER
    assert_equal(county.pk, staffed)


def test_a_resident_who_deletes_is_believed_though_wecom_lists_the_pair(
    staffed: Corp, county: County, wecom: WeCom, postbox: Postbox, now: Now
) -> None:
    friend = staffed.act("scan", userid="p1", resident={"name": "阳光"})["external_userid"]
    staffed.act("resident-deletes", userid="p1", external_userid=friend)
    postbox.deliver(at=now())
    settle(county, wecom, now)
    assert state_of("p1", friend) == State.REMOVED_BY_RESIDENT

    read_all(county.pk, wecom, now=now)

    assert state_of("p1", friend) == State.REMOVED_BY_RESIDENT


def test_a_late_deletion_of_an_earlier_relation_changes_nothing(
    staffed: Corp, county: County, wecom: WeCom, simulator: Simulator, postbox: Postbox, now: Now
) -> None:
    friend = staffed.act("scan", userid="p1", resident={"name": "阳光"})["external_userid"]
    simulator.advance(10)
    staffed.act("resident-deletes", userid="p1", external_userid=friend)
    simulator.advance(10)
    staffed.act("scan", userid="p1", external_userid=friend)
    added, deleted, added_again = postbox.collect()
    postbox.put([added_again, added], at=now())
    settle(county, wecom, now)

    simulator.advance(3_600)
    postbox.put([deleted], at=now())
    settle(county, wecom, now)

    assert state_of("p1", friend) == State.LINKED


def test_who_comes_back_is_linked_again(
    staffed: Corp, county: County, wecom: WeCom, simulator: Simulator, postbox: Postbox, now: Now
) -> None:
    friend = staffed.act("scan", userid="p1", resident={"name": "阳光"})["external_userid"]
    simulator.advance(10)
    staffed.act("resident-deletes", userid="p1", external_userid=friend)
    postbox.deliver(at=now())
    settle(county, wecom, now)
    simulator.advance(10)

    staffed.act("scan", userid="p1", external_userid=friend)
    postbox.deliver(at=now())
    settle(county, wecom, now)

    contact = Contact.objects.get()
    assert (contact.state, contact.ended_at) == (State.LINKED, None)


def test_a_half_contact_waits_for_the_officer_and_becomes_whole(
    staffed: Corp, county: County, wecom: WeCom, simulator: Simulator, postbox: Postbox, now: Now
) -> None:
    friend = staffed.act("scan", userid="p1", resident={"name": "半个"}, half=True)
    postbox.deliver(at=now())
    settle(county, wecom, now)
    assert state_of("p1", friend["external_userid"]) == State.HALF

    simulator.advance(5)
    staffed.act("accept", userid="p1", external_userid=friend["external_userid"])
    postbox.deliver(at=now())
    settle(county, wecom, now)

    assert state_of("p1", friend["external_userid"]) == State.LINKED
    assert WechatIdentity.objects.get().nickname == "半个"
    assert_equal(county.pk, staffed)


def test_userids_in_lower_case_are_the_same_officer(
    county: County, corp: Corp, wecom: WeCom, simulator: Simulator, postbox: Postbox, now: Now
) -> None:
    corp.department(2, "小沙江派出所")
    corp.member("ChenWei", department=[2])
    read_address_book(county.pk, wecom)
    simulator.admin("settings", lower_case_userids=True)
    friend = corp.act("scan", userid="ChenWei", resident={"name": "阳光"})["external_userid"]
    simulator.advance(1)
    corp.act("resident-deletes", userid="ChenWei", external_userid=friend)
    postbox.deliver(at=now())

    settle(county, wecom, now)

    assert state_of("chenwei", friend) == State.REMOVED_BY_RESIDENT


@pytest.mark.parametrize("seed", range(6))
def test_lost_doubled_and_shuffled_callbacks_converge(
    staffed: Corp, county: County, wecom: WeCom, simulator: Simulator, postbox: Postbox, now: Now,
    seed: int,
) -> None:  # fmt: skip
    random = Random(seed)
    simulator.admin("settings", callback_drop=0.3, callback_duplicate=0.4, callback_reorder=6)
    lived = live_a_while(staffed, simulator, random, steps=60)
    letters = postbox.collect()
    random.shuffle(letters)
    while letters:
        batch = [letters.pop() for _ in range(min(len(letters), random.randint(1, 5)))]
        postbox.put(batch, at=now())
        if random.random() < 0.5:
            settle(county, wecom, now)
    settle(county, wecom, now)
    simulator.advance(60)

    read_all(county.pk, wecom, now=now)
    settle(county, wecom, now)

    assert lived > 20
    assert_equal(county.pk, staffed)
    truth = staffed.truth()
    for (userid, friend), row in truth.items():
        if row["status"] == "mutual":  # whose deletion we may have missed, we cannot know
            assert state_of(userid, friend) == State.LINKED


def live_a_while(corp: Corp, simulator: Simulator, random: Random, *, steps: int) -> int:
    """Residents and officers do what they do. Returns how much of it was possible."""
    people: list[str] = []
    done = 0
    for _ in range(steps):
        userid = random.choice(["p1", "p2", "p3"])
        act = random.choice(["scan", "again", "edit", "resident-deletes", "member-deletes"])
        simulator.advance(random.choice([0, 1, 30]))
        if act == "scan" or not people:
            met = corp.act("scan", userid=userid, resident={"name": "群众"})
            people.append(met["external_userid"])
            done += 1
            continue
        fields = {"userid": userid, "external_userid": random.choice(people)}
        if act == "edit":
            fields["remark"] = f"备注{random.randint(1, 99)}"
        done += tried(simulator, "scan" if act == "again" else act, fields)
    return done


def tried(simulator: Simulator, act: str, fields: dict[str, str]) -> bool:
    """False when the two are not in a state where this can happen."""
    url = simulator.facts["admin_url"] + "acts/" + act
    return simulator.http.post(url, json=fields).status_code == 200


def test_a_duplicate_asks_again_and_is_counted(
    staffed: Corp, county: County, wecom: WeCom, simulator: Simulator, postbox: Postbox, now: Now
) -> None:
    friend = staffed.friend("p1")
    staffed.act("edit", userid="p1", external_userid=friend, remark="旧")
    letters = postbox.collect()
    postbox.put(letters, at=now())
    settle(county, wecom, now)
    simulator.admin("relations", relations=[
        {"userid": "p1", "external_userid": friend, "remark": "新"}
    ])  # fmt: skip

    simulator.advance(1)
    postbox.put(letters, at=now())
    settle(county, wecom, now)

    assert Contact.objects.get().remark == "新"
    event = InboxEvent.objects.get()
    assert (event.repeats, event.outcome) == (1, InboxEvent.Outcome.APPLIED)


def test_an_event_during_the_reading_is_read_for_once_more(
    staffed: Corp, county: County, wecom: WeCom, now: Now
) -> None:
    friend = staffed.friend("p1", remark="旧")
    wishes.wish_all(county.pk, [friend], at=now())
    (wish,) = refreshing._claim(county.pk, at=now(), limit=10)
    old = refreshing._customer(wecom, friend)
    staffed.simulator.admin("relations", relations=[
        {"userid": "p1", "external_userid": friend, "remark": "新"}
    ])  # fmt: skip
    staffed.simulator.advance(1)
    wishes.wish_all(county.pk, [friend], at=now())
    assert refresh_due(county.pk, wecom, at=now()).done == 0  # one reader at a time

    assert refreshing._write_down(wish, old, at=now()) is True
    assert ContactRefresh.objects.count() == 1
    staffed.simulator.advance(1)
    assert refresh_due(county.pk, wecom, at=now()).done == 1

    assert ContactRefresh.objects.count() == 0
    assert Contact.objects.get().remark == "新"


def test_a_reader_whose_lease_ran_out_writes_nothing(
    staffed: Corp, county: County, wecom: WeCom, simulator: Simulator, now: Now
) -> None:
    friend = staffed.friend("p1", remark="旧")
    wishes.wish_all(county.pk, [friend], at=now())
    started = now()
    (wish,) = refreshing._claim(county.pk, at=started, limit=10)
    old = refreshing._customer(wecom, friend)
    simulator.advance(3_600)  # paused here, while another reader takes over
    simulator.admin("relations", relations=[
        {"userid": "p1", "external_userid": friend, "remark": "新"}
    ])  # fmt: skip
    assert refresh_due(county.pk, wecom, at=now()).done == 1

    assert refreshing._write_down(wish, old, at=started) is False
    assert Contact.objects.get().remark == "新"


def test_while_wecom_is_away_wishes_wait_and_none_is_given_up(
    staffed: Corp, county: County, wecom: WeCom, simulator: Simulator, now: Now
) -> None:
    friend = staffed.friend("p1")
    wishes.wish_all(county.pk, [friend], at=now())
    simulator.admin("faults", api="externalcontact/get", kind="http_500", times=None)
    for _ in range(8):
        done = refresh_due(county.pk, wecom, at=now(), threads=1)
        assert (done.done, done.parked) == (0, 0)
        simulator.advance(3_600)

    simulator.admin("faults", "DELETE")
    assert refresh_due(county.pk, wecom, at=now(), threads=1).done == 1
    assert_equal(county.pk, staffed)


def test_a_contact_wecom_refuses_to_show_is_parked_after_five_times(
    staffed: Corp, county: County, wecom: WeCom, simulator: Simulator, now: Now
) -> None:
    wishes.wish_all(county.pk, ["wmOdd"], at=now())
    simulator.admin("faults", api="externalcontact/get", kind="errcode", errcode=40058, times=None)
    for _ in range(7):
        refresh_due(county.pk, wecom, at=now(), threads=1)
        simulator.advance(3_600)

    row = ContactRefresh.objects.get()
    assert (row.attempts, row.parked_because) == (5, "errcode 40058")


def test_poison_is_parked_and_holds_nobody_up(
    staffed: Corp, county: County, wecom: WeCom, postbox: Postbox, now: Now
) -> None:
    met = staffed.act("scan", userid="p1", resident={"name": "阳光"})
    good = postbox.collect()
    corpid = staffed.simulator.facts["corpid"]
    head = f"<xml><ToUserName>{corpid}</ToUserName><Event>change_external_contact</Event>"
    bad = [
        b"<xml>",
        b"<!DOCTYPE x [<!ENTITY e 'e'>]><xml>&e;</xml>",
        f"{head}<ChangeType>edit_external_contact</ChangeType></xml>".encode(),
        (head + "<ChangeType>edit_external_contact</ChangeType><ExternalUserID>"
         + "w" * 65 + "</ExternalUserID></xml>").encode(),
    ]  # fmt: skip
    postbox.put([*bad, *good], at=now())
    stranger = sealed(b"<xml></xml>", corpid=corpid, at=now(), keyring=keyring())
    InboxEvent.objects.create(
        key="moved", corpid=corpid, xml_sealed=stranger.xml_sealed,
        received_at=now(), last_received_at=now(),
    )  # fmt: skip

    first = take_waiting(at=now())
    assert (first.applied, first.failed) == (1, 5)
    settle(county, wecom, now)

    assert state_of("p1", met["external_userid"]) == State.LINKED
    parked = InboxEvent.objects.filter(outcome=InboxEvent.Outcome.PARKED)
    assert {row.note for row in parked} == {"BadXml", "Unusable", "CannotOpen"}
    assert {row.attempts for row in parked} == {inbox.MAX_ATTEMPTS}


def test_an_event_the_database_refuses_holds_nobody_up(
    staffed: Corp, county: County, wecom: WeCom, postbox: Postbox, now: Now,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    good = staffed.act("scan", userid="p1", resident={"name": "甲"})["external_userid"]
    bad = staffed.act("scan", userid="p2", resident={"name": "乙"})["external_userid"]
    postbox.deliver(at=now())

    def refuse(county_id: int, wanted: dict[str, hints.Hints], *, at: datetime) -> None:
        if bad in wanted:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
        wishes.wish(county_id, wanted, at=at)

    monkeypatch.setattr(inbox, "wish", refuse)
    for _ in range(inbox.MAX_ATTEMPTS):
        take_waiting(at=now())
    refresh_due(county.pk, wecom, at=now())

    assert state_of("p1", good) == State.LINKED
    outcomes = dict(InboxEvent.objects.values_list("outcome", "attempts"))
    assert outcomes == {InboxEvent.Outcome.APPLIED: 0, InboxEvent.Outcome.PARKED: 5}


def test_events_of_other_kinds_and_corps_are_ignored_with_a_reason(
    staffed: Corp, county: County, postbox: Postbox, now: Now
) -> None:
    chat = b"<xml><Event>change_external_chat</Event><ChangeType>create</ChangeType></xml>"
    postbox.put([chat], at=now())
    other = sealed(b"<xml><Event>x</Event></xml>", corpid="wwother", at=now(), keyring=keyring())
    InboxEvent.objects.create(
        key=other.key, corpid="wwother", xml_sealed=other.xml_sealed,
        received_at=now(), last_received_at=now(),
    )  # fmt: skip

    take_waiting(at=now())

    notes = set(InboxEvent.objects.filter(outcome="ignored").values_list("note", flat=True))
    assert notes == {"event change_external_chat", "no county has this corp"}


def test_raw_contents_go_after_a_week_and_keys_stay(
    staffed: Corp, county: County, wecom: WeCom, postbox: Postbox, now: Now
) -> None:
    staffed.act("scan", userid="p1", resident={"name": "阳光"})
    postbox.deliver(at=now())
    settle(county, wecom, now)

    assert inbox.forget_raw(at=now() + timedelta(days=6)) == 0
    assert inbox.forget_raw(at=now() + timedelta(days=8)) == 1

    event = InboxEvent.objects.get()
    assert (bytes(event.xml_sealed), event.outcome) == (b"", InboxEvent.Outcome.APPLIED)
    assert place_of(event.key).endswith(event.key)


def test_a_changed_tag_library_is_read_again(
    staffed: Corp, county: County, wecom: WeCom, postbox: Postbox, now: Now
) -> None:
    staffed.tag("货车司机", "养老金")
    postbox.deliver(at=now())

    take_waiting(at=now())

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (args->>'county_id')::bigint FROM procrastinate_jobs "
            "WHERE task_name = 'tags.sync_catalogue'"
        )
        assert cursor.fetchall() == [(county.pk,)]
