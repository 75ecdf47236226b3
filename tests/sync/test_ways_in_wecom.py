"""Codes that residents scan: made once whatever happens, kept right, taken down."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from tests.builders import beat_of, division, make_household, make_officer
from tests.sync.corp import Corp
from tests.wecom_simulator.running import Simulator
from wecom_api import WeCom, errors, pictures
from wecom_api.contact_ways import MULTI, SINGLE
from wecom_api.contact_ways import ContactWay as Made
from weijing.accounts import appointing
from weijing.accounts.models import Officer, Posting, Role
from weijing.accounts.scope import scope_of
from weijing.audit.models import AuditEntry
from weijing.core import env, in_pieces
from weijing.core.line import connections
from weijing.residents.models import ContactWay, DoorVisit
from weijing.residents.ways import (
    claiming,
    comparing,
    keeping,
    leading,
    looking,
    telling,
    troubles,
    wanting,
)
from weijing.residents.ways.ways_command import ways
from weijing.sync import departments
from weijing.territory.models import County

ADD = "externalcontact/add_contact_way"
LIST = "externalcontact/list_contact_way"
UPDATE = "externalcontact/update_contact_way"
DELETE = "externalcontact/del_contact_way"
Now = Callable[[], datetime]


class Beat:
    """桃李村 with officer p1, a member of WeCom; the clock is WeCom's."""

    def __init__(self, county: County, simulator: Simulator, wecom: WeCom, now: Now) -> None:
        self.county, self.simulator, self.wecom, self.now = county, simulator, wecom, now
        self.corp = Corp(simulator)
        self.corp.found(officers=2)
        self.beat = beat_of(county, "小沙江镇", "桃李村")
        self.officer = make_officer(county, "p1", Role.VILLAGE_AUXILIARY, beat=self.beat)
        simulator.admin("calls", "DELETE")

    def tell(self) -> int:
        return telling.tell_due(self.county.pk, wecom=self.wecom, now=self.now)

    def later(self, minutes: float) -> int:
        self.simulator.advance(minutes * 60)
        return self.tell()

    def fault(self, kind: str, api: str = ADD) -> None:
        self.simulator.admin("faults", api=api, kind=kind, times=1)

    def calls(self, api: str = ADD) -> int:
        """That WeCom took."""
        return int(self.simulator.admin("calls", "GET")["calls"].get(api, {}).get("0", 0))

    def there(self) -> list[Made]:
        """Every code that is in WeCom."""
        listed = self.wecom.contact_ways.list(start_time=1)
        return [self.wecom.contact_ways.get(config_id) for config_id in listed]

    def deputy(self) -> Officer:
        second = make_officer(self.county, "p2", Role.VILLAGE_AUXILIARY, serves_residents=True)
        appointing.post(second, beat=self.beat, deputy=True, by=None, at=self.now())
        return second

    def household_code(self, number: str = "3") -> ContactWay:
        home = make_household(division(self.county, "小沙江镇", "桃李村", "1组"), number)
        scope = scope_of(self.officer, at=self.now())
        return wanting.for_household(home, self.officer, scope=scope, at=self.now())


@pytest.fixture
def beat(county: County, simulator: Simulator, wecom: WeCom, now: Now) -> Beat:
    return Beat(county, simulator, wecom, now)


def test_an_officer_s_code_leads_to_the_officer_and_can_be_shown(beat: Beat) -> None:
    wanting.for_officer(beat.officer, by=beat.officer, at=beat.now())
    assert beat.tell() == 1

    way = ContactWay.objects.get()
    (made,) = beat.there()
    assert (made.config_id, made.state, made.user) == (way.config_id, way.state, ("p1",))
    assert (made.type, made.skip_verify) == (SINGLE, True)
    assert way.beat == beat.beat
    assert pictures.kind_of(bytes(way.picture or b"")) == "image/png"
    assert (way.due_at, way.asked_at, way.refused_because) == (None, None, "")
    actions = AuditEntry.objects.filter(action__startswith="way.").order_by("at", "pk")
    assert list(actions.values_list("action", flat=True)) == ["way.wanted", "way.made"]


def test_the_state_is_short_and_says_nothing(beat: Beat) -> None:
    first = wanting.for_officer(beat.officer, by=None, at=beat.now())
    second = beat.household_code()

    assert first.state != second.state
    for way in (first, second):
        assert len(way.state) <= 30
        assert str(way.pk) not in way.state


def test_wanting_a_code_twice_makes_one(beat: Beat) -> None:
    for _ in range(2):
        wanting.for_officer(beat.officer, by=None, at=beat.now())
        wanting.for_beat(beat.beat, by=None, at=beat.now())
        beat.tell()

    assert ContactWay.objects.count() == len(beat.there()) == beat.calls() == 2


def test_a_beat_s_code_leads_to_all_who_serve_there_the_responsible_one_first(beat: Beat) -> None:
    beat.deputy()
    wanting.for_beat(beat.beat, by=None, at=beat.now())
    beat.tell()

    (made,) = beat.there()
    assert (made.user, made.type, made.remark) == (("p1", "p2"), MULTI, "桃李村")


def test_a_beat_s_code_follows_those_who_come_and_go(beat: Beat) -> None:
    wanting.for_beat(beat.beat, by=None, at=beat.now())
    beat.tell()
    beat.deputy()
    Posting.objects.filter(officer=beat.officer).update(ends_at=beat.now())

    assert keeping.keep(beat.county.pk, at=beat.now()) == 1
    beat.tell()

    (made,) = beat.there()
    assert made.user == ("p2",)
    assert keeping.keep(beat.county.pk, at=beat.now()) == 0


def test_a_beat_that_nobody_serves_keeps_its_code_and_says_so_once(beat: Beat) -> None:
    wanting.for_beat(beat.beat, by=None, at=beat.now())
    beat.tell()
    Posting.objects.filter(officer=beat.officer).update(ends_at=beat.now())

    keeping.keep(beat.county.pk, at=beat.now())
    beat.tell()

    way = ContactWay.objects.get()
    assert beat.there()[0].user == ("p1",)
    assert "没有群众可以添加的民辅警" in troubles.words(way)
    assert keeping.keep(beat.county.pk, at=beat.now()) == 0


def test_an_officer_s_code_goes_along_to_another_beat(beat: Beat) -> None:
    way = wanting.for_officer(beat.officer, by=None, at=beat.now())
    beat.tell()
    Posting.objects.filter(officer=beat.officer).update(ends_at=beat.now())
    other = beat_of(beat.county, "小沙江镇", "红星村")
    appointing.post(beat.officer, beat=other, by=None, at=beat.now())

    keeping.keep(beat.county.pk, at=beat.now())

    way.refresh_from_db()
    assert way.beat == other


def test_the_code_of_an_officer_who_left_a_week_ago_is_deleted(beat: Beat) -> None:
    way = wanting.for_officer(beat.officer, by=None, at=beat.now())
    beat.tell()
    Officer.objects.update(is_active=False)

    assert keeping.keep(beat.county.pk, at=beat.now()) == 0
    beat.simulator.advance(7 * 86_400 - 60)
    assert keeping.keep(beat.county.pk, at=beat.now()) == 0
    beat.simulator.advance(60)
    assert keeping.keep(beat.county.pk, at=beat.now()) == 1
    beat.tell()

    way.refresh_from_db()
    assert beat.there() == []
    assert (way.config_id, way.picture, way.due_at) == ("", None, None)
    assert way.ended_at is not None


def test_an_address_book_that_was_read_wrongly_costs_nobody_a_printed_code(beat: Beat) -> None:
    way = wanting.for_officer(beat.officer, by=None, at=beat.now())
    door = beat.household_code()
    beat.tell()
    way.refresh_from_db()
    book = departments.read(beat.wecom)
    short = replace(book, members=tuple(one for one in book.members if one.userid != "p1"))

    for seen, days in ((short, 6), (book, 6), (short, 6), (book, 0)):
        departments.take_over(beat.county.pk, seen, at=beat.now())
        keeping.keep(beat.county.pk, at=beat.now())
        beat.tell()
        beat.simulator.advance(days * 86_400)
        keeping.keep(beat.county.pk, at=beat.now())
        beat.tell()

    beat.officer.refresh_from_db()
    assert beat.officer.is_active
    again = wanting.for_officer(beat.officer, by=None, at=beat.now())
    beat.tell()
    assert (again.pk, again.config_id) == (way.pk, way.config_id)
    assert {made.state: made.user for made in beat.there()} == {
        way.state: ("p1",), door.state: ("p1",),
    }  # fmt: skip


def test_codes_are_kept_and_compared_some_at_a_time(
    beat: Beat, monkeypatch: pytest.MonkeyPatch
) -> None:
    village = wanting.for_beat(beat.beat, by=None, at=beat.now())
    at_doors = [beat.household_code(number) for number in "34567"]
    beat.tell()
    beat.deputy()
    rows = ContactWay.objects.filter(pk__in=[way.pk for way in at_doors])
    for way in rows[:3]:
        beat.wecom.contact_ways.delete(way.config_id)
    monkeypatch.setattr(in_pieces.in_pieces, "__defaults__", (2,))
    monkeypatch.setattr(keeping, "MOST_ENDED", 2)
    monkeypatch.setattr(looking, "PIECE", 2)

    found = list(comparing.compare(beat.county.pk, wecom=beat.wecom))
    assert [len(piece.missing) for piece in found if piece.missing] in ([2, 1], [1, 2], [1, 1, 1])
    assert max(map(len, found)) <= 2

    rows.update(created_at=beat.now() - timedelta(days=31))
    assert keeping.keep(beat.county.pk, at=beat.now()) == 2 + 1  # two doors, and the village
    assert keeping.keep(beat.county.pk, at=beat.now()) == 2 + 1
    beat.tell()
    assert keeping.keep(beat.county.pk, at=beat.now()) == 1
    beat.tell()
    assert [made.state for made in beat.there()] == [village.state]


def test_a_deletion_that_wecom_rejects_is_tried_five_times_and_then_shown(beat: Beat) -> None:
    way = wanting.for_officer(beat.officer, by=None, at=beat.now())
    beat.tell()
    beat.simulator.admin("faults", api=DELETE, kind="errcode", errcode=40003, times=6)
    wanting.end(way, by=beat.officer, at=beat.now())

    assert beat.tell() == 0
    assert beat.tell() == 0  # not at once
    assert [beat.later(minutes) for minutes in (2, 6, 31)] == [0, 0, 0]
    assert claiming.parked(beat.county.pk).count() == 0
    assert beat.later(6 * 60 + 1) == 1
    assert claiming.parked(beat.county.pk).get() == way
    assert beat.later(7 * 24 * 60) == 0  # nobody goes on by itself

    assert keeping.retry_parked(beat.county.pk, at=beat.now()) == 1
    assert beat.tell() == 0  # the sixth rejection, the first of five
    beat.later(2)
    way.refresh_from_db()
    assert (way.config_id, way.due_at, way.refused_because) == ("", None, "")
    assert beat.there() == []


def test_a_lost_answer_is_looked_for_and_not_asked_again(beat: Beat) -> None:
    way = wanting.for_officer(beat.officer, by=None, at=beat.now())
    beat.fault("arrived_no_reply")
    assert beat.tell() == 0
    way.refresh_from_db()
    assert way.asked_at is not None

    assert beat.later(1) == 0  # the list may lag behind
    assert beat.calls(LIST) == 0
    assert beat.later(11) == 1

    way.refresh_from_db()
    (made,) = beat.there()
    assert way.config_id == made.config_id
    assert beat.calls() == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "cut_body"},
        {"kind": "html", "effect": True},
        {"kind": "http_500"},
        {"kind": "http_500", "effect": True},
        {"kind": "errcode", "errcode": -1},
        {"kind": "errcode", "errcode": -1, "effect": True},
        {"kind": "errcode", "errcode": 999_999, "effect": True},
        {"kind": "errcode", "errcode": 42001},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
def test_whatever_fails_there_is_one_code_in_the_end(beat: Beat, fault: dict[str, Any]) -> None:
    way = wanting.for_beat(beat.beat, by=None, at=beat.now())
    beat.simulator.admin("faults", api=ADD, times=1, **fault)

    beat.tell()
    beat.later(11)

    way.refresh_from_db()
    assert [made.config_id for made in beat.there()] == [way.config_id]
    assert (way.due_at, way.asked_at) == (None, None)


def test_a_call_that_never_arrived_is_made_again_after_looking(beat: Beat) -> None:
    wanting.for_officer(beat.officer, by=None, at=beat.now())
    beat.fault("not_arrived")
    beat.tell()

    assert beat.later(12) == 1
    assert len(beat.there()) == 1


def test_who_dies_between_intent_and_call_leaves_a_row_that_is_looked_for(beat: Beat) -> None:
    way = wanting.for_officer(beat.officer, by=None, at=beat.now())
    leased_until = beat.now() + claiming.LEASE
    ContactWay.objects.update(asked_at=beat.now(), due_at=leased_until)

    assert beat.tell() == 0  # somebody else's turn
    assert beat.later(3) == 0
    assert beat.later(8) == 1

    way.refresh_from_db()
    assert [made.state for made in beat.there()] == [way.state]


def test_of_two_codes_for_one_row_the_later_one_is_deleted(beat: Beat) -> None:
    way = wanting.for_officer(beat.officer, by=None, at=beat.now())
    for _ in range(2):
        beat.wecom.contact_ways.add(user=["p1"], state=way.state)
    ContactWay.objects.update(asked_at=beat.now(), due_at=beat.now())

    beat.later(11)

    way.refresh_from_db()
    assert [made.config_id for made in beat.there()] == [way.config_id]


def test_a_look_that_failed_does_not_make_a_second_code(beat: Beat) -> None:
    wanting.for_officer(beat.officer, by=None, at=beat.now())
    beat.fault("arrived_no_reply")
    beat.tell()
    beat.fault("not_arrived", LIST)

    assert beat.later(11) == 0
    assert beat.later(61) == 1

    assert (len(beat.there()), beat.calls()) == (1, 1)


def test_too_many_calls_wait_for_their_turn(beat: Beat) -> None:
    way = wanting.for_officer(beat.officer, by=None, at=beat.now())
    beat.simulator.admin("faults", api=ADD, errcode=45009, kind="errcode", times=1)

    with pytest.raises(errors.Throttled):
        telling.tell(beat.county.pk, way.pk, wecom=beat.wecom, at=beat.now())

    with connections.transaction() as ours:  # the pause is real time, and other tests' as well
        ours.execute("DELETE FROM core_wecombucket")
    way.refresh_from_db()
    assert way.asked_at is None  # nothing was made, and that is known
    assert way.due_at is not None and way.due_at >= beat.now() + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("errcode", "words"),
    [
        (41054, "还没激活"),
        (40098, "实名认证"),
        (41045, "上限"),
        (48002, "客户联系"),
        (41042, "E-41042"),
    ],
)
def test_a_refusal_stands_on_the_row_in_words(beat: Beat, errcode: int, words: str) -> None:
    way = wanting.for_officer(beat.officer, by=None, at=beat.now())
    beat.simulator.admin("faults", api=ADD, errcode=errcode, kind="errcode", times=1)

    beat.tell()

    way.refresh_from_db()
    assert words in troubles.words(way)
    assert (way.config_id, way.asked_at) == ("", None)


def test_what_a_member_can_put_right_is_asked_again_at_night(beat: Beat) -> None:
    wanting.for_officer(beat.officer, by=None, at=beat.now())
    beat.simulator.admin("faults", api=ADD, errcode=41054, kind="errcode", times=1)
    beat.tell()

    assert keeping.retry_refused(beat.county.pk, at=beat.now()) == 1
    assert beat.tell() == 1
    assert troubles.words(ContactWay.objects.get()) == ""


def test_wanting_a_refused_code_asks_again_at_once(beat: Beat) -> None:
    wanting.for_officer(beat.officer, by=None, at=beat.now())
    beat.simulator.admin("faults", api=ADD, errcode=41045, kind="errcode", times=1)
    beat.tell()

    wanting.for_officer(beat.officer, by=None, at=beat.now())
    assert beat.tell() == 1
    assert len(beat.there()) == 1


def test_a_code_deleted_behind_our_back_is_made_anew(beat: Beat) -> None:
    way = wanting.for_beat(beat.beat, by=None, at=beat.now())
    beat.tell()
    way.refresh_from_db()
    beat.wecom.contact_ways.delete(way.config_id)
    beat.deputy()

    keeping.keep(beat.county.pk, at=beat.now())
    beat.tell()
    beat.tell()

    (made,) = beat.there()
    assert (made.state, made.user) == (way.state, ("p1", "p2"))


def test_a_code_taken_down_before_its_answer_came_is_found_and_deleted(beat: Beat) -> None:
    way = wanting.for_officer(beat.officer, by=None, at=beat.now())
    beat.fault("arrived_no_reply")
    beat.tell()

    wanting.end(way, by=beat.officer, at=beat.now())
    assert beat.tell() == 0  # the list may not show it yet
    assert beat.calls(LIST) == 0
    beat.later(11)

    assert beat.there() == []


def test_a_household_s_code_is_for_the_officer_at_the_door(beat: Beat) -> None:
    way = beat.household_code()
    beat.tell()

    (made,) = beat.there()
    assert (made.user, made.remark) == (("p1",), "桃李村 阳p1")  # where, and whose; no address
    assert way.household is not None


def test_a_household_s_code_ends_after_thirty_days_but_still_says_where_from(beat: Beat) -> None:
    way = beat.household_code()
    beat.tell()
    beat.simulator.advance(31 * 86_400)

    keeping.keep(beat.county.pk, at=beat.now())
    beat.tell()

    assert beat.there() == []
    assert ContactWay.objects.get(state=way.state).household == way.household


def test_who_refused_at_the_door_is_shown_no_code(beat: Beat) -> None:
    way = beat.household_code()
    assert way.household is not None
    DoorVisit.objects.create(
        county=beat.county, household=way.household, officer=beat.officer, outcome="refused",
        at=beat.now(), recorded_at=beat.now(), phone_key="7f3b1f0e-0000-4000-8000-000000000001",
    )  # fmt: skip

    scope = scope_of(beat.officer, at=beat.now())
    with pytest.raises(wanting.LeftInPeace, match="请不要再问"):
        wanting.for_household(way.household, beat.officer, scope=scope, at=beat.now())


def test_nobody_is_led_to_who_cannot_be_added(beat: Beat) -> None:
    clerk = make_officer(beat.county, "clerk", station=beat.beat.station)

    with pytest.raises(wanting.NobodyToAdd):
        wanting.for_officer(clerk, by=clerk, at=beat.now())
    with pytest.raises(wanting.NobodyToAdd):
        wanting.for_beat(beat_of(beat.county, "小沙江镇", "红星村"), by=None, at=beat.now())


def test_a_picture_that_cannot_be_had_comes_later(beat: Beat, simulator: Simulator) -> None:
    way = wanting.for_officer(beat.officer, by=None, at=beat.now())
    ContactWay.objects.update(config_id="gone", member_userids=["p1"], qr_code="http://x.qpic.cn/0")

    beat.tell()
    way.refresh_from_db()
    assert "图片还没取到" in troubles.words(way)


def test_where_pictures_cannot_be_had_codes_are_made_all_the_same(
    beat: Beat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(url: str) -> bytes:
        raise errors.Unavailable(pictures.API, errmsg="no route")

    monkeypatch.setattr(beat.wecom.pictures, "fetch", unreachable)
    wanting.for_officer(beat.officer, by=None, at=beat.now())
    wanting.for_beat(beat.beat, by=None, at=beat.now())
    beat.tell()
    assert len(beat.there()) == 2

    monkeypatch.undo()
    beat.later(2)
    assert all(way.picture for way in ContactWay.objects.all())
    assert beat.calls() == 2


def test_the_doctor_s_cure_makes_wecom_s_codes_those_of_our_rows(beat: Beat) -> None:
    mine = wanting.for_officer(beat.officer, by=None, at=beat.now())
    village = wanting.for_beat(beat.beat, by=None, at=beat.now())
    beat.tell()
    for way in (mine, village):
        way.refresh_from_db()
    beat.wecom.contact_ways.delete(mine.config_id)
    beat.wecom.contact_ways.update(village.config_id, user=["p2"])
    beat.wecom.contact_ways.add(user=["p1"], state="w" + "2" * 16)
    foreign = beat.wecom.contact_ways.add(user=["p1"], state="of another program")
    assert sum(map(len, comparing.compare(beat.county.pk, wecom=beat.wecom))) == 3

    assert comparing.repair(beat.county.pk, wecom=beat.wecom, at=beat.now()) == 3
    beat.tell()

    assert sum(map(len, comparing.compare(beat.county.pk, wecom=beat.wecom))) == 0
    there = {made.state: made.user for made in beat.there()}
    assert there[mine.state] == there[village.state] == ("p1",)
    assert foreign.config_id in {made.config_id for made in beat.there()}


def test_the_command_makes_all_codes_of_the_county(
    beat: Beat, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat.deputy()
    monkeypatch.setattr(env.environment(), "county", beat.county.code)

    said = CliRunner().invoke(ways, ["make", "--now"], catch_exceptions=False)
    assert "New: 3" in said.output
    assert "Settled with WeCom: 3" in said.output

    assert sorted(made.user for made in beat.there()) == [("p1",), ("p1", "p2"), ("p2",)]
    listed = CliRunner().invoke(ways, ["list"], catch_exceptions=False).output
    assert listed.count("ready") == 3
    assert leading.live(beat.county.pk).count() == 3


def test_a_household_s_code_is_of_the_beat_it_lies_in_whoever_shows_it(beat: Beat) -> None:
    other = beat_of(beat.county, "小沙江镇", "红星村")
    appointing.post(beat.officer, beat=other, by=None, at=beat.now())  # serves two beats now

    assert beat.household_code().beat == beat.beat


def test_a_refused_change_is_asked_again_at_night_and_not_every_few_minutes(beat: Beat) -> None:
    way = wanting.for_beat(beat.beat, by=None, at=beat.now())
    beat.tell()
    beat.deputy()
    beat.simulator.admin("faults", api=UPDATE, kind="errcode", errcode=41054, times=99)
    assert keeping.keep(beat.county.pk, at=beat.now()) == 1
    beat.tell()
    way.refresh_from_db()
    assert way.refused_because == "41054"
    assert keeping.keep(beat.county.pk, at=beat.now()) == 0
    assert keeping.retry_refused(beat.county.pk, at=beat.now()) == 1
