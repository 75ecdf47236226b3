"""Counts are exact: they equal what plain Python finds by looking at every person.

The index, and the rows that it must equal, are asked the same.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import (
    beat_of,
    division,
    make_contact,
    make_county,
    make_officer,
    make_resident,
    make_tag,
)
from weijing.accounts.models import Role
from weijing.audiences import by_rows, counting, text
from weijing.audiences.expression import Node, parse
from weijing.residents import consent
from weijing.residents.models import Resident
from weijing.tags.models import Tag, TagAssignment
from weijing.territory.models import County, Division

TODAY = date(2026, 11, 24)
PEOPLE = 120
AGES = [{"from": 18}, {"to": 17}, {"from": 17, "to": 18}, {"from": 60}, {"to": 0}]


@dataclass
class Person:
    """What plain Python knows of somebody."""

    pk: int
    path: tuple[str, ...]  # codes of the division and all above it
    tags: set[str]
    expired: set[str]
    born_on: date | None
    sex: str
    linked: bool
    consents: list[str]
    counts: bool


@dataclass(repr=False)
class World:
    county: County
    people: list[Person]
    divisions: list[str]
    tags: list[str]


def build() -> World:
    """People of every kind, drawn from a seed; also some who must never count."""
    random = Random(7)
    county = make_county()
    make_county("431302", townships=1)
    officer = make_officer(
        county, "yang", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村")
    )
    places = list(Division.objects.filter(county=county).order_by("lo"))
    tags = [
        make_tag(county, "TRF01001", "重型货车"),
        make_tag(county, "TRF01002", "校车"),
        make_tag(county, "SOC01001", "常住"),
        make_tag(county, "GRD02001", "独居老人", needs_separate_consent=True),
    ]
    sensitive = make_tag(county, "SOC02016", "务工-境外")
    Tag.objects.filter(pk=sensitive.pk).update(sensitive=True)
    tags.append(sensitive)
    birthdays = [
        None,
        date(2008, 11, 24),
        date(2008, 11, 25),
        date(2008, 2, 29),
        date(1966, 11, 25),
    ]
    people = []
    for number in range(PEOPLE):
        place = random.choice([None, *places])
        chosen = [tag for tag in tags if random.random() < 0.3]
        expired = {tag.code for tag in chosen if random.random() < 0.2}
        born = random.choice([*birthdays, date(1930 + random.randrange(90), 5, 1)])
        consents = [s for s in ("publicity", "GRD02", "SOC02") if random.random() < 0.5]
        lifecycle = random.choice(
            ["roll"] * 6 + ["provisional", "provisional", "moved", "duplicate"]
        )
        sex = random.choice("fm") if number % 9 else ""
        person = make_resident(
            place, f"人{number}", county=county, born_on=born, sex=sex,
            consents=tuple(consents), lifecycle=lifecycle,
        )  # fmt: skip
        for tag in chosen:
            ends = TODAY - timedelta(days=1) if tag.code in expired else TODAY
            TagAssignment.objects.create(
                county=county, resident=person, tag=tag, source="visit",
                confirmed_at="2026-01-01T00:00Z", expires_on=ends,
            )  # fmt: skip
        state = random.choice(["", "", "linked", "linked", "half", "removed_by_resident"])
        if state:
            make_contact(officer, person, f"wm{number}", state=state)
        people.append(
            Person(
                pk=person.pk,
                path=tuple(p.code for p in places if place and p.lo <= place.lo <= p.hi),
                tags={tag.code for tag in chosen},
                expired=expired,
                born_on=born,
                sex=person.sex,
                linked=state == "linked",
                consents=consents,
                counts=lifecycle in ("roll", "provisional"),
            )
        )
    return World(county, people, [p.code for p in places], [tag.code for tag in tags])


def holds(tree: Any, person: Person, on: date) -> bool:
    """The naive evaluation: one person, one condition at a time."""
    ((key, value),) = tree.items()
    if key == "all":
        return all(holds(part, person, on) for part in value)
    if key == "any":
        return any(holds(part, person, on) for part in value)
    if key == "except":
        return not any(holds(part, person, on) for part in value)
    if key == "division":
        return bool(set(value) & set(person.path))
    if key == "tag":
        return any(carries(code, person, on) for code in value)
    if key == "age":
        if person.born_on is None:
            return False
        return value.get("from", 0) <= consent.age_on(person.born_on, on) <= value.get("to", 200)
    if key == "sex":
        return person.sex == value
    if key == "contact":
        return person.linked == (value == "linked")
    return value in person.consents


def carries(code: str, person: Person, on: date) -> bool:
    if code not in person.tags or (code in person.expired and on >= TODAY) or on > TODAY:
        return False
    scope = {"GRD02001": "GRD02", "SOC02016": "SOC02"}.get(code)
    return scope is None or scope in person.consents


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Any:
    """Built once: the examples only read."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        yield build()
        transaction.set_rollback(True)


def trees(divisions: list[str], tags: list[str]) -> st.SearchStrategy[Any]:
    leaf = st.one_of(
        st.lists(st.sampled_from(divisions), min_size=1, max_size=3).map(lambda c: {"division": c}),
        st.lists(st.sampled_from(tags), min_size=1, max_size=3).map(lambda c: {"tag": c}),
        st.sampled_from(["f", "m"]).map(lambda s: {"sex": s}),
        st.sampled_from(["linked", "unlinked"]).map(lambda s: {"contact": s}),
        st.sampled_from(["publicity", "GRD02"]).map(lambda s: {"consent": s}),
        st.sampled_from(AGES).map(lambda a: {"age": a}),
    )  # fmt: skip
    parts = lambda inner: st.lists(inner, min_size=1, max_size=3)  # noqa: E731
    return st.recursive(
        leaf,
        lambda inner: st.builds(
            lambda key, found: {key: found}, st.sampled_from(["all", "any", "except"]), parts(inner)
        ),
        max_leaves=8,
    ).filter(lambda tree: depth(tree) <= 6)


def depth(tree: Any) -> int:
    ((_, value),) = tree.items()
    if isinstance(value, list) and isinstance(value[0], dict):
        return 1 + max(depth(part) for part in value)
    return 1


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_count_equals_looking_at_every_person(
    world: World, django_db_blocker: Any, data: st.DataObject
) -> None:
    tree = data.draw(trees(world.divisions, world.tags))
    on = data.draw(st.sampled_from([TODAY, TODAY + timedelta(days=1), TODAY - timedelta(days=1)]))
    expected = {p.pk for p in world.people if p.counts and holds(tree, p, on)}
    with django_db_blocker.unblock():
        county_id = world.county.pk
        node = parse(tree, county_id=county_id)
        assert found_by_index(node, county_id, on) == expected
        by_query = by_rows.matching(node, county_id=county_id, on=on)
        assert set(by_query.values_list("pk", flat=True)) == expected
        assert counting.count(node, county_id=county_id, on=on) == len(expected)
        spread = counting.by_township(node, county_id=county_id, on=on)
        assert sum(spread.values()) == len(expected)
        # Written as text and read again it means the same people.
        again = text.read(text.to_text(node), county_id=county_id)
        assert text.to_text(again) == text.to_text(node)
        assert found_by_index(again, county_id, on) == expected


def found_by_index(node: Node, county_id: int, on: date) -> set[int]:
    people = counting.people(node, county_id=county_id, on=on)
    return set(counting.resident_ids(people, county_id=county_id))


def test_everyone_counts_once_however_many_contacts(world: World, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        node = parse({"any": [{"sex": "f"}, {"except": [{"sex": "f"}]}]}, county_id=world.county.pk)
        count = counting.count(node, county_id=world.county.pk, on=TODAY)
    assert count == sum(p.counts for p in world.people)


@pytest.fixture
def resident(county: County) -> Resident:
    return make_resident(division(county, "小沙江镇", "桃李村", "1组"))


def count(county: County, tree: Any) -> int:
    return counting.count(parse(tree, county_id=county.pk), county_id=county.pk, on=TODAY)


def test_consent_and_its_withdrawal_count_at_once(
    county: County, resident: Resident, at: Any
) -> None:
    tag = make_tag(county, "GRD02001", "独居老人", needs_separate_consent=True)
    consent.give(resident, ["publicity", "GRD02"], by=None, at=at)
    TagAssignment.objects.create(
        county=county, resident=resident, tag=tag, source="self", confirmed_at=at,
        expires_on=TODAY,
    )  # fmt: skip
    assert count(county, {"consent": "publicity"}) == 1
    assert count(county, {"tag": ["GRD02001"]}) == 1

    consent.withdraw(resident, ["publicity", "GRD02"], by=None, at=at)
    assert count(county, {"consent": "publicity"}) == 0
    assert count(county, {"tag": ["GRD02001"]}) == 0, "before the tag itself is removed"


def test_a_strange_county_never_counts(county: County, resident: Resident) -> None:
    other = make_county("431302")
    make_resident(division(other, "小沙江镇", "桃李村", "1组"))
    assert count(county, {"contact": "unlinked"}) == 1
    assert count(other, {"contact": "unlinked"}) == 1


def test_counts_beside_the_conditions_stand_for_themselves(
    county: County, resident: Resident
) -> None:
    make_resident(None, "山里人家", county=county, lifecycle="provisional", sex="f")
    tree = {"all": [{"sex": "f"}, {"except": [{"division": ["430524001"]}]}]}
    rows = counting.count_rows(parse(tree, county_id=county.pk), county_id=county.pk, on=TODAY)
    assert [row.people for row in rows] == [1, 1]


def test_people_without_an_address_are_counted_apart(county: County, resident: Resident) -> None:
    make_resident(None, "山里人家", county=county, lifecycle="provisional")
    node = parse({"contact": "unlinked"}, county_id=county.pk)
    spread = counting.by_township(node, county_id=county.pk, on=TODAY)
    assert {place.name if place else None: n for place, n in spread.items()} == {
        "小沙江镇": 1,
        None: 1,
    }
