"""One change to many: who they are is fixed when it is ordered, and each is changed once."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

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
from weijing.accounts.scope import scope_of
from weijing.audit.models import AuditEntry
from weijing.core.errors import PermissionDenied
from weijing.privacy import erasing
from weijing.residents import consent
from weijing.residents.bulk import officers, ordering, pieces, undoing
from weijing.residents.models import BulkPiece, BulkWork, Contact, Resident, ResidentChange
from weijing.residents.queries import visible_to
from weijing.residents.record import answering, moving_house
from weijing.residents.record.homes import Place
from weijing.tags import assigning, bulk_tagging, projecting
from weijing.tags.models import Tag, TagAssignment, TagProjection
from weijing.territory.models import County, Station

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
HOME = ("小沙江镇", "桃李村", "1组")


@pytest.fixture
def chief(county: County) -> Officer:
    station = Station.objects.get(county=county, name="小沙江派出所")
    return make_officer(county, "chief", Role.STATION_COMMAND, station=station)


@pytest.fixture
def people(county: County) -> list[Resident]:
    return [make_resident(division(county, *HOME), f"罗样{n}") for n in range(7)]


@pytest.fixture
def truck(county: County) -> Tag:
    return make_tag(county, "TRF01001", "重型货车")


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "PIECE", 3)


def order(kind: str, chief: Officer, tag: Tag | None = None, **given: Any) -> BulkWork:
    scope = scope_of(chief, at=AT)
    chosen = given.pop("people", visible_to(scope))
    if tag is not None:
        given["parameters"] = {"tag": tag.pk, "source": "visit", "basis": "逐户走访"}
    given.setdefault("seen", chosen.count())
    return ordering.order(kind, chosen, by=chief, scope=scope, at=given.pop("at", AT), **given)


def do(work: BulkWork, at: datetime = AT) -> BulkWork:
    while pieces.run_next(work.county_id, work.pk, at=at):
        pass
    work.refresh_from_db()
    return work


def foresee(kind: str, tag: Tag, by: Officer) -> bulk_tagging.Foreseen:
    scope = scope_of(by, at=AT)
    return bulk_tagging.foresee(kind, tag, visible_to(scope), scope=scope, on=AT.date())


def carriers(tag: Tag) -> set[int]:
    return set(TagAssignment.objects.filter(tag=tag).values_list("resident_id", flat=True))


def undo(work: BulkWork, chief: Officer, at: datetime = LATER) -> BulkWork:
    return do(undoing.undo(work, by=chief, scope=scope_of(chief, at=at), at=at), at)


def test_everybody_chosen_gets_the_tag_in_pieces(
    chief: Officer, people: list[Resident], truck: Tag
) -> None:
    work = order("tags.add", chief, truck)
    assert [len(p.resident_ids) for p in work.pieces.order_by("number")] == [3, 3, 1]
    do(work)
    assert (work.state, work.done, work.changed, work.refused) == ("done", 7, 7, {})
    assert carriers(truck) == {one.pk for one in people}
    held = TagAssignment.objects.filter(tag=truck)[0]
    assert (held.source, held.basis, held.set_by) == ("visit", "逐户走访", chief)
    assert held.expires_on == date(2027, 11, 24)


def test_who_comes_later_is_not_among_them(
    county: County, chief: Officer, people: list[Resident], truck: Tag
) -> None:
    work = order("tags.add", chief, truck)
    late = make_resident(division(county, *HOME), "罗迟到")
    do(work)
    assert late.pk not in carriers(truck) and len(carriers(truck)) == 7


def test_a_sensitive_tag_goes_to_nobody_without_their_own_consent(
    county: County, chief: Officer, people: list[Resident]
) -> None:
    tag = make_tag(
        county, "HLT01001", "行动不便", needs_separate_consent=True, group_name="出行困难"
    )
    consent_of = {people[0].pk, people[4].pk}
    Resident.objects.filter(pk__in=consent_of).update(consents=["HLT01"])
    foreseen = foresee("tags.add", tag, chief)
    work = do(order("tags.add", chief, tag))
    assert carriers(tag) == consent_of
    assert work.refused == foreseen.left == {"没有单独同意「出行困难」": 5}
    assert work.changed == foreseen.changed == 2


def test_a_consent_taken_back_after_the_order_counts(
    county: County, chief: Officer, people: list[Resident]
) -> None:
    tag = make_tag(county, "HLT01001", "行动不便", needs_separate_consent=True)
    consent.give(people[0], ["HLT01"], by=None, at=AT)
    work = order("tags.add", chief, tag)
    consent.withdraw(people[0], ["HLT01"], by=None, at=AT)
    assert do(work).changed == 0 and carriers(tag) == set()


def test_who_has_the_tag_keeps_it_as_it_is_and_loses_it_by_no_undo(
    chief: Officer, people: list[Resident], truck: Tag
) -> None:
    own = give_tag(people[0], truck)
    work = do(order("tags.add", chief, truck))
    assert work.changed == 6 and work.refused == {"原来就有这个标签": 1}
    undo(work, chief)
    assert list(TagAssignment.objects.filter(tag=truck)) == [own]
    assert TagAssignment.objects.get().confirmed_at == own.confirmed_at


def test_undo_takes_back_what_the_work_did_and_leaves_what_came_since(
    chief: Officer, people: list[Resident], truck: Tag
) -> None:
    work = do(order("tags.add", chief, truck))
    assigning.assign(people[2], [truck], source="visit", by=chief, at=LATER)
    assigning.remove(people[3], [truck], by=chief, at=LATER)
    back = undo(work, chief, LATER + timedelta(hours=1))
    assert carriers(truck) == {people[2].pk}
    assert (back.state, back.done, back.changed) == ("done", 7, 5)
    assert back.refused == {"后来有人改过，没有动": 2}


def test_a_tag_taken_off_comes_back_as_it_was(
    chief: Officer, people: list[Resident], truck: Tag
) -> None:
    for one in people[:4]:
        give_tag(one, truck)
    before = sorted(TagAssignment.objects.values_list("resident", "confirmed_at", "expires_on"))
    work = do(order("tags.remove", chief, truck))
    assert carriers(truck) == set() and work.refused == {"原来就没有这个标签": 3}
    assigning.assign(people[0], [truck], source="self", by=None, at=LATER)
    back = undo(work, chief, LATER + timedelta(hours=1))
    assert back.changed == 3 and back.refused == {"后来有人改过，没有动": 1}
    rows = TagAssignment.objects.filter(source="visit")
    after = sorted(rows.values_list("resident", "confirmed_at", "expires_on"))
    assert after == [row for row in before if row[0] != people[0].pk]


def test_a_sensitive_tag_does_not_come_back_against_a_withdrawal(
    county: County, chief: Officer, people: list[Resident]
) -> None:
    tag = make_tag(county, "HLT01001", "行动不便", needs_separate_consent=True, group_name="出行")
    consent.give(people[0], ["HLT01"], by=None, at=AT)
    give_tag(people[0], tag)
    work = do(order("tags.remove", chief, tag))
    consent.withdraw(people[0], ["HLT01"], by=None, at=AT)
    back = undo(work, chief)
    assert carriers(tag) == set() and back.refused == {"没有单独同意「出行」": 1}


def test_what_a_resident_had_deleted_does_not_come_back(
    chief: Officer, people: list[Resident], truck: Tag
) -> None:
    for one in people[:4]:
        give_tag(one, truck)
    work = do(order("tags.remove", chief, truck))
    erasing.erase(people[0], by=chief, at=LATER)
    give_tag(people[1], truck)
    assigning.remove(people[1], [truck], by=chief, at=LATER)
    Resident.objects.filter(pk=people[2].pk).update(lifecycle="deceased")
    back = undo(work, chief, LATER + timedelta(hours=1))
    assert carriers(truck) == {people[3].pk}
    assert back.refused == {
        bulk_tagging.ERASED: 1, bulk_tagging.CHANGED_SINCE: 1, bulk_tagging.DECEASED: 1,
    }  # fmt: skip


def test_what_was_deleted_before_the_work_hinders_no_undo(
    chief: Officer, people: list[Resident], truck: Tag
) -> None:
    erasing.erase(people[0], by=chief, at=AT - timedelta(days=1))
    give_tag(people[0], truck)
    work = do(order("tags.remove", chief, truck))
    assert undo(work, chief).changed == 1 and carriers(truck) == {people[0].pk}


def test_nothing_outside_the_scope_is_changed(
    county: County, chief: Officer, people: list[Resident], truck: Tag
) -> None:
    far = make_resident(division(county, "金石桥镇", "桃李村", "1组"), "肖远方")
    everybody = Resident.objects.filter(county=county)
    work = do(order("tags.add", chief, truck, people=everybody))
    assert far.pk not in carriers(truck)
    assert work.refused == {pieces.ELSEWHERE: 1}


def test_who_has_no_address_yet_is_foreseen_as_left_alone(
    county: County, chief: Officer, people: list[Resident], truck: Tag, two: list[Officer]
) -> None:
    stranger = make_resident(None, "微信用户", county=county)
    make_contact(two[0], stranger)
    scope = scope_of(chief, at=AT)
    for kind in ("tags.add", "tags.remove"):
        foreseen, work = foresee(kind, truck, chief), do(order(kind, chief, truck))
        assert (work.changed, work.refused) == (foreseen.changed, foreseen.left)
        assert work.refused == {pieces.ELSEWHERE: 1} and work.total == 8
    answer = officers.foresee(two[0].pk, visible_to(scope), scope=scope)
    work = do(order("residents.assign", chief, parameters={"officer": two[0].pk}))
    assert (work.changed, work.refused) == answer
    desk = make_officer(county, "county", Role.STATION_COMMAND, county_desk=True)
    assert foresee("tags.add", truck, desk).left == {pieces.ELSEWHERE: 1}


def test_people_who_moved_to_another_station_meanwhile_stay_as_they_are(
    county: County, chief: Officer, people: list[Resident], truck: Tag
) -> None:
    work = order("tags.add", chief, truck)
    people[0].division = division(county, "金石桥镇", "桃李村", "1组")
    people[0].save()
    do(work)
    assert people[0].pk not in carriers(truck) and work.changed == 6


def test_merged_and_erased_people_are_counted_as_gone(
    chief: Officer, people: list[Resident], truck: Tag
) -> None:
    work = order("tags.add", chief, truck)
    Resident.objects.filter(pk=people[0].pk).update(lifecycle="duplicate")
    Resident.objects.filter(pk=people[1].pk).delete()
    do(work)
    assert work.refused == {pieces.GONE: 2} and work.done == work.total == 7


def test_another_county_is_another_world(
    county: County, chief: Officer, people: list[Resident], truck: Tag
) -> None:
    other = make_county("430525")
    stranger = make_resident(division(other, *HOME))
    work = order("tags.add", chief, truck)
    with pytest.raises(BulkWork.DoesNotExist):
        pieces.run_next(other.pk, work.pk, at=AT)
    do(work)
    assert stranger.pk not in carriers(truck)


def test_linked_people_are_projected_to_wecom(
    county: County, chief: Officer, people: list[Resident], truck: Tag
) -> None:
    officer = make_officer(county, "o", Role.VILLAGE_AUXILIARY, beat=beat_of(county, *HOME[:2]))
    pair = make_contact(officer, people[0])
    work = do(order("tags.add", chief, truck))
    assert TagProjection.objects.get().contact == pair
    TagProjection.objects.all().delete()
    undo(work, chief)
    assert TagProjection.objects.get().contact == pair


# Choosing.


def test_nobody_is_changed_when_the_count_is_another(
    chief: Officer, people: list[Resident], truck: Tag
) -> None:
    with pytest.raises(ordering.CountChanged, match="从 9 变为 7"):
        order("tags.add", chief, truck, seen=9)
    assert not BulkWork.objects.exists() and not BulkPiece.objects.exists()


def test_nobody_chosen_is_an_error(chief: Officer, truck: Tag) -> None:
    with pytest.raises(ordering.NobodyChosen):
        order("tags.add", chief, truck, people=Resident.objects.none(), seen=0)


@pytest.mark.parametrize("typed", [None, 6, 70])
def test_for_many_people_the_count_is_typed(
    chief: Officer, people: list[Resident], truck: Tag, monkeypatch: pytest.MonkeyPatch, typed: Any
) -> None:
    monkeypatch.setattr(ordering, "TYPED_ABOVE", 5)
    with pytest.raises(ordering.CountNotTyped):
        order("tags.add", chief, truck, typed=typed)
    assert order("tags.add", chief, truck, typed=7).total == 7


def test_a_county_author_reads_but_changes_nobody(county: County, truck: Tag) -> None:
    author = make_officer(county, "a", Role.CAMPAIGN_AUTHOR, county_desk=True)
    make_resident(division(county, *HOME))
    with pytest.raises(PermissionDenied):
        order("tags.add", author, truck)


# Officers.


def test_an_officer_answers_for_those_who_know_them(
    county: County, chief: Officer, people: list[Resident]
) -> None:
    officer = make_officer(county, "o", Role.VILLAGE_AUXILIARY, beat=beat_of(county, *HOME[:2]))
    other = make_officer(
        county, "p", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "红星村")
    )
    for one in people[:4]:
        make_contact(officer, one)
    make_contact(other, people[0])
    Resident.objects.filter(pk=people[0].pk).update(primary_officer=other)
    Resident.objects.filter(pk=people[1].pk).update(primary_officer=officer)
    work = do(order("residents.assign", chief, parameters={"officer": officer.pk}))
    assert work.changed == 3
    assert work.refused == {officers.NO_FRIEND: 3, officers.ALREADY: 1}
    assert Resident.objects.filter(primary_officer=officer).count() == 4
    change = ResidentChange.objects.get(resident=people[0])
    assert (change.before, change.after) == (
        {"责任民辅警": other.name},
        {"责任民辅警": officer.name},
    )
    Resident.objects.filter(pk=people[2].pk).update(primary_officer=other)
    back = undo(work, chief)
    assert back.changed == 2 and back.refused == {officers.CHANGED_SINCE: 1}
    now = dict(Resident.objects.values_list("pk", "primary_officer_id"))
    assert now[people[0].pk] == other.pk and now[people[3].pk] is None
    assert now[people[1].pk] == officer.pk


@pytest.fixture
def two(county: County) -> list[Officer]:
    """The officers of two beats of the station."""
    places = (HOME[:2], ("小沙江镇", "红星村"))
    return [
        make_officer(county, f"o{n}", Role.VILLAGE_AUXILIARY, beat=beat_of(county, *place))
        for n, place in enumerate(places)
    ]


def test_undo_gives_nobody_to_an_officer_they_know_no_longer(
    chief: Officer, people: list[Resident], two: list[Officer]
) -> None:
    for one in people[:2]:
        pair = make_contact(two[1], one)
    Resident.objects.filter(pk__in=[one.pk for one in people[:3]]).update(primary_officer=two[1])
    work = do(order("residents.assign", chief, parameters={"officer": None}))
    assert work.changed == 3
    Contact.objects.filter(pk=pair.pk).update(state=Contact.State.REMOVED_BY_RESIDENT)
    back = undo(work, chief)
    assert back.changed == 1 and back.refused == {officers.NO_LONGER_FRIEND: 2}
    assert list(Resident.objects.filter(primary_officer=two[1])) == [people[0]]


def test_undo_gives_nobody_to_an_officer_who_serves_no_longer(
    chief: Officer, people: list[Resident], two: list[Officer]
) -> None:
    make_contact(two[1], people[0])
    Resident.objects.filter(pk=people[0].pk).update(primary_officer=two[1])
    work = do(order("residents.assign", chief, parameters={"officer": None}))
    Officer.objects.filter(pk=two[1].pk).update(is_active=False)
    assert undo(work, chief).refused == {officers.NO_LONGER_FRIEND: 1}


def test_undo_leaves_those_who_moved_or_got_the_same_officer_from_somebody_else(
    county: County, chief: Officer, people: list[Resident], two: list[Officer]
) -> None:
    scope = scope_of(chief, at=AT)
    for one in people[:3]:
        make_contact(two[0], one)
    Resident.objects.filter(pk__in=[one.pk for one in people[:3]]).update(primary_officer=two[0])
    work = do(order("residents.assign", chief, parameters={"officer": None}))
    place = Place(division(county, "小沙江镇", "红星村", "2组"), "2号")
    moving_house.move(people[0], place, by=chief, scope=scope, at=LATER)
    answering.answer_for(people[1], None, by=chief, scope=scope, at=LATER)
    back = undo(work, chief, LATER + timedelta(hours=1))
    assert back.changed == 1 and back.refused == {officers.CHANGED_SINCE: 2}
    assert list(Resident.objects.filter(primary_officer=two[0])) == [people[2]]


# Stopping, going on, going wrong.


def test_stopped_work_keeps_what_is_done_and_can_go_on_or_be_undone(
    chief: Officer, people: list[Resident], truck: Tag
) -> None:
    work, scope = order("tags.add", chief, truck), scope_of(chief, at=AT)
    pieces.run_next(work.county_id, work.pk, at=AT)
    undoing.stop(work, by=chief, scope=scope, at=AT)
    do(work)
    assert (work.state, work.done, len(carriers(truck))) == ("stopped", 3, 3)
    undoing.go_on(work, by=chief, scope=scope, at=AT)
    do(work)
    assert (work.state, work.done, len(carriers(truck))) == ("done", 7, 7)
    with pytest.raises(undoing.NotNow):
        undoing.stop(work, by=chief, scope=scope, at=AT)
    undo(work, chief)
    assert carriers(truck) == set()
    with pytest.raises(undoing.NotNow):
        undoing.undo(work, by=chief, scope=scope, at=LATER)
    with pytest.raises(undoing.NotNow):
        undoing.go_on(work, by=chief, scope=scope, at=LATER)


def test_after_thirty_days_nothing_is_undone_and_nobody_remembers_whom(
    chief: Officer, people: list[Resident], truck: Tag
) -> None:
    work = do(order("tags.add", chief, truck))
    late = AT + timedelta(days=31)
    with pytest.raises(undoing.NotNow):
        undoing.undo(work, by=chief, scope=scope_of(chief, at=late), at=late)
    assert undoing.forget_old(work.county_id, at=late) == 3
    assert not BulkPiece.objects.exists() and BulkWork.objects.get().changed == 7


@pytest.mark.parametrize("state", [BulkWork.State.STOPPED, BulkWork.State.FAILED])
def test_a_work_whose_people_are_forgotten_does_not_go_on(
    chief: Officer, people: list[Resident], truck: Tag, state: str
) -> None:
    work = order("tags.add", chief, truck)
    pieces.run_next(work.county_id, work.pk, at=AT)
    BulkWork.objects.filter(pk=work.pk).update(state=state)
    work.refresh_from_db()
    assert undoing.can_go_on(work)
    late = AT + timedelta(days=31)
    undoing.forget_old(work.county_id, at=late)
    assert not undoing.can_go_on(work)
    with pytest.raises(undoing.NotNow, match="没有继续"):
        undoing.go_on(work, by=chief, scope=scope_of(chief, at=late), at=late)
    work.refresh_from_db()
    assert work.state == state


def test_a_work_without_people_left_ends_instead_of_waiting_for_ever(
    chief: Officer, people: list[Resident], truck: Tag
) -> None:
    work = order("tags.add", chief, truck)
    pieces.run_next(work.county_id, work.pk, at=AT)
    BulkPiece.objects.all().delete()
    assert do(work).state == "failed" and pieces.unfinished() == []


def test_who_they_were_is_kept_until_an_undo_has_ended(
    chief: Officer, people: list[Resident], truck: Tag
) -> None:
    work = do(order("tags.add", chief, truck))
    near = AT + timedelta(days=29)
    back = undoing.undo(work, by=chief, scope=scope_of(chief, at=near), at=near)
    late = AT + timedelta(days=31)
    assert undoing.forget_old(work.county_id, at=late) == 0
    assert do(back, late).changed == 7 and carriers(truck) == set()
    assert undoing.forget_old(work.county_id, at=late) == 3


def test_somebody_of_another_station_may_neither_see_nor_stop_it(
    county: County, chief: Officer, people: list[Resident], truck: Tag
) -> None:
    work = order("tags.add", chief, truck)
    station = Station.objects.get(county=county, name="金石桥派出所")
    other = make_officer(county, "far", Role.STATION_COMMAND, station=station)
    scope = scope_of(other, at=AT)
    assert not undoing.works_in(scope).exists()
    with pytest.raises(PermissionDenied):
        undoing.stop(work, by=other, scope=scope, at=AT)


def test_a_piece_that_fails_half_way_leaves_nothing(
    chief: Officer, people: list[Resident], truck: Tag, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = order("tags.add", chief, truck)
    pieces.run_next(work.county_id, work.pk, at=AT)
    with monkeypatch.context() as broken:
        broken.setattr(projecting, "want", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            pieces.run_next(work.county_id, work.pk, at=AT)
    assert len(carriers(truck)) == 3
    pieces.fail(work.county_id, work.pk, at=AT)
    assert not pieces.run_next(work.county_id, work.pk, at=AT)
    undoing.go_on(work, by=chief, scope=scope_of(chief, at=AT), at=AT)
    assert do(work).done == 7 and len(carriers(truck)) == 7


def test_the_trail_knows_ids_and_counts_only(
    chief: Officer, people: list[Resident], truck: Tag
) -> None:
    work = do(order("tags.add", chief, truck))
    entries = AuditEntry.objects.filter(object_id=work.pk).order_by("pk")
    assert [e.action for e in entries] == ["bulk.ordered", *["tag.assigned_in_bulk"] * 3]
    assert sum(e.details["count"] for e in entries[1:]) == 7
    assert "罗" not in str([e.details for e in entries])


# Two at once.


@pytest.fixture
def committed(transactional_db: None) -> Iterator[County]:
    yield make_county()


def in_threads(*works: Any) -> list[Any]:
    results: list[Any] = []

    def run(work: Any) -> None:
        try:
            results.append(work())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_two_workers_change_everybody_once(committed: County) -> None:
    station = Station.objects.get(county=committed, name="小沙江派出所")
    chief = make_officer(committed, "chief", Role.STATION_COMMAND, station=station)
    everybody = [make_resident(division(committed, *HOME), f"罗{n}") for n in range(20)]
    tag = make_tag(committed, "TRF01001", "重型货车")
    work = order("tags.add", chief, tag)
    in_threads(*[lambda: do(BulkWork.objects.get(pk=work.pk)) for _ in range(3)])
    work.refresh_from_db()
    assert (work.state, work.done, work.changed) == ("done", 20, 20)
    assert carriers(tag) == {one.pk for one in everybody}
    assert AuditEntry.objects.filter(action="tag.assigned_in_bulk").count() == 7


def test_a_worker_that_dies_in_a_piece_is_followed_by_another(committed: County) -> None:
    station = Station.objects.get(county=committed, name="小沙江派出所")
    chief = make_officer(committed, "chief", Role.STATION_COMMAND, station=station)
    for n in range(6):
        make_resident(division(committed, *HOME), f"罗{n}")
    tag = make_tag(committed, "TRF01001", "重型货车")
    work = order("tags.add", chief, tag)

    class Killed(BaseException):
        pass

    def half_way() -> str:
        try:
            with transaction.atomic():
                pieces.run_next(work.county_id, work.pk, at=AT)
                raise Killed
        except Killed:
            return "killed"

    assert in_threads(half_way) == ["killed"]
    assert carriers(tag) == set()
    do(work)
    assert work.done == 6 and len(carriers(tag)) == 6
