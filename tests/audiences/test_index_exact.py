"""The index equals the rows, whoever changes them, however their transactions end."""

import threading
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection, connections, transaction

from tests.builders import (
    beat_of,
    division,
    give_tag,
    make_contact,
    make_county,
    make_officer,
    make_resident,
    make_tag,
)
from weijing.accounts.models import Officer, Role
from weijing.audiences import by_rows, counting
from weijing.audiences.expression import Node, parse
from weijing.audiences.index import (
    asking,
    catching_up,
    checkpoints,
    comparing,
    keeping,
    rows,
    ticking,
)
from weijing.core import clock
from weijing.residents import audience_changes, consent
from weijing.residents.mirror.contacts import end_contact
from weijing.residents.models import AudienceChange, Contact, Resident
from weijing.tags import assigning
from weijing.tags.models import Tag, TagAssignment
from weijing.territory.models import County

TREES: list[Any] = [
    {"tag": ["TRF01001"]},
    {"tag": ["GRD02001"]},
    {"any": [{"tag": ["TRF01001"]}, {"except": [{"tag": ["TRF01002"]}]}]},
    {"all": [{"contact": "linked"}, {"consent": "publicity"}]},
    {"all": [{"division": ["430524001"]}, {"age": {"from": 18, "to": 60}}]},
    {"except": [{"sex": "f"}, {"contact": "unlinked"}]},
]


def expressions(county: County) -> list[Node]:
    return [parse(tree, county_id=county.pk) for tree in TREES]


def assert_equal_to_the_rows(nodes: list[Node], county: County) -> None:
    for node in nodes:
        people = counting.people(node, county_id=county.pk)
        found = set(counting.resident_ids(people, county_id=county.pk))
        true = set(by_rows.matching(node, county_id=county.pk).values_list("pk", flat=True))
        assert found == true, node
        assert counting.count(node, county_id=county.pk) == len(true)


def make_tags(county: County) -> list[Tag]:
    return [
        make_tag(county, "TRF01001", "重型货车"),
        make_tag(county, "TRF01002", "校车"),
        make_tag(county, "GRD02001", "独居老人", needs_separate_consent=True),
    ]


def make_people(county: County, number: int) -> tuple[Officer, list[Resident]]:
    officer = make_officer(
        county, "yang", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村")
    )
    random = Random(3)
    places = [
        division(county, "小沙江镇", "桃李村", "1组"),
        division(county, "小沙江镇", "桃李村", "2组"),
    ]
    people = []
    for one in range(number):
        person = make_resident(
            random.choice(places), f"人{one}", sex=random.choice("fm"),
            born_on=date(1940 + random.randrange(60), 5, 1),
        )  # fmt: skip
        make_contact(officer, person, f"wm{one}")
        people.append(person)
    return officer, people


class Quarrel:
    """Changes of every kind by one writer; some rolled back, some held open, some in savepoints."""

    def __init__(self, seed: int, people: list[Resident], tags: list[Tag], officer: Officer):
        self._random = Random(seed)
        self._people, self._tags, self._officer = people, tags, officer

    def run(self, transactions: int) -> None:
        for _ in range(transactions):
            try:
                with transaction.atomic():
                    self._some_changes()
                    if self._random.random() < 0.15:
                        raise RolledBackError
            except RolledBackError:
                pass
        connections.close_all()

    def _some_changes(self) -> None:
        for _ in range(self._random.randrange(1, 4)):
            try:
                with transaction.atomic():
                    self._change()
                    if self._random.random() < 0.2:
                        raise RolledBackError
            except RolledBackError:
                pass

    def _change(self) -> None:
        person = self._random.choice(self._people)
        tag = self._random.choice(self._tags)
        county_id = person.county_id
        what = self._random.randrange(5)
        if what == 0:
            _carry(person, tag, days=self._random.choice([-1, 0, 30]))
        elif what == 1:
            TagAssignment.objects.filter(county_id=county_id, resident=person, tag=tag).delete()
            audience_changes.tags(county_id, {tag.pk: [person.pk]})
        elif what == 2:
            fields: dict[str, Any] = self._random.choice(
                [{"sex": "f"}, {"sex": "m"}, {"lifecycle": "moved"}, {"lifecycle": "roll"},
                 {"consents": ["publicity"]}, {"consents": ["GRD02"]}, {"consents": []},
                 {"born_on": date(2015, 1, 1)}, {"born_on": None}, {"division_id": None},
                 {"division_id": person.division_id}]
            )  # fmt: skip
            Resident.objects.filter(county_id=county_id, pk=person.pk).update(**fields)
            audience_changes.people(county_id, [person.pk])
        elif what == 3:
            state = self._random.choice(["linked", "removed_by_resident"])
            Contact.objects.filter(
                county_id=county_id, officer=self._officer, identity__resident=person
            ).update(state=state)
            audience_changes.people(county_id, [person.pk])
        else:
            make_many = self._random.sample(self._people, 20)
            for other in sorted(make_many, key=lambda one: one.pk):
                _carry(other, tag, days=30)


class RolledBackError(Exception):
    pass


def _carry(person: Resident, tag: Tag, *, days: int) -> None:
    TagAssignment.objects.bulk_create(
        [
            TagAssignment(
                county_id=person.county_id, resident=person, tag=tag, source="visit",
                confirmed_at=clock.now(), expires_on=clock.today() + timedelta(days=days),
            )
        ],
        update_conflicts=True, unique_fields=["county", "tag", "resident"],
        update_fields=["expires_on"],
    )  # fmt: skip
    audience_changes.tags(person.county_id, {tag.pk: [person.pk]})


@pytest.mark.django_db(transaction=True)
def test_a_count_equals_the_rows_while_others_write_and_roll_back() -> None:
    county = make_county()
    tags = make_tags(county)
    officer, people = make_people(county, 60)
    nodes = expressions(county)
    # Each writer has people of its own: deadlocks are PostgreSQL's to test.
    writers = [
        threading.Thread(target=Quarrel(seed, people[seed::3], tags, officer).run, args=(120,))
        for seed in range(3)
    ]
    for writer in writers:
        writer.start()
    compared = 0
    while any(writer.is_alive() for writer in writers) or not compared:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            assert_equal_to_the_rows(nodes, county)
        compared += 1
    for writer in writers:
        writer.join()
    assert_equal_to_the_rows(nodes, county)
    keeping.forget()
    assert_equal_to_the_rows(nodes, county)
    assert compared > 3


@pytest.mark.django_db
def test_what_this_transaction_rolls_back_is_forgotten(county: County) -> None:
    (tag, *_rest), (_officer, people) = make_tags(county), make_people(county, 3)
    nodes = expressions(county)
    assert_equal_to_the_rows(nodes, county)
    with pytest.raises(RolledBackError), transaction.atomic():
        give_tag(people[0], tag)
        Resident.objects.filter(pk=people[1].pk).update(lifecycle="deceased")
        audience_changes.people(county.pk, [people[1].pk])
        assert counting.count(nodes[0], county_id=county.pk) == 1, "its own change, seen at once"
        assert_equal_to_the_rows(nodes, county)
        raise RolledBackError
    assert_equal_to_the_rows(nodes, county)
    assert counting.count(nodes[0], county_id=county.pk) == 0


@pytest.mark.django_db(transaction=True)
def test_what_is_written_after_the_question_counts_though_another_commits_meanwhile() -> None:
    county = make_county()
    (tag, *_rest), (_officer, people) = make_tags(county), make_people(county, 3)
    nodes = expressions(county)

    def somebody_else_commits() -> None:
        audience_changes.people(county.pk, [people[2].pk])
        connections.close_all()

    with transaction.atomic():
        give_tag(people[0], tag)
        other = threading.Thread(target=somebody_else_commits)
        other.start()
        other.join()
        assert_equal_to_the_rows(nodes, county)
        give_tag(people[1], tag)
    assert_equal_to_the_rows(nodes, county)
    assert counting.count(nodes[0], county_id=county.pk) == 2


@pytest.mark.django_db
def test_use_cases_are_in_the_next_count(county: County, at: Any) -> None:
    (tag, _school, alone), (officer, people) = make_tags(county), make_people(county, 4)
    nodes = expressions(county)
    assert_equal_to_the_rows(nodes, county)
    assigning.assign(people[0], [tag], source="visit", by=officer, at=at)
    assert_equal_to_the_rows(nodes, county)
    consent.give(people[1], ["publicity", "GRD02"], by=officer, at=at)
    assigning.assign(people[1], [alone], source="self", by=None, at=at)
    assert_equal_to_the_rows(nodes, county)
    consent.withdraw(people[1], ["GRD02"], by=None, at=at)
    assert_equal_to_the_rows(nodes, county)
    end_contact(county.pk, officer.pk, "wm2", by_resident=True, at=at)
    assert_equal_to_the_rows(nodes, county)
    assigning.remove(people[0], [tag], by=officer, at=at)
    assert_equal_to_the_rows(nodes, county)


@pytest.mark.django_db
def test_a_newcomer_counts_and_who_is_deleted_does_not(county: County) -> None:
    make_tags(county)
    make_people(county, 2)
    nodes = expressions(county)
    assert_equal_to_the_rows(nodes, county)
    newcomer = make_resident(division(county, "小沙江镇", "桃李村", "1组"), "新人")
    assert_equal_to_the_rows(nodes, county)
    Resident.objects.filter(pk=newcomer.pk).delete()
    audience_changes.people(county.pk, [newcomer.pk])
    assert_equal_to_the_rows(nodes, county)


@pytest.mark.django_db
def test_two_accounts_or_a_shared_one_link_everybody_behind_them(county: County) -> None:
    from weijing.residents.models import IdentitySharer, WechatIdentity

    make_tags(county)
    _officer, people = make_people(county, 1)
    wife = make_resident(division(county, "小沙江镇", "桃李村", "1组"), "同户人")
    linked = parse({"contact": "linked"}, county_id=county.pk)
    assert counting.count(linked, county_id=county.pk) == 1
    IdentitySharer.objects.create(
        county=county, identity=WechatIdentity.objects.get(resident=people[0]), resident=wife,
        recorded_at=clock.now(),
    )  # fmt: skip
    audience_changes.people(county.pk, [wife.pk])
    assert counting.count(linked, county_id=county.pk) == 2
    assert_equal_to_the_rows([linked], county)


@pytest.fixture
def kept(county: County) -> Iterator[list[Node]]:
    """A county with a checkpoint."""
    (tag, *_rest), (_officer, people) = make_tags(county), make_people(county, 5)
    give_tag(people[0], tag)
    with keeping.current(county.pk) as index:
        checkpoints.write(county.pk, index)
    yield expressions(county)


@pytest.mark.django_db
def test_a_new_process_starts_from_the_checkpoint(county: County, kept: list[Node]) -> None:
    keeping.forget()
    make_resident(division(county, "小沙江镇", "桃李村", "1组"), "后来的人")
    restored = checkpoints.restore(county.pk)
    assert restored is not None
    assert int((restored.ids != 0).sum()) == 5, "as it was; the log has the rest"
    assert_equal_to_the_rows(kept, county)


# Committed: what our own open transaction has logged is read anew each time.
@pytest.mark.django_db(transaction=True)
def test_the_doctor_finds_what_was_never_logged(county: County, kept: list[Node]) -> None:
    make_resident(division(county, "小沙江镇", "桃李村", "1组"), "后来的人")
    assert comparing.differences(county.pk) == []
    Resident.objects.filter(county=county, name="人0").update(sex="", consents=["publicity"])
    assert "consents.publicity" in comparing.differences(county.pk)


@pytest.mark.django_db
def test_a_checkpoint_of_another_database_is_not_believed(county: County, kept: list[Node]) -> None:
    from weijing.audiences.models import AudienceCheckpoint

    AudienceCheckpoint.objects.update(system="7")
    assert checkpoints.restore(county.pk) is None
    keeping.forget()
    assert_equal_to_the_rows(kept, county)


@pytest.mark.django_db(transaction=True)
def test_the_log_loses_what_every_index_must_have_seen() -> None:
    from weijing.audiences.models import AudienceCheckpoint

    county = make_county()
    make_tags(county)
    make_people(county, 3)
    nodes = expressions(county)
    before = AudienceChange.objects.count()
    assert before
    with keeping.current(county.pk) as index:
        checkpoints.write(county.pk, index)
        checkpoints.write(county.pk, index)
    assert AudienceChange.objects.count() == before, "somebody may be an hour behind"

    AudienceCheckpoint.objects.update(made_at=clock.now() - timedelta(hours=2))
    make_resident(division(county, "小沙江镇", "桃李村", "1组"), "后来的人")
    with keeping.current(county.pk) as index:
        checkpoints.write(county.pk, index)
    assert AudienceChange.objects.count() == 1, "of after the older checkpoint"
    assert_equal_to_the_rows(nodes, county)
    keeping.forget()
    assert_equal_to_the_rows(nodes, county)


@pytest.mark.django_db
def test_an_index_nobody_used_for_long_is_read_anew(
    county: County, kept: list[Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_equal_to_the_rows(kept, county)
    make_resident(division(county, "小沙江镇", "桃李村", "1组"), "后来的人")
    AudienceChange.objects.all().delete()  # as if the log had been shortened meanwhile
    monkeypatch.setattr(keeping, "MAX_IDLE", -1.0)
    monkeypatch.setattr(checkpoints, "restore", lambda county_id: None)
    assert_equal_to_the_rows(kept, county)


@pytest.mark.django_db
def test_so_many_changes_that_reading_anew_is_quicker(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tag, *_rest), (_officer, people) = make_tags(county), make_people(county, 6)
    nodes = expressions(county)
    assert_equal_to_the_rows(nodes, county)
    monkeypatch.setattr(catching_up, "TOO_MANY", 3)
    for person in people:
        give_tag(person, tag)
    assert_equal_to_the_rows(nodes, county)
    audience_changes.everything(county.pk)
    Resident.objects.filter(pk=people[0].pk).update(sex="f")
    assert_equal_to_the_rows(nodes, county)


@pytest.mark.django_db
def test_many_who_got_one_tag_are_asked_for_together_and_a_few_of_others_beside_them(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tag, school, alone), (_officer, people) = make_tags(county), make_people(county, 12)
    nodes = expressions(county)
    monkeypatch.setattr(rows, "MANY", 8)
    assert_equal_to_the_rows(nodes, county)
    for person in people[2:]:
        give_tag(person, tag)
    give_tag(people[0], school)
    give_tag(people[1], alone)
    assert_equal_to_the_rows(nodes, county)
    TagAssignment.objects.filter(tag=tag, resident__in=people[5:]).delete()
    TagAssignment.objects.filter(tag=tag, resident=people[2]).update(expires_on=date(2020, 1, 1))
    audience_changes.tags(county.pk, {tag.pk: [person.pk for person in people]})
    assert_equal_to_the_rows(nodes, county)
    assert counting.count(nodes[0], county_id=county.pk) == 2


@pytest.mark.django_db(transaction=True)
def test_the_short_way_says_that_nothing_is_new_only_when_nothing_is() -> None:
    county = make_county()
    (tag, *_rest), (_officer, people) = make_tags(county), make_people(county, 2)
    with keeping.current(county.pk) as index:
        kept = index.snapshot
    assert asking.nothing_new(county.pk, kept)
    with transaction.atomic():
        assert asking.nothing_new(county.pk, kept) is None, "BEGIN has not been sent yet"
        Resident.objects.count()
        assert asking.nothing_new(county.pk, kept)
        give_tag(people[0], tag)
        assert asking.nothing_new(county.pk, kept) is None, "of our own"
    assert asking.nothing_new(county.pk, kept) is None
    with keeping.current(county.pk) as index:
        kept = index.snapshot
    connections.close_all()
    assert asking.nothing_new(county.pk, kept), "a new connection has it prepared as well"
    assert_equal_to_the_rows(expressions(county), county)


@pytest.mark.django_db
def test_a_tag_ends_with_its_last_day(county: County) -> None:
    (tag, *_rest), (_officer, people) = make_tags(county), make_people(county, 2)
    given = give_tag(people[0], tag)
    TagAssignment.objects.filter(pk=given.pk).update(expires_on=clock.today())
    node = expressions(county)[0]
    tomorrow = clock.today() + timedelta(days=1)
    assert counting.count(node, county_id=county.pk) == 1
    assert counting.count(node, county_id=county.pk, on=tomorrow) == 0
    with keeping.current(county.pk) as index:
        catching_up.advance(index, tomorrow)
    assert counting.count(node, county_id=county.pk, on=tomorrow) == 0
    assert counting.count(node, county_id=county.pk) == 1, "asked of the day before"


@pytest.mark.django_db
def test_a_checkpoint_is_written_when_it_is_worth_it(county: County, kept: list[Node]) -> None:
    from weijing.audiences.models import AudienceCheckpoint

    written = AudienceCheckpoint.objects.get().made_at
    with keeping.current(county.pk) as index:
        assert checkpoints.write_if_worth_it(county.pk, index) == 0
        AudienceCheckpoint.objects.update(made_at=written - timedelta(days=2))
        assert checkpoints.write_if_worth_it(county.pk, index) > 0


@pytest.mark.django_db
def test_a_tick_leaves_nothing_to_catch_up_with(county: County) -> None:
    make_tags(county)
    make_people(county, 2)
    ticking.tick()
    with keeping.current(county.pk) as index:
        assert len(index.living) == 2


@pytest.mark.django_db
def test_every_state_of_a_contact_can_be_asked_for(county: County) -> None:
    make_tags(county)
    officer, _people = make_people(county, 3)
    end_contact(county.pk, officer.pk, "wm1", by_resident=True, at=clock.now())
    node = parse({"contact": "removed_by_resident"}, county_id=county.pk)
    assert counting.count(node, county_id=county.pk) == 1
    assert_equal_to_the_rows([node], county)
