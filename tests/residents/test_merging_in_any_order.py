"""Merges, splits and undoings in any order: nothing is lost, nothing is doubled."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.builders import give_tag, make_contact, make_tag
from tests.residents.everything import everything, ids
from tests.residents.test_uniting import Ward
from weijing.core.errors import DomainError
from weijing.residents import consent
from weijing.residents.merges import merging, splitting
from weijing.residents.models import (
    ConsentRecord,
    Favourite,
    IdentitySharer,
    MergeRecord,
    Representative,
    Resident,
    WechatIdentity,
)
from weijing.tags.models import TagAssignment

NUMBERS = st.integers(min_value=0, max_value=10**6)
# Without shrinking: replaying an example against a database takes minutes and says no more.
STEPS = settings(
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    max_examples=12,
    stateful_step_count=14,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


class Book(RuleBasedStateMachine):
    """A few records that share much, and officers who change their minds."""

    ward: Ward

    @initialize()
    def fill(self) -> None:
        self.now = self.ward.at
        self.people = [self.ward.person(f"罗样{n}", consents=("contact",)) for n in "甲乙丙"]
        self.people += [self.ward.stranger(f"网名{n}") for n in range(2)]
        self.tags = list(self.ward.tags)
        for number, person in enumerate(self.people):
            make_contact(self.ward.officer, person)
            give_tag(person, self.tags[number % 2])
            Favourite.objects.create(
                county=self.ward.county, officer=self.ward.officer, resident=person, at=self.now
            )
            Representative.objects.create(
                county=self.ward.county, resident=person, kind="proxy", started_at=self.now,
                person=self.people[(number + 1) % len(self.people)],
            )  # fmt: skip
        account = self.people[0].identities.get()
        IdentitySharer.objects.create(
            county=self.ward.county, identity=account, resident=self.people[1],
            recorded_at=self.now,
        )  # fmt: skip
        self.accounts = WechatIdentity.objects.count()
        self.words = ConsentRecord.objects.count()
        # What stood before each merge in force, to compare when nothing came between.
        self.before: dict[int, tuple[object, int]] = {}
        self.changes = 0

    def later(self) -> object:
        self.now += timedelta(minutes=7)
        return self.now

    def live(self) -> list[Resident]:
        rows = Resident.objects.filter(county=self.ward.county)
        return [row for row in rows.order_by("pk") if row.lifecycle != "duplicate"]

    @rule(first=NUMBERS, second=NUMBERS, take=st.sets(st.sampled_from(["name", "home", "phone"])))
    def unite(self, first: int, second: int, take: set[str]) -> None:
        live = self.live()
        kept, gone = live[first % len(live)], live[second % len(live)]
        if kept.pk == gone.pk:
            return
        before = everything(self.ward.county.pk)
        self.changes += 1
        record = self.ward.unite(kept, gone, take=take, at=self.later())
        self.before[record.pk] = (before, self.changes)

    @rule(stranger=NUMBERS, known=NUMBERS)
    def link(self, stranger: int, known: int) -> None:
        """The way of the machine, for many at once."""
        strangers = [row for row in self.live() if row.lifecycle == "provisional"]
        roll = [row for row in self.live() if row.lifecycle == "roll"]
        if strangers and roll:
            self.changes += 1
            pair = merging.Pair(strangers[stranger % len(strangers)].pk, roll[known % len(roll)].pk)
            merging.merge(self.ward.county.pk, [pair], by=None, at=self.later())

    @rule(number=NUMBERS, same_home=st.booleans())
    def split(self, number: int, same_home: bool) -> None:
        live = self.live()
        person = live[number % len(live)]
        accounts = list(person.identities.order_by("pk").values_list("pk", flat=True))
        if len(accounts) < 2:
            return
        self.changes += 1
        part = splitting.Part("刘小明", {splitting.IDENTITIES: accounts[:1]}, (), same_home)
        splitting.split(person, part, by=self.ward.chief, scope=self.ward.scope, at=self.later())

    @rule(number=NUMBERS)
    def tag(self, number: int) -> None:
        live = self.live()
        person = live[number % len(live)]
        if not person.tag_assignments.filter(tag=self.tags[2]).exists():
            self.changes += 1
            give_tag(person, self.tags[2])

    @rule(number=NUMBERS, given=st.booleans())
    def speak(self, number: int, given: bool) -> None:
        live = self.live()
        person = live[number % len(live)]
        self.changes += 1
        speak = consent.give if given else consent.withdraw
        speak(person, ["publicity"], by=None, at=self.later())

    @precondition(lambda self: MergeRecord.objects.filter(undone_at=None).exists())
    @rule(number=NUMBERS, latest=st.booleans())
    def undo(self, number: int, latest: bool) -> None:
        in_force = list(MergeRecord.objects.filter(undone_at=None).order_by("-pk"))
        record = in_force[0] if latest else in_force[number % len(in_force)]
        here = everything(self.ward.county.pk)
        try:
            with transaction.atomic():
                self.ward.undo(record, at=self.later())
        except DomainError:
            assert everything(self.ward.county.pk) == here, "a refusal changes nothing"
            return
        before, changes = self.before.get(record.pk, (None, -1))
        if changes == self.changes:
            assert everything(self.ward.county.pk) == before, "undone at once, to the byte"
        self.changes += 1

    @invariant()
    def nothing_is_lost_and_nothing_is_doubled(self) -> None:
        if not hasattr(self, "accounts"):
            return
        assert WechatIdentity.objects.count() == self.accounts
        duplicates = set(
            Resident.objects.filter(lifecycle="duplicate").values_list("pk", flat=True)
        )
        for model in (WechatIdentity, ConsentRecord, TagAssignment, Favourite, IdentitySharer):
            held = set(model.objects.values_list("resident_id", flat=True))
            assert not held & duplicates, f"{model.__name__} hangs on a record that is no more"
        for person in self.live():
            said = list(ConsentRecord.objects.filter(resident=person))
            assert set(person.consents) == set(merging.words_in_force(said))
        assert ConsentRecord.objects.count() >= self.words
        assert Resident.objects.filter(lifecycle="duplicate", consents__len__gt=0).count() == 0
        # Who is absorbed is so by one merge in force, or by a split that was undone.
        for pk in duplicates:
            merged = MergeRecord.objects.filter(absorbed=pk, kind="merge", undone_at=None).count()
            rejoined = MergeRecord.objects.filter(
                survivor=pk, kind="split", undone_at__isnull=False
            ).count()
            assert merged + rejoined == 1

    def teardown(self) -> None:
        """Whatever happened: everything can be undone, the latest first, and all is there."""
        if not hasattr(self, "accounts"):
            return
        for record in MergeRecord.objects.filter(undone_at=None).order_by("-pk"):
            self.ward.undo(record, at=self.later())
        self.nothing_is_lost_and_nothing_is_doubled()
        assert {person.pk for person in self.people} <= {person.pk for person in self.live()}
        for person in self.people:
            assert person.identities.count() == 1
            assert Favourite.objects.filter(resident=person).count() == 1
        assert ids(everything(self.ward.county.pk))["residents_representative"]


@pytest.fixture
def machine(county: object, at: object) -> Iterator[type[Book]]:
    """Every example begins with the county alone."""
    ward = Ward(county, at)
    ward.tags = [make_tag(ward.county, f"TRF0100{n}", f"标签{n}") for n in range(3)]

    class InASavepoint(Book):
        def __init__(self) -> None:
            self.ward = ward
            self.point = transaction.savepoint()
            super().__init__()

        def teardown(self) -> None:
            try:
                super().teardown()
            finally:
                transaction.savepoint_rollback(self.point)

    yield InASavepoint


def test_merges_splits_and_undoings_in_any_order(machine: type[Book]) -> None:
    run_state_machine_as_test(machine, settings=STEPS)
