"""A later roll meets what people have corrected since."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.residents.rolls import as_csv, id_number, person, small_county
from weijing.residents.importing.reports import RollReport, Source
from weijing.residents.importing.roll import import_roll
from weijing.residents.models import (
    Household,
    ImportProfile,
    Resident,
    ResidentChange,
    RollAbsence,
    RollConflict,
)
from weijing.territory.models import County, Division

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
Row = dict[str, str]


@pytest.fixture
def place(db: None) -> County:
    return small_county()


@pytest.fixture
def take(place: County, tmp_path: Path) -> Any:
    day = 0

    def take(rows: list[Row], *, apply: bool = True, **source: Any) -> RollReport:
        nonlocal day
        day += 1
        path = as_csv(tmp_path / "roll.csv", rows)
        return import_roll(
            path, county=place, by=None, at=AT + timedelta(days=day), apply=apply,
            source=Source(**source), errors_to=tmp_path / "errors.xlsx",
        )  # fmt: skip

    return take


def renamed(name: str) -> None:
    """As an officer would have corrected it."""
    Resident.objects.update(name=name)


def conflicts() -> list[tuple[str, str, str, str]]:
    rows = RollConflict.objects.order_by("pk")
    return [(one.field, one.ours, one.theirs, one.state) for one in rows]


def test_what_somebody_corrected_stays_while_the_roll_repeats_itself(take: Any) -> None:
    take([person(1)])
    renamed("阳小鸣")

    same = take([person(1)])
    other_cell = take([person(1, 手机号="15400009999")])

    assert (same.updated, same.conflicts) == (0, 0)
    assert (other_cell.updated, other_cell.conflicts) == (1, 0)
    resident = Resident.objects.get()
    assert (resident.name, resident.phone) == ("阳小鸣", "15400009999")
    assert "小鸣" in resident.grams


def test_when_both_have_changed_a_person_is_asked_once(take: Any) -> None:
    take([person(1)])
    renamed("阳小鸣")

    preview = take([person(1, 姓名="阳晓明")], apply=False)
    first = take([person(1, 姓名="阳晓明")])
    again = take([person(1, 姓名="阳晓明")])

    assert (preview.conflicts, first.conflicts, again.conflicts) == (1, 1, 0)
    assert conflicts() == [("name", "阳小鸣", "阳晓明", "open")]
    assert Resident.objects.get().name == "阳小鸣"
    sample = preview.roll_import.preview["samples"][0]
    assert (sample["row"], sample["ours"], sample["theirs"]) == (2, "阳**", "阳**")


@pytest.mark.parametrize(("policy", "name"), [("roll", "阳晓明"), ("ours", "阳小鸣")])
def test_a_column_may_have_its_own_policy(take: Any, policy: str, name: str) -> None:
    take([person(1)])
    renamed("阳小鸣")
    report = take([person(1, 姓名="阳晓明")], policies={"name": policy})

    assert report.conflicts == 0
    assert Resident.objects.get().name == name


def test_a_person_without_number_who_moved_is_not_taken_for_a_new_one(
    take: Any, place: County
) -> None:
    child = person(5, 身份证号="", 手机号="", 姓名="阳豆豆", 与户主关系="子")
    take([person(5), child])
    home = Household.objects.create(
        county=place, division=Division.objects.get(code="430524102002"), number="W1", address="9号"
    )
    Resident.objects.filter(name="阳豆豆").update(
        household=home, division=home.division, name="阳小豆"
    )

    same = take([person(5), child])
    role = take([person(5), {**child, "与户主关系": "孙女"}])

    assert (same.created, role.created, role.updated) == (0, 0, 1)
    moved = Resident.objects.get(name="阳小豆")
    assert (moved.household_id, moved.division_id) == (home.pk, home.division_id)


def test_a_household_moved_by_an_officer_stays_until_the_roll_says_something_new(
    take: Any,
) -> None:
    take([person(1)])
    nine = Division.objects.get(code="430524102002")
    Household.objects.update(division=nine, address="99号")
    Resident.objects.update(division=nine)

    take([person(1, 手机号="15400000009")])
    home = Household.objects.get()
    assert (home.division_id, home.address) == (nine.pk, "99号")
    assert Resident.objects.get().division_id == nine.pk

    asked = take([person(1, 村="红星村", 组="2")])
    assert asked.conflicts == 1
    assert conflicts()[0][:3:2] == ("place", "430524101002/2组")
    assert Household.objects.get().division_id == nine.pk
    assert Resident.objects.get().division_id == nine.pk


def test_what_the_roll_changes_stands_in_the_timeline_with_phones_masked(take: Any) -> None:
    take([person(1), person(2, 户号="H0001", 姓名="阳阿姨", 与户主关系="妻")])
    assert not ResidentChange.objects.exists()
    take([
        person(1, 手机号="15400008888", 地址="8号"),
        person(2, 户号="H0001", 姓名="阳阿姨", 与户主关系="妻", 地址="8号"),
    ])  # fmt: skip

    phone = ResidentChange.objects.get(kind="corrected")
    assert (phone.source, phone.before, phone.after) == (
        "roll", {"手机号": "154****0001"}, {"手机号": "154****8888"},
    )  # fmt: skip
    moved = ResidentChange.objects.filter(kind="household")
    assert [one.after for one in moved] == [{"地址": "8号"}] * 2


def test_who_moved_away_by_an_officers_word_is_asked_about_once(take: Any, place: County) -> None:
    take([person(1)])
    resident = Resident.objects.get()
    Resident.objects.update(lifecycle="moved")
    ResidentChange.objects.create(
        county=place, resident=resident, at=AT + timedelta(days=1, hours=1), kind="lifecycle",
        source="officer",
    )  # fmt: skip

    assert [take([person(1)]).conflicts for _ in range(3)] == [1, 0, 0]
    assert Resident.objects.get().lifecycle == "moved"


def test_the_dead_stay_dead(take: Any) -> None:
    take([person(1), person(2, 身份证号="", 姓名="阳爷爷")])
    Resident.objects.update(lifecycle="deceased")
    report = take([person(1), person(2, 身份证号="", 姓名="阳爷爷", 手机号="15400007777")])

    assert report.created == 0
    assert set(Resident.objects.values_list("lifecycle", flat=True)) == {"deceased"}


def test_the_missing_are_proposed_as_moved_away_in_the_files_own_places(take: Any) -> None:
    here = [person(n) for n in range(1, 5)]
    take([*here, *[person(n, 村="红星村") for n in range(11, 15)]])

    report = take(here[:3])

    assert report.absent == 1
    absence = RollAbsence.objects.get()
    assert (absence.resident.id_number, absence.state) == (id_number(4), "open")
    assert Resident.objects.filter(lifecycle="roll").count() == 8
    take(here[:3])
    assert RollAbsence.objects.count() == 1, "proposed once"
    take(here)
    assert not RollAbsence.objects.exists(), "there again"


def test_a_list_of_some_makes_nobody_missing(take: Any) -> None:
    rows = [person(n) for n in range(1, 10)]
    take(rows)

    corrected = take(rows[:2])
    addition = take(rows[:8], is_whole=False)

    assert (corrected.absent, corrected.partial_villages) == (0, 1)
    assert addition.absent == 0
    assert not RollAbsence.objects.exists()


def test_only_people_of_the_same_source_are_missing_in_it(take: Any, place: County) -> None:
    clinic = ImportProfile.objects.create(county=place, name="卫健委名册", saved_at=AT)
    take([person(n) for n in range(1, 5)], profile=clinic)
    report = take([person(n) for n in range(11, 15)])
    assert report.absent == 0
    assert take([person(n) for n in range(1, 4)], profile=clinic).absent == 1


def test_every_reason_is_given_and_its_cell_marked(take: Any, tmp_path: Path) -> None:
    report = take([person(1, 姓名="", 手机号="1", 村="无此村")])

    assert report.reasons == {"没有填姓名": 1, "手机号应为 11 位": 1, "没有这个村（社区）": 1}
    assert report.bad_rows == 1
    sheet = openpyxl.load_workbook(tmp_path / "errors.xlsx").worksheets[0]
    marked = {
        sheet.cell(1, cell.column).value for cell in sheet[2] if cell.fill.fgColor.rgb == "FFFDE2E0"
    }
    assert marked == {"姓名", "手机号", "村社区"}


def test_two_people_on_one_phone_and_rare_names_are_all_taken_in(take: Any) -> None:
    rows = [
        person(1, 手机号="15400000001", 姓名="买买提·艾力"),
        person(2, 手机号="15400000001", 姓名="𬱖𠮷", 户号="H0001"),
    ]
    assert take(rows).created == 2
    assert take(rows).unchanged == 2
    assert set(Resident.objects.values_list("name", flat=True)) == {"买买提·艾力", "𬱖𠮷"}


def test_a_birth_date_learnt_at_the_door_is_not_overwritten_unasked(take: Any) -> None:
    child = person(1, 身份证号="", 姓名="阳豆豆")
    take([child])
    Resident.objects.update(born_on=date(2019, 5, 1))
    report = take([{**child, "出生日期": "2019-06-01"}])

    assert report.conflicts == 1
    assert Resident.objects.get().born_on == date(2019, 5, 1)
