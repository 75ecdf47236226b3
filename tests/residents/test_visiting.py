"""A door visit is a fact: noted once, in any order, by whoever answers for the door."""

import threading
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import permutations
from uuid import UUID, uuid4

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.builders import (
    beat_of,
    division,
    make_contact,
    make_household,
    make_officer,
    make_resident,
)
from weijing.accounts.models import Officer, Posting, Role
from weijing.accounts.scope import Scope, scope_of
from weijing.audit.models import AuditEntry
from weijing.core.clock import local_day
from weijing.core.errors import PermissionDenied
from weijing.residents.adding import doors, putting_right, refusals, visiting, walked, walking
from weijing.residents.figures import coverage
from weijing.residents.models import DoorVisit, DoorVisitCorrection, Household
from weijing.residents.record import homes
from weijing.territory.models import County, Division, Station


@dataclass
class Walker:
    """An officer on foot, and what the phone says for them."""

    officer: Officer
    scope: Scope
    at: datetime

    def visit(self, home: Household, outcome: str, **changes: object) -> visiting.Recorded:
        given: dict[str, object] = {
            "visited_at": self.at, "seen_at": self.at - timedelta(hours=1), "phone_key": uuid4(),
            "by": self.officer, "scope": self.scope, "at": self.at, **changes,
        }  # fmt: skip
        return visiting.record(home, outcome, **given)  # type: ignore[arg-type]

    def correct(self, visit: DoorVisit, outcome: str, **changes: object) -> DoorVisit:
        given: dict[str, object] = {
            "by": self.officer, "scope": self.scope, "at": self.at, **changes,
        }  # fmt: skip
        return putting_right.correct(visit, outcome, **given)  # type: ignore[arg-type]


def walker(
    county: County, username: str, village: str, at: datetime, kind: str = "primary"
) -> Walker:
    officer = make_officer(county, username, Role.VILLAGE_AUXILIARY)
    Posting.objects.create(
        county=county, officer=officer, kind=kind, beat=beat_of(county, "小沙江镇", village),
        starts_at=at - timedelta(days=30),
    )  # fmt: skip
    return Walker(officer, scope_of(officer, at=at), at)


@pytest.fixture
def yang(county: County, at: datetime) -> Walker:
    return walker(county, "yang", "桃李村", at)


@pytest.fixture
def colleague(county: County, at: datetime) -> Walker:
    """Answers for the same village."""
    return walker(county, "zhou", "桃李村", at, "deputy")


@pytest.fixture
def group(county: County) -> Division:
    return division(county, "小沙江镇", "桃李村", "1组")


@pytest.fixture
def home(group: Division) -> Household:
    household = make_household(group, "17")
    make_resident(group, household=household)
    return household


def state_of(home: Household, scope: Scope, at: datetime) -> str:
    rows = coverage.of_households(home.division, scope=scope, on=local_day(at))
    return next(row.state for row in rows if row.id == home.pk)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("added", "open"),  # until WeCom tells us of the contact, and somebody names it
        ("absent", "open"),
        ("refused", "refused"),
        ("no_phone", "unreachable"),
        ("no_wechat", "unreachable"),
        ("away", "away"),
        ("moved", "open"),
        ("vacant", "open"),
    ],
)
def test_coverage_says_why_a_household_is_not_reached(
    yang: Walker, home: Household, at: datetime, outcome: str, state: str
) -> None:
    assert yang.visit(home, outcome).is_new
    assert state_of(home, yang.scope, at) == state
    kept = coverage.of_division(home.division, scope=yang.scope, on=local_day(at))
    assert kept is not None
    assert kept.households_refused == (state == "refused")
    assert kept.households_away == (state == "away")
    assert kept.households_unreachable == (state == "unreachable")


def test_the_trail_has_ids_and_no_words(yang: Walker, home: Household) -> None:
    visit = yang.visit(home, "absent", note="  狗很凶，\n 从后门走 ").visit
    assert visit.note == "狗很凶， 从后门走"
    entry = AuditEntry.objects.get(action="door.visited")
    assert (entry.actor, entry.object_id) == (yang.officer, home.pk)
    assert entry.details == {"visit": visit.pk}


def test_a_visit_that_the_phone_sends_twice_is_one_visit(yang: Walker, home: Household) -> None:
    key = uuid4()
    first = yang.visit(home, "absent", phone_key=key)
    again = yang.visit(home, "refused", phone_key=key, at=yang.at + timedelta(hours=2))
    assert (first.is_new, again.is_new) == (True, False)
    assert again.visit == first.visit
    assert DoorVisit.objects.get().outcome == "absent"
    assert AuditEntry.objects.filter(action="door.visited").count() == 1


def test_the_key_of_another_visit_is_not_taken_for_this_one(
    yang: Walker, colleague: Walker, home: Household, group: Division
) -> None:
    key = uuid4()
    yang.visit(home, "absent", phone_key=key)
    with pytest.raises(visiting.KeyTaken):
        yang.visit(make_household(group, "18"), "absent", phone_key=key)
    with pytest.raises(visiting.KeyTaken):
        colleague.visit(home, "absent", phone_key=key)
    assert DoorVisit.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_visit_sent_by_two_windows_at_once_is_one_visit(yang: Walker, home: Household) -> None:
    key, answers = uuid4(), []

    def send() -> None:
        answers.append(yang.visit(home, "absent", phone_key=key).is_new)
        connection.close()

    windows = [threading.Thread(target=send) for _ in range(4)]
    for window in windows:
        window.start()
    for window in windows:
        window.join()
    assert sorted(answers) == [False, False, False, True]
    assert DoorVisit.objects.count() == 1


def test_any_order_of_arrival_ends_the_same(
    yang: Walker, colleague: Walker, group: Division, at: datetime
) -> None:
    """Every order of four visits by two officers, some sent twice, at a door of its own."""
    queue = [
        (yang, "refused", 5, UUID(int=1)), (colleague, "absent", 4, UUID(int=2)),
        (yang, "away", 3, UUID(int=3)), (colleague, "no_phone", 1, UUID(int=4)),
    ]  # fmt: skip
    ends = set()
    for number, order in enumerate(permutations(queue)):
        home = make_household(group, str(number + 1))
        make_resident(group, household=home)
        for who, outcome, hours_ago, key in [*order, order[0], order[-1]]:
            who.visit(
                home, outcome, visited_at=at - timedelta(hours=hours_ago),
                seen_at=at - timedelta(hours=6), phone_key=UUID(int=key.int << 64 | home.pk),
            )  # fmt: skip
        ends.add((
            state_of(home, yang.scope, at),
            refusals.may_knock(home, at=at).until,
            DoorVisit.objects.filter(household=home).count(),
            doors.look(home.county_id, [home.pk], since=doors.midnight(at), at=at)[0].outcome,
        ))  # fmt: skip
    assert ends == {("refused", date(2027, 5, 23), 4, "no_phone")}


@settings(
    max_examples=25, deadline=None, database=None, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(data=st.data())
def test_a_shuffled_and_doubled_queue_leaves_what_an_orderly_one_leaves(
    data: st.DataObject, yang: Walker, colleague: Walker, group: Division, at: datetime
) -> None:
    visit = st.tuples(
        st.sampled_from([yang, colleague]), st.sampled_from(DoorVisit.Outcome.values),
        st.integers(0, 6 * 24 * 60),
    )  # fmt: skip
    orderly = data.draw(st.lists(visit, min_size=1, max_size=6, unique_by=lambda one: one[2]))
    doubled = data.draw(st.permutations(orderly + orderly[: len(orderly) // 2]))
    ends = []
    for queue in (orderly, doubled):
        home = make_household(group, uuid4().hex[:12])
        make_resident(group, household=home)
        for who, outcome, minutes_ago in queue:
            who.visit(
                home, outcome, visited_at=at - timedelta(minutes=minutes_ago),
                seen_at=at - timedelta(days=7), phone_key=UUID(int=home.pk << 64 | minutes_ago),
            )  # fmt: skip
        found = DoorVisit.objects.filter(household=home).order_by("at")
        ends.append((
            list(found.values_list("officer_id", "outcome", "at")),
            state_of(home, yang.scope, at),
            refusals.may_knock(home, at=at).until,
        ))  # fmt: skip
    assert ends[0] == ends[1]


def test_who_knew_of_the_refusal_does_not_knock_for_180_days(
    yang: Walker, colleague: Walker, home: Household, at: datetime
) -> None:
    colleague.visit(home, "refused")
    later = at + timedelta(days=10)
    with pytest.raises(visiting.LeftInPeace, match="2027 年 5 月 23 日以前请不要再问"):
        yang.visit(home, "absent", visited_at=later, seen_at=later, at=later)
    for outcome in visiting.WITHOUT_ASKING:
        assert yang.visit(home, outcome, visited_at=later, seen_at=later, at=later).is_new


def test_after_180_days_the_door_may_be_asked_again(
    yang: Walker, home: Household, at: datetime
) -> None:
    yang.visit(home, "refused")
    much_later = at + timedelta(days=180)
    assert yang.visit(home, "absent", visited_at=much_later, seen_at=much_later, at=much_later)


def test_who_could_not_know_of_the_refusal_is_told_and_the_visit_kept(
    yang: Walker, colleague: Walker, home: Household, at: datetime
) -> None:
    colleague.visit(home, "refused", visited_at=at - timedelta(minutes=50))
    told = yang.visit(home, "absent").told
    assert "走访已记下。另一位民辅警" in told
    assert "2027 年 5 月 23 日以前请不要再问" in told
    assert colleague.officer.name not in told  # the phone keeps this sentence
    assert DoorVisit.objects.filter(household=home).count() == 2


def test_who_met_nobody_is_told_that_a_colleague_was_there(
    yang: Walker, colleague: Walker, home: Household, at: datetime
) -> None:
    colleague.visit(home, "away", visited_at=at - timedelta(minutes=50))
    told = yang.visit(home, "absent").told
    assert "11 月 24 日" in told
    assert "也走访过这户（在外务工），两次都记下了。" in told
    assert yang.visit(home, "absent", seen_at=at).told == ""  # on the page already


def test_a_clock_that_is_ahead_makes_no_visit_of_tomorrow(
    yang: Walker, home: Household, at: datetime
) -> None:
    assert yang.visit(home, "absent", visited_at=at + timedelta(days=1)).visit.at == at


def test_a_phone_that_kept_a_visit_too_long_is_told(
    yang: Walker, home: Household, at: datetime
) -> None:
    with pytest.raises(visiting.KeptTooLong, match="7 天以上"):
        yang.visit(home, "absent", visited_at=at - timedelta(days=8))
    assert yang.visit(home, "absent", visited_at=at - timedelta(days=6)).is_new


@pytest.mark.parametrize("outcome", ["", "linked", "ADDED", "x" * 40])
def test_what_is_no_finding_is_not_recorded(yang: Walker, home: Household, outcome: str) -> None:
    with pytest.raises(visiting.NoOutcome):
        yang.visit(home, outcome)


def test_only_who_answers_for_the_door_records_a_visit(
    county: County, yang: Walker, home: Household, at: datetime
) -> None:
    chief = make_officer(
        county, "chief", Role.STATION_COMMAND,
        station=Station.objects.get(county=county, name="小沙江派出所"),
    )  # fmt: skip
    for stranger in (
        walker(county, "hu", "红星村", at), Walker(chief, scope_of(chief, at=at), at),
    ):  # fmt: skip
        with pytest.raises(PermissionDenied):
            stranger.visit(home, "absent")
    visit = yang.visit(home, "absent").visit
    with pytest.raises(PermissionDenied):
        walker(county, "he", "红星村", at, "deputy").correct(visit, "refused")


def test_a_household_that_has_ended_is_said_to_have(
    yang: Walker, home: Household, at: datetime
) -> None:
    key = uuid4()
    yang.visit(home, "absent", phone_key=key)
    Household.objects.filter(pk=home.pk).update(ended_on=local_day(at))
    with pytest.raises(homes.HomeEnded, match="并入别的户或者销户"):
        yang.visit(home, "absent")
    assert not yang.visit(home, "absent", phone_key=key).is_new


def test_a_visit_resent_after_its_household_was_joined_into_another_is_still_one(
    yang: Walker, home: Household, group: Division, at: datetime
) -> None:
    key = uuid4()
    visit = yang.visit(home, "absent", phone_key=key).visit
    DoorVisit.objects.filter(pk=visit.pk).update(household=make_household(group, "18"))
    Household.objects.filter(pk=home.pk).update(ended_on=local_day(at))
    assert not yang.visit(home, "absent", phone_key=key).is_new


def test_the_recorder_puts_a_mistake_right_on_the_same_day_and_its_history_stays(
    yang: Walker, home: Household, at: datetime
) -> None:
    visit = yang.visit(home, "refused", note="说不加").visit
    assert not refusals.may_knock(home, at=at).given
    yang.correct(visit, "absent")
    assert refusals.may_knock(home, at=at).given
    assert state_of(home, yang.scope, at) == "open"
    before = DoorVisitCorrection.objects.get()
    assert (before.visit, before.outcome, before.note) == (visit, "refused", "说不加")
    assert AuditEntry.objects.filter(action="door.visit_corrected").count() == 1

    yang.correct(visit, "absent")  # nothing to change
    assert DoorVisitCorrection.objects.count() == 1


def test_a_corrected_visit_is_not_undone_by_the_phone_that_sends_it_again(
    yang: Walker, home: Household
) -> None:
    key = uuid4()
    visit = yang.visit(home, "refused", phone_key=key).visit
    yang.correct(visit, "absent")
    yang.visit(home, "refused", phone_key=key)
    assert DoorVisit.objects.get().outcome == "absent"


def test_the_next_day_or_another_officer_changes_nothing(
    yang: Walker, colleague: Walker, home: Household, at: datetime
) -> None:
    visit = yang.visit(home, "refused").visit
    with pytest.raises(PermissionDenied, match="别人登记的"):
        colleague.correct(visit, "absent")
    with pytest.raises(putting_right.DayIsOver):
        yang.correct(visit, "absent", at=at + timedelta(days=1))
    with pytest.raises(visiting.NoOutcome):
        yang.correct(visit, "nonsense")
    assert DoorVisit.objects.get().outcome == "refused"
    assert not DoorVisitCorrection.objects.exists()


def test_a_visit_is_what_is_done_on_the_list(
    county: County, yang: Walker, home: Household, at: datetime
) -> None:
    chief = make_officer(
        county, "chief", Role.STATION_COMMAND,
        station=Station.objects.get(county=county, name="小沙江派出所"),
    )  # fmt: skip
    ordered_at = at - timedelta(hours=3)
    (one,) = walking.hand_out(
        [home.division], due_on=local_day(at), stops_seen=1, by=chief,
        scope=scope_of(chief, at=at), at=ordered_at,
    )  # fmt: skip
    assert [door.is_done for door in doors.of_list(one, scope=yang.scope, at=at)] == [False]
    yang.visit(home, "absent", visited_at=at - timedelta(hours=4))  # before the list
    assert [door.is_done for door in doors.of_list(one, scope=yang.scope, at=at)] == [False]
    yang.visit(home, "absent", visited_at=at - timedelta(hours=2))
    (door,) = doors.of_list(one, scope=yang.scope, at=at)
    assert (door.is_done, door.reason) == (True, "家中无人")
    assert walked.close_walked(one.county_id, at=at, on=local_day(at)) == 1


def test_the_doors_of_a_group_come_as_one_walks_with_their_reasons(
    yang: Walker, group: Division, at: datetime
) -> None:
    ways = {"2": "away", "12": "refused", "12附1": "", "7": "absent"}
    for number, outcome in ways.items():
        home = make_household(group, number)
        make_resident(group, household=home)
        if outcome:
            yang.visit(home, outcome)
    linked = make_household(group, "1")
    make_contact(yang.officer, make_resident(group, household=linked))
    away = make_household(group, "3")
    make_resident(group, household=away, away_at="广东东莞")

    found = doors.of_place(group, scope=yang.scope, at=at)
    assert [(door.number, door.address, door.reason) for door in found] == [
        (1, "2号", "在外务工"), (2, "3号", "在外务工"), (3, "7号", "家中无人"),
        (4, "12号", "不愿意加"), (5, "12附1号", ""),
    ]  # fmt: skip
    assert [door.is_done for door in found] == [True, False, True, True, False]
    assert [door.in_peace_until for door in found] == [None, None, None, date(2027, 5, 23), None]
