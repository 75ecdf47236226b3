"""Two people at work on the same records in the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections, transaction

from tests.builders import make_contact
from tests.residents.everything import everything
from tests.residents.test_uniting import Ward
from weijing.core.errors import DomainError
from weijing.residents.merges import following, merging, rehanging
from weijing.residents.models import Favourite, MergeRecord, Resident
from weijing.residents.record import taking_turns

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ward(county, at):
    return Ward(county, at)


def together(*works: Callable[[], object]) -> list[object]:
    """Run all at the same moment; results, or the errors that were said."""
    ready = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        try:
            ready.wait(10)
            return work()
        except DomainError as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


def test_two_officers_merge_the_same_two_records_in_opposite_directions(ward):
    first, second = ward.person(), ward.person()
    make_contact(ward.officer, first), make_contact(ward.officer, second)
    results = together(lambda: ward.unite(first, second), lambda: ward.unite(second, first))
    refused = [one for one in results if isinstance(one, DomainError)]
    assert len(refused) == 1 and "没有合并" in str(refused[0])
    record = MergeRecord.objects.get()
    assert record.survivor.identities.count() == 2
    assert Resident.objects.filter(lifecycle="duplicate").get() == record.absorbed


def test_a_chain_of_merges_at_once_ends_in_one_person_or_a_refusal(ward):
    people = [ward.person(f"罗样{n}") for n in "甲乙丙"]
    for person in people:
        make_contact(ward.officer, person)
    together(lambda: ward.unite(people[0], people[1]), lambda: ward.unite(people[1], people[2]))
    following.follow_all(ward.county.pk, at=ward.at)
    alive = Resident.objects.exclude(lifecycle="duplicate")
    assert sum(person.identities.count() for person in alive) == 3
    assert alive.count() == 3 - MergeRecord.objects.count()


def test_a_merge_is_undone_by_one_of_two_who_try(ward):
    first, second = ward.person(), ward.person()
    before = everything(ward.county.pk)
    record = ward.unite(first, second)
    results = together(lambda: ward.undo(record), lambda: ward.undo(record))
    assert sum(isinstance(one, DomainError) for one in results) == 1
    assert everything(ward.county.pk) == before


def test_the_machine_links_a_stranger_whom_an_officer_merges_elsewhere(ward, at):
    stranger, mine, theirs = ward.stranger(), ward.person("罗一人"), ward.person("罗二人")
    make_contact(ward.officer, stranger)
    pair = merging.Pair(stranger.pk, theirs.pk)
    results = together(
        lambda: ward.unite(mine, stranger),
        lambda: merging.merge(ward.county.pk, [pair], by=None, at=at),
    )
    assert sum(isinstance(one, DomainError) for one in results) == 1
    assert MergeRecord.objects.count() == 1
    assert mine.identities.count() + theirs.identities.count() == 1


def test_who_holds_a_record_for_long_makes_others_wait_and_then_say_so(ward, monkeypatch):
    monkeypatch.setattr(taking_turns, "WAIT_SECONDS", 1)
    first, second = ward.person(), ward.person()
    with transaction.atomic():
        Resident.objects.select_for_update().get(pk=second.pk)
        [said] = together(lambda: ward.unite(first, second))
    assert isinstance(said, taking_turns.Busy) and "再点一次" in str(said)
    assert not MergeRecord.objects.exists()
    ward.unite(first, second)


def test_what_was_written_to_the_merged_record_meanwhile_follows_and_can_go_back(ward, at):
    kept, gone = ward.person(), ward.person()
    with transaction.atomic():
        late = Favourite.objects.create(
            county=ward.county, officer=ward.officer, resident=gone, at=at
        )
        [record] = together(lambda: ward.unite(kept, gone))
    assert rehanging.count(ward.county.pk, gone.pk) == {"residents_favourite.resident_id": 1}
    assert following.follow_recent(ward.county.pk, at=at + timedelta(minutes=2)) == 1
    late.refresh_from_db()
    assert late.resident == kept
    ward.undo(record, at=at + timedelta(minutes=9))
    late.refresh_from_db()
    assert late.resident == gone
