"""A code of the week: readable, of one officer, worth nothing afterwards."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.builders import beat_of, make_county, make_officer
from weijing.accounts import identity_codes
from weijing.accounts.identity_codes import NoSuchOfficer
from weijing.accounts.models import Officer, Role
from weijing.core.ids import CODE_ALPHABET
from weijing.territory.models import County


@pytest.fixture
def officer(county: County) -> Officer:
    return make_officer(
        county, "yang", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村")
    )


def test_the_code_names_its_officer_however_it_is_typed(officer: Officer, at: datetime) -> None:
    code = identity_codes.code_of(officer, at=at)
    assert len(code) == 6
    assert set(code) <= set(CODE_ALPHABET)
    for typed in (code, code.lower(), f" {code[:3]}-{code[3:]} ", f"{code[:2]} {code[2:]}"):
        assert identity_codes.find(officer.county_id, typed, at=at) == officer


def test_it_holds_for_the_county_s_week_and_no_longer(officer: Officer) -> None:
    monday = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # 00:00 in the county
    code = identity_codes.code_of(officer, at=monday)
    last = monday + timedelta(days=7) - timedelta(seconds=1)
    assert identity_codes.code_of(officer, at=last) == code
    assert identity_codes.valid_until(monday) == monday + timedelta(days=7)
    with pytest.raises(NoSuchOfficer):
        identity_codes.find(officer.county_id, code, at=monday + timedelta(days=7))


def test_two_officers_have_two_codes(county: County, officer: Officer, at: datetime) -> None:
    codes = {identity_codes.code_of(officer, at=at)}
    for n in range(50):
        codes.add(identity_codes.code_of(Officer(pk=officer.pk + n + 1), at=at))
    assert len(codes) == 51


@pytest.mark.parametrize("typed", ["", "AAAAAA", "'; --", "钥匙钥匙钥匙", "\x00", "A" * 500])
def test_what_nobody_has_is_nobody(officer: Officer, at: datetime, typed: str) -> None:
    with pytest.raises(NoSuchOfficer):
        identity_codes.find(officer.county_id, typed, at=at)


def test_who_no_longer_serves_is_no_officer(officer: Officer, at: datetime) -> None:
    code = identity_codes.code_of(officer, at=at)
    Officer.objects.update(is_active=False)
    with pytest.raises(NoSuchOfficer):
        identity_codes.find(officer.county_id, code, at=at)


def test_another_county_s_officer_is_unknown_here(officer: Officer, at: datetime) -> None:
    other = make_county("431302")
    code = identity_codes.code_of(officer, at=at)
    with pytest.raises(NoSuchOfficer):
        identity_codes.find(other.pk, code, at=at)
