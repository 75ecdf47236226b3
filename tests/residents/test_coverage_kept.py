"""Kept coverage figures are exact: at once, whoever changes what, and whatever is rolled back."""

import random
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.builders import (
    beat_of,
    division,
    make_contact,
    make_county,
    make_household,
    make_officer,
    make_resident,
)
from tests.residents.recount import recount
from wecom_api.customers import ExternalContact, Follower
from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope
from weijing.core.clock import local_day
from weijing.residents.figures import keeping, touching
from weijing.residents.figures.counting import COUNTED
from weijing.residents.figures.places import subtree
from weijing.residents.merges import merging
from weijing.residents.mirror import contacts
from weijing.residents.models import (
    Contact,
    CoverageFigure,
    CoverageTouched,
    DoorVisit,
    Household,
    IdentitySharer,
    Representative,
    Resident,
)
from weijing.territory.models import County, Division

BEGAN = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())


def read(county: County, on: date) -> dict[str, tuple[int, ...]]:
    """What every page reads, by division code."""
    scope = Scope(county.pk, 0, frozenset({"campaign_author"}), True, (), (), ())
    tree = subtree(division(county), scope=scope, on=on)
    rows = zip(tree.ids.tolist(), tree.totals(tree.los, tree.his).tolist(), strict=True)
    codes = dict(Division.objects.filter(county=county).values_list("pk", "code"))
    return {codes[id]: tuple(numbers) for id, numbers in rows}


@pytest.fixture
def officer(county: County) -> Officer:
    return make_officer(
        county, "yang", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村")
    )


@pytest.fixture
def person(county: County, officer: Officer) -> Resident:
    """In a household of 1组, nobody linked; everything counted and kept."""
    group = division(county, "小沙江镇", "桃李村", "1组")
    return make_resident(group, household=make_household(group, "1"), phone="15400001234")


@pytest.fixture
def kept(county: County, person: Resident, at: datetime) -> None:
    keeping.fold(county.pk, at=at)


def visit(household: Household, officer: Officer, outcome: str, at: datetime) -> None:
    DoorVisit.objects.create(
        county_id=household.county_id, household=household, officer=officer, outcome=outcome,
        at=at, recorded_at=at, phone_key=uuid.uuid4(),
    )  # fmt: skip
    touching.touch_households(household.county_id, [household.pk])


def numbers(county: County, on: date, *names: str) -> list[int]:
    return [read(county, on)[county.code][COUNTED.index(name)] for name in names]


def seen(officer: Officer, userid: str, *, mobiles: tuple[str, ...] = ()) -> contacts.Seen:
    return contacts.Seen(
        officer.pk,
        ExternalContact(external_userid=userid, name="微信名", type=1),
        Follower(userid=officer.wecom_userid, createtime=BEGAN, remark_mobiles=list(mobiles)),
    )


def test_what_is_kept_is_read_without_looking_at_a_resident(
    county: County, kept: None, at: datetime
) -> None:
    assert CoverageFigure.objects.count() == 15  # every place, the empty ones too
    with CaptureQueriesContext(
        connection,
    ) as queries:
        read(county, local_day(at))
    assert not any("residents_resident" in query["sql"] for query in queries)


def test_before_the_first_count_the_rows_are_counted(
    county: County, person: Resident, at: datetime
) -> None:
    assert read(county, local_day(at)) == recount(county, local_day(at))


def test_a_change_is_seen_at_once_and_after_the_fold_alike(
    county: County, kept: None, officer: Officer, person: Resident, at: datetime
) -> None:
    contacts.record_contacts(county.pk, [seen(officer, "wmA", mobiles=("15400001234",))], at=at)
    expected = [1, 1]
    assert numbers(county, local_day(at), "households_linked", "linked") == expected
    assert keeping.fold(county.pk, at=at).places == 1
    assert not CoverageTouched.objects.exists()
    assert numbers(county, local_day(at), "households_linked", "linked") == expected
    contacts.end_contact(county.pk, officer.pk, "wmA", by_resident=True, at=at)
    assert numbers(county, local_day(at), "households_linked", "linked") == [0, 0]


def test_pairs_that_a_full_reading_missed_are_counted_out(
    county: County, officer: Officer, person: Resident, at: datetime
) -> None:
    make_contact(officer, person)
    keeping.fold(county.pk, at=at)
    contacts.end_unseen(county.pk, [officer.pk], read_from=at, at=at)
    assert numbers(county, local_day(at), "linked") == [0]


def test_a_stranger_found_on_the_roll_is_counted_in(
    county: County, kept: None, officer: Officer, person: Resident, at: datetime
) -> None:
    stranger = make_resident(None, county=county, lifecycle="provisional")
    make_contact(officer, stranger)
    merging.merge(county.pk, [merging.Pair(stranger.pk, person.pk)], by=officer, at=at)
    assert numbers(county, local_day(at), "households_linked", "linked") == [1, 1]


def test_a_shared_account_reaches_both_and_a_proxy_makes_reachable(
    county: County, officer: Officer, person: Resident, at: datetime
) -> None:
    spouse = make_resident(person.division, household=person.household)
    mother = make_resident(division(county, "金石桥镇", "桃李村", "1组"))
    keeping.fold(county.pk, at=at)
    contact = make_contact(officer, person)
    IdentitySharer.objects.create(
        county=county, identity=contact.identity, resident=spouse, recorded_at=at
    )
    Representative.objects.create(
        county=county, resident=mother, person=spouse, kind="proxy", started_at=at
    )
    touching.touch_contacts(county.pk, [contact.pk])
    assert numbers(county, local_day(at), "linked", "reachable") == [2, 3]
    assert read(county, local_day(at)) == recount(county, local_day(at))


def test_a_household_is_in_one_state_and_a_refusal_lapses_by_itself(
    county: County, officer: Officer, person: Resident, at: datetime
) -> None:
    states = ("households_refused", "households_away", "households_unreachable")
    home = person.household
    assert home is not None
    visit(home, officer, "refused", at)
    visit(home, officer, "away", at + timedelta(hours=1))
    keeping.fold(county.pk, at=at)
    today = local_day(at)
    assert numbers(county, today, *states) == [1, 0, 0]
    assert numbers(county, today + timedelta(days=179), *states) == [1, 0, 0]
    assert numbers(county, today + timedelta(days=180), *states) == [0, 1, 0]
    assert keeping.fold(county.pk, at=at + timedelta(days=180)).places == 1
    assert keeping.fold(county.pk, at=at + timedelta(days=181)).places == 0


def test_an_eighteenth_birthday_counts_without_anybody_writing(
    county: County, officer: Officer, person: Resident, at: datetime
) -> None:
    person.born_on = date(2008, 12, 1)
    person.save()
    make_contact(officer, person)
    keeping.fold(county.pk, at=at)
    for day, linked in ((date(2026, 11, 30), 0), (date(2026, 12, 1), 1)):
        assert numbers(county, day, "households_linked") == [linked]
    later = datetime(2026, 12, 1, 2, tzinfo=UTC)
    assert keeping.fold(county.pk, at=later).places == 1
    assert keeping.wrong_figures(county.pk, at=later) == []


def test_a_figure_that_nobody_touched_and_is_wrong_is_found(
    county: County, kept: None, officer: Officer, person: Resident, at: datetime
) -> None:
    assert keeping.wrong_figures(county.pk, at=at) == []
    make_contact(officer, person)  # behind everybody's back
    assert keeping.wrong_figures(county.pk, at=at) == [person.division_id]


def test_a_new_place_counts_before_anybody_has_counted_it(
    county: County, kept: None, at: datetime
) -> None:
    place = division(county, "金石桥镇", "桃李村", "1组")
    CoverageFigure.objects.filter(division=place).delete()
    make_resident(place, household=make_household(place, "7"))
    assert read(county, local_day(at)) == recount(county, local_day(at))


def test_another_countys_changes_count_there_only(
    county: County, kept: None, officer: Officer, person: Resident, at: datetime
) -> None:
    other = make_county("431302")
    place = division(other, "小沙江镇", "桃李村", "1组")
    make_resident(place, household=make_household(place, "1"))
    touching.touch(other.pk, [place.pk])
    assert keeping.counties_to_fold(at=at) == [other.pk]
    keeping.fold(other.pk, at=at)
    for one in (county, other):
        assert read(one, local_day(at)) == recount(one, local_day(at))


class Elsewhere:
    """A connection of its own, in a thread of its own; a failure there fails the test."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.error: BaseException | None = None
        self.work = work
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.work()
        except BaseException as error:
            self.error = error
        finally:
            connection.close()

    def join(self) -> None:
        self.thread.join(timeout=120)
        assert not self.thread.is_alive()
        if self.error is not None:
            raise self.error


@pytest.mark.django_db(transaction=True)
def test_a_change_that_commits_during_a_fold_is_not_forgotten(at: datetime) -> None:
    county = make_county()
    officer = make_officer(county, "yang", beat=beat_of(county, "小沙江镇", "桃李村"))
    group = division(county, "小沙江镇", "桃李村", "1组")
    person = make_resident(group, household=make_household(group, "1"))
    keeping.fold(county.pk, at=at)
    written, counted = threading.Event(), threading.Event()

    def change() -> None:
        with transaction.atomic():
            contact = make_contact(officer, person)
            touching.touch_contacts(county.pk, [contact.pk])
            written.set()
            assert counted.wait(30)

    elsewhere = Elsewhere(change)
    assert written.wait(30)
    touching.touch(county.pk, [group.pk])  # something else, so that the fold counts this place
    assert keeping.fold(county.pk, at=at).touches == 1
    counted.set()
    elsewhere.join()
    assert CoverageTouched.objects.count() == 1
    assert numbers(county, local_day(at), "linked") == [1]


CHANGES_EACH = 120
WRITERS = 3


class Changes:
    """Random changes to one county, each with its touch, about a third rolled back."""

    def __init__(self, county: County, officers: list[Officer], seed: int, at: datetime) -> None:
        self.county, self.officers, self.at = county, officers, at
        self.random = random.Random(seed)
        self.groups = list(division(county).__class__.objects.filter(county=county, level="group"))

    def run(self) -> None:
        for _ in range(CHANGES_EACH):
            sort = self.random.choice(
                [self.add, self.add, self.end, self.move, self.knock, self.go]
            )
            try:
                with transaction.atomic():
                    sort()
                    if self.random.random() < 0.33:
                        raise _TakenBack
            except _TakenBack:
                pass

    def add(self) -> None:
        person = self._person()
        officer = self.random.choice(self.officers)
        contact, _ = Contact.objects.get_or_create(
            county=self.county, officer=officer, identity=person.identities.get(),
            defaults={"added_at": self.at, "seen_at": self.at},
        )  # fmt: skip
        Contact.objects.filter(pk=contact.pk).update(state="linked", ended_at=None)
        touching.touch_contacts(self.county.pk, [contact.pk])

    def end(self) -> None:
        officer = self.random.choice(self.officers)
        userid = f"wm{self._person().pk}"
        contacts.end_contact(
            self.county.pk, officer.pk, userid, by_resident=self.random.random() < 0.5, at=self.at
        )

    def move(self) -> None:
        home = self._home()
        locked = Household.objects.select_for_update().get(pk=home.pk)
        touching.touch_households(self.county.pk, [home.pk])
        place = self.random.choice(self.groups)
        Household.objects.filter(pk=locked.pk).update(division=place)
        Resident.objects.filter(household=locked).update(division=place)
        touching.touch(self.county.pk, [place.pk])

    def knock(self) -> None:
        outcomes = ["refused", "absent", "away", "no_phone", "added"]
        when = self.at - timedelta(days=self.random.randrange(300))
        visit(self._home(), self.officers[0], self.random.choice(outcomes), when)

    def go(self) -> None:
        person = self._person()
        lifecycle = self.random.choice(["roll", "moved", "deceased"])
        Resident.objects.filter(pk=person.pk).update(lifecycle=lifecycle)
        touching.touch_residents(self.county.pk, [person.pk])

    def _person(self) -> Resident:
        people = Resident.objects.filter(county=self.county).order_by("pk")
        return people[self.random.randrange(people.count())]

    def _home(self) -> Household:
        homes = Household.objects.filter(county=self.county).order_by("pk")
        return homes[self.random.randrange(homes.count())]


class _TakenBack(Exception):
    pass


@pytest.mark.django_db(transaction=True)
def test_hundreds_of_changes_at_once_never_make_a_figure_wrong(at: datetime) -> None:
    county, on = make_county(), local_day(at)
    officers = [make_officer(county, f"o{n}") for n in range(3)]
    for place in division(county).__class__.objects.filter(county=county, level="group"):
        for n in range(3):
            home = make_household(place, str(n))
            for _ in range(2):
                make_contact(officers[0], make_resident(place, household=home), state="half")
    writers = [Elsewhere(Changes(county, officers, seed, at).run) for seed in range(WRITERS)]
    stop = threading.Event()

    def fold_all_the_time() -> None:
        while not stop.is_set():
            keeping.fold(county.pk, at=at)

    folders = [Elsewhere(fold_all_the_time) for _ in range(2)]
    compared = 0
    try:
        while any(writer.thread.is_alive() for writer in writers):
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                assert read(county, on) == recount(county, on)
            compared += 1
    finally:
        stop.set()
        for each in (*writers, *folders):
            each.join()
    assert compared >= 5
    keeping.fold(county.pk, at=at)
    assert not CoverageTouched.objects.exists()
    assert read(county, on) == recount(county, on)
    assert keeping.wrong_figures(county.pk, at=at) == []
