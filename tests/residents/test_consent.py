"""Consent: separate, in force at once, gone at once, and never forgotten."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest
from django.db import connection

from tests.builders import beat_of, division, make_county, make_officer, make_resident
from weijing.accounts.models import Officer, Role
from weijing.audit.models import AuditEntry
from weijing.residents import consent, notices
from weijing.residents.models import ConsentRecord, Resident
from weijing.territory.models import County


@pytest.fixture
def resident(county: County) -> Resident:
    return make_resident(division(county, "小沙江镇", "桃李村", "1组"))


@pytest.fixture
def officer(county: County) -> Officer:
    return make_officer(
        county, "yang", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村")
    )


def test_consent_is_in_force_at_once_with_the_notice_it_was_given_to(
    resident: Resident, officer: Officer, at: datetime
) -> None:
    consent.give(resident, ["publicity"], by=officer, at=at)

    resident.refresh_from_db()
    assert resident.consents == ["publicity"]
    record = ConsentRecord.objects.get(resident=resident)
    assert (record.given, record.notice_version, record.recorded_by) == (
        True,
        notices.CURRENT,
        officer,
    )
    assert AuditEntry.objects.filter(action="consent.given", object_id=resident.pk).exists()


def test_withdrawal_takes_effect_at_once_and_adds_a_row(
    resident: Resident, officer: Officer, at: datetime
) -> None:
    consent.give(resident, ["contact", "publicity"], by=officer, at=at)
    consent.withdraw(resident, ["publicity"], by=None, at=at + timedelta(minutes=1))

    resident.refresh_from_db()
    assert resident.consents == ["contact"]
    assert ConsentRecord.objects.filter(resident=resident).count() == 3


def test_who_is_no_contact_any_more_gets_nothing_else_either(
    resident: Resident, officer: Officer, at: datetime
) -> None:
    consent.give(resident, ["contact", "publicity", "GRD02"], by=officer, at=at)
    consent.withdraw(resident, ["contact"], by=None, at=at)

    resident.refresh_from_db()
    assert resident.consents == []


def test_a_refusal_of_what_was_never_given_is_remembered(resident: Resident, at: datetime) -> None:
    consent.withdraw(resident, ["publicity"], by=None, at=at)
    assert ConsentRecord.objects.filter(resident=resident, given=False).count() == 1


def test_giving_twice_adds_nothing(resident: Resident, at: datetime) -> None:
    consent.give(resident, ["publicity"], by=None, at=at)
    consent.give(resident, ["publicity"], by=None, at=at)
    assert ConsentRecord.objects.filter(resident=resident).count() == 1


@pytest.mark.parametrize("scope", ["", "all", "grd02", "GRD2", "GRD02 ", "x" * 30])
def test_no_consent_to_what_no_notice_explains(
    resident: Resident, at: datetime, scope: str
) -> None:
    with pytest.raises(consent.UnknownScope):
        consent.give(resident, [scope], by=None, at=at)
    assert not ConsentRecord.objects.filter(resident=resident).exists()


def test_a_child_under_fourteen_cannot_agree_for_itself(county: County, at: datetime) -> None:
    place = division(county, "小沙江镇", "桃李村", "1组")
    child = make_resident(place, born_on=date(2012, 11, 25))  # fourteen tomorrow
    with pytest.raises(consent.TooYoung):
        consent.give(child, ["contact"], by=None, at=at)
    consent.give(child, ["contact"], by=None, at=at + timedelta(days=1))


def test_the_notice_names_the_bureau_and_the_rights() -> None:
    text = notices.notice(bureau="隆回县公安局")
    assert "{" not in text
    for word in ("隆回县公安局", "撤回", "保存多久", "查阅", "十四周岁", "投诉"):
        assert word in text


@pytest.mark.django_db(transaction=True)
def test_consents_given_at_the_same_moment_are_all_kept(at: datetime) -> None:
    resident = make_resident(division(make_county(), "小沙江镇", "桃李村", "1组"))
    scopes = ["contact", "publicity", "GRD01", "GRD02", "GRD03", "GRD05"]

    def give(scope: str) -> None:
        try:
            consent.give(Resident.objects.get(pk=resident.pk), [scope], by=None, at=at)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(give, scopes))

    resident.refresh_from_db()
    assert set(resident.consents) == set(scopes)


def test_what_was_said_earlier_does_not_undo_what_was_said_since(
    resident: Resident, officer: Officer, at: datetime
) -> None:
    consent.withdraw(resident, ["publicity"], by=None, at=at)

    with pytest.raises(consent.SaidOtherwiseSince):
        consent.give(resident, ["publicity"], by=officer, at=at - timedelta(days=1))

    resident.refresh_from_db()
    assert resident.consents == []


def test_an_officer_s_earlier_note_does_not_take_back_what_was_given_since(
    resident: Resident, officer: Officer, at: datetime
) -> None:
    consent.give(resident, ["publicity"], by=None, at=at)

    with pytest.raises(consent.SaidOtherwiseSince):
        consent.withdraw(resident, ["publicity"], by=officer, at=at - timedelta(days=1))

    resident.refresh_from_db()
    assert resident.consents == ["publicity"]


def test_a_resident_s_own_withdrawal_holds_even_when_a_clock_is_behind(
    resident: Resident, officer: Officer, at: datetime
) -> None:
    consent.give(resident, ["publicity"], by=officer, at=at)
    consent.withdraw(resident, ["publicity"], by=None, at=at - timedelta(seconds=2))

    resident.refresh_from_db()
    assert resident.consents == []
    assert consent.in_force(ConsentRecord.objects.filter(resident=resident)) == []


def test_the_sentence_agreed_to_can_be_shown_again_years_later(
    resident: Resident, officer: Officer, at: datetime
) -> None:
    consent.give(resident, ["GRD02"], by=officer, at=at)
    version = ConsentRecord.objects.get(resident=resident).notice_version

    shown = notices.choice("GRD02", bureau="隆回县公安局", group="老年人关爱", version=version)

    assert shown.name == "敏感标签：老年人关爱"
    assert "我单独同意登记「老年人关爱」这一类标签" in shown.wording
    assert "隆回县公安局" in notices.choice("contact", bureau="隆回县公安局").wording


@pytest.mark.parametrize("version", ["1999-01", "../secrets", "2026-11.txt", ""])
def test_a_notice_that_never_was_is_not_found(version: str) -> None:
    with pytest.raises(FileNotFoundError):
        notices.notice(version, bureau="隆回县公安局")
    with pytest.raises(FileNotFoundError):
        notices.choice("contact", bureau="隆回县公安局", version=version)
