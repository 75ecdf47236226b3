"""Putting tags on people, by the rules."""

from datetime import date, datetime, timedelta

import pytest

from tests.builders import beat_of, division, make_contact, make_county, make_officer, make_resident
from tests.builders import make_tag as plain_tag
from weijing.accounts.models import Officer, Role
from weijing.audit.models import AuditEntry
from weijing.residents import consent
from weijing.residents.models import Resident
from weijing.tags import assigning, queries
from weijing.tags.models import Tag, TagAssignment, TagProjection
from weijing.territory.models import County


@pytest.fixture
def officer(county: County) -> Officer:
    return make_officer(
        county, "yang", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村")
    )


@pytest.fixture
def resident(county: County) -> Resident:
    return make_resident(division(county, "小沙江镇", "桃李村", "1组"))


@pytest.fixture
def lorry(county: County) -> Tag:
    return plain_tag(county, "TRF01001", "重型货车")


@pytest.fixture
def lives_alone(county: County) -> Tag:
    return plain_tag(
        county, "GRD02001", "独居老人", needs_separate_consent=True, set_by_resident_only=True
    )


def test_a_tag_says_who_when_why_and_until_when(
    resident: Resident, lorry: Tag, officer: Officer, at: datetime
) -> None:
    contact = make_contact(officer, resident)
    assigning.assign(resident, [lorry], source="visit", basis="走访登记", by=officer, at=at)
    held = TagAssignment.objects.get()
    assert (held.set_by, held.source, held.basis) == (officer, "visit", "走访登记")
    assert held.expires_on == date(2026, 11, 24) + timedelta(days=lorry.retention_days)
    assert TagProjection.objects.get().contact == contact
    assert AuditEntry.objects.get(action="tag.assigned").details["tags"] == ["TRF01001"]


def test_confirming_a_tag_starts_its_time_anew(
    resident: Resident, lorry: Tag, officer: Officer, at: datetime
) -> None:
    assigning.assign(resident, [lorry], source="visit", by=officer, at=at)
    later = at + timedelta(days=200)
    assigning.assign(resident, [lorry], source="inspection", by=officer, at=later)
    held = TagAssignment.objects.get()
    assert (held.confirmed_at, held.source) == (later, "inspection")


def test_no_sensitive_tag_without_its_own_consent(
    resident: Resident, lorry: Tag, lives_alone: Tag, at: datetime
) -> None:
    consent.give(resident, ["contact", "publicity", "GRD01"], by=None, at=at)
    with pytest.raises(assigning.ConsentMissing):
        assigning.assign(resident, [lorry, lives_alone], source="self", by=None, at=at)
    assert not TagAssignment.objects.exists(), "all or none"
    consent.give(resident, ["GRD02"], by=None, at=at)
    assigning.assign(resident, [lives_alone], source="self", by=None, at=at)


def test_a_single_sensitive_tag_in_an_ordinary_group_needs_consent_too(
    county: County, resident: Resident, at: datetime
) -> None:
    abroad = plain_tag(county, "SOC02016", "务工-境外")
    Tag.objects.filter(pk=abroad.pk).update(sensitive=True)
    with pytest.raises(assigning.ConsentMissing):
        assigning.assign(resident, [abroad], source="self", by=None, at=at)


def test_an_officer_cannot_make_the_residents_own_statement(
    resident: Resident, lives_alone: Tag, officer: Officer, at: datetime
) -> None:
    consent.give(resident, ["GRD02"], by=officer, at=at)
    for source in ("visit", "self"):
        with pytest.raises(assigning.OnlyTheResident):
            assigning.assign(resident, [lives_alone], source=source, by=officer, at=at)


def test_a_tag_of_another_county_is_not_put_on(resident: Resident, at: datetime) -> None:
    foreign = plain_tag(make_county("431302"), "TRF01001", "重型货车")
    assigning.assign(resident, [foreign], source="visit", by=None, at=at)
    assert not TagAssignment.objects.exists()


def test_removing_is_noted_and_projected(
    resident: Resident, lorry: Tag, officer: Officer, at: datetime
) -> None:
    make_contact(officer, resident)
    assigning.assign(resident, [lorry], source="visit", by=officer, at=at)
    TagProjection.objects.all().delete()
    assert assigning.remove(resident, [lorry], by=officer, at=at) == 1
    assert assigning.remove(resident, [lorry], by=officer, at=at) == 0
    assert TagProjection.objects.count() == 1
    assert AuditEntry.objects.filter(action="tag.removed").count() == 1


def test_expired_tags_stop_counting_first_and_go_later(
    resident: Resident, lorry: Tag, officer: Officer, at: datetime
) -> None:
    assigning.assign(resident, [lorry], source="visit", by=officer, at=at)
    last_day = TagAssignment.objects.get().expires_on
    assert queries.carried_by(resident, on=last_day).exists()
    assert not queries.carried_by(resident, on=last_day + timedelta(days=1)).exists()
    assert assigning.end_expired(resident.county_id, at=at) == 0
    later = at + timedelta(days=lorry.retention_days + 1)
    assert assigning.end_expired(resident.county_id, at=later) == 1
    assert not TagAssignment.objects.exists()


def test_a_sensitive_tag_goes_when_its_consent_was_taken_back(
    resident: Resident, lives_alone: Tag, lorry: Tag, at: datetime
) -> None:
    consent.give(resident, ["GRD02"], by=None, at=at)
    assigning.assign(resident, [lives_alone, lorry], source="self", by=None, at=at)
    consent.withdraw(resident, ["GRD02"], by=None, at=at)
    assert assigning.end_expired(resident.county_id, at=at) == 1
    assert TagAssignment.objects.get().tag == lorry


def test_in_bulk_nobody_is_tagged_against_their_will(
    county: County, lives_alone: Tag, lorry: Tag, officer: Officer, at: datetime
) -> None:
    place = division(county, "小沙江镇", "桃李村", "1组")
    willing = make_resident(place, consents=("GRD02",))
    others = [make_resident(place) for _ in range(3)]
    pairs = [(one.pk, tag) for one in (willing, *others) for tag in (lives_alone, lorry)]
    pairs.append(pairs[0])  # said twice
    done = assigning.assign_many(county.pk, pairs, source="partner", basis="名单", by=None, at=at)
    assert TagAssignment.objects.filter(tag=lorry).count() == 4
    assert TagAssignment.objects.get(tag=lives_alone).resident == willing
    assert (done.done, done.without_consent) == (5, 3)
    with pytest.raises(assigning.OnlyTheResident):
        assigning.assign_many(county.pk, pairs, source="partner", basis="", by=officer, at=at)
