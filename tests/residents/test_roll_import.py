"""What a roll does to the county."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.residents.rolls import as_csv, as_xlsx, id_number, person, refused, small_county, table
from weijing.audit.models import AuditEntry
from weijing.core.env import keyring
from weijing.residents.importing.roll import RollReport, import_roll
from weijing.residents.models import Household, OrdinalCounter, Resident, RollImport
from weijing.territory.models import County, Division

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
Row = dict[str, str]


@pytest.fixture
def place(db: None) -> County:
    return small_county()


@pytest.fixture
def take(place: County, tmp_path: Path) -> Any:
    """`take(rows)` imports rows as CSV; `apply=False` only checks."""

    def take(rows: list[Row], *, apply: bool = True, **options: Any) -> RollReport:
        path = as_csv(tmp_path / "roll.csv", rows)
        errors = tmp_path / "errors.xlsx"
        return import_roll(
            path, county=place, by=None, at=AT, apply=apply, errors_to=errors, **options
        )

    return take


def counts(report: RollReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.bad_rows


def test_a_row_becomes_a_resident_in_a_household_of_a_new_group(take: Any, place: County) -> None:
    report = take([person(1)])

    resident = Resident.objects.get()
    assert counts(report) == (1, 0, 0, 0)
    assert (report.groups_created, report.households_created) == (1, 1)
    assert resident.name == "阳小明"
    assert (resident.pinyin, resident.initials) == ("yangxiaoming", "yxm")
    assert (resident.sex, resident.born_on) == ("m", date(1980, 5, 1))
    assert resident.household is not None
    assert (resident.household.number, resident.household.address) == ("H0001", "1号")
    assert resident.household_role == "head"
    assert resident.division is not None
    assert (resident.division.code, resident.division.name) == ("430524101001004", "4组")
    assert resident.household.division_id == resident.division_id
    assert (resident.lifecycle, resident.consents) == ("roll", [])


def test_phone_and_id_number_are_sealed_for_their_row_and_found_by_blind_index(take: Any) -> None:
    take([person(1), person(2)])
    index = keyring().blind_index

    for resident in Resident.objects.all():
        assert resident.phone.encode() not in bytes(resident.phone_sealed or b"")
        assert resident.phone_index == index(resident.phone, purpose="phone")
        assert resident.phone_tail_index == index(resident.phone[-4:], purpose="phone_tail")
        assert resident.id_number_index == index(resident.id_number, purpose="id_number")
    found = Resident.objects.get(phone_index=index("15400000002", purpose="phone"))
    assert found.id_number == id_number(2)


def test_ordinals_are_dense_and_a_second_roll_goes_on(take: Any) -> None:
    take([person(1), person(2, 姓名="")])
    take([person(3), person(4)])

    assert sorted(Resident.objects.values_list("ordinal", flat=True)) == [0, 1, 2]
    assert OrdinalCounter.objects.get().next_ordinal == 3


def test_a_check_changes_nothing_but_says_the_same(take: Any) -> None:
    rows = [person(1), person(2, 组="塘边组"), person(3, 手机号="123")]
    checked = take(rows, apply=False)

    assert not Resident.objects.exists()
    assert not Household.objects.exists()
    assert not Division.objects.filter(level="group").exists()
    assert not OrdinalCounter.objects.exists()
    assert RollImport.objects.get().state == "checked"
    applied = take(rows)
    assert counts(checked) == counts(applied) == (2, 0, 0, 1)
    assert checked.groups_created == applied.groups_created == 2


def test_the_same_roll_again_touches_no_row(take: Any) -> None:
    rows = [person(n) for n in range(1, 9)] + [person(9, 身份证号="", 姓名="阳小小")]
    take(rows)
    before = list(Resident.objects.order_by("pk").values())

    report = take(rows)

    assert counts(report) == (0, 0, 9, 0)
    assert (report.households_created, report.households_updated) == (0, 0)
    assert list(Resident.objects.order_by("pk").values()) == before


def test_only_changed_rows_are_written(take: Any) -> None:
    take([person(1), person(2)])
    untouched = Resident.objects.get(ordinal=0)
    changed = Resident.objects.get(ordinal=1)

    report = take([person(1), person(2, 手机号="15400009999", 与户主关系="妻")])

    assert counts(report) == (0, 1, 1, 0)
    again = Resident.objects.get(pk=changed.pk)
    assert (again.phone, again.household_role, again.ordinal) == ("15400009999", "spouse", 1)
    same = Resident.objects.get(pk=untouched.pk)
    assert bytes(same.phone_sealed or b"") == bytes(untouched.phone_sealed or b"")


def test_what_the_roll_leaves_empty_is_kept(take: Any) -> None:
    take([person(1)])
    take([person(1, 手机号="", 地址="", 与户主关系="")])

    resident = Resident.objects.get()
    assert resident.phone == "15400000001"
    assert resident.household_role == "head"
    assert Household.objects.get().address == "1号"


def test_nobody_is_removed_and_the_absent_are_counted(take: Any) -> None:
    take([person(n) for n in range(1, 6)])
    report = take([person(n) for n in range(1, 4)])

    assert report.absent == 2
    assert Resident.objects.filter(lifecycle="roll").count() == 5


def test_a_household_that_moves_takes_members_along_whom_the_roll_leaves_out(take: Any) -> None:
    take([person(1), person(2, 户号="H0001", 姓名="阳阿姨", 与户主关系="妻")])
    report = take([person(1, 村="红星村", 组="2")])

    assert (report.updated, report.households_updated) == (1, 1)
    home = Household.objects.get()
    assert home.division.code == "430524101002002"
    assert set(Resident.objects.values_list("division_id", flat=True)) == {home.division_id}


def test_a_child_without_number_is_known_by_household_and_name(take: Any) -> None:
    child = person(5, 身份证号="", 手机号="", 姓名="阳豆豆", 与户主关系="子")
    take([child])
    assert Resident.objects.get().id_number == ""

    grown = {**child, "身份证号": id_number(5, born="20200301")}
    report = take([grown])

    assert counts(report) == (0, 1, 0, 0)
    assert Resident.objects.get().id_number == id_number(5, born="20200301")
    assert counts(take([grown])) == (0, 0, 1, 0)
    later = take([child])
    assert counts(later) == (0, 0, 1, 0)
    assert Resident.objects.get().id_number, "a roll without numbers forgets none"


def test_two_of_one_name_in_a_household_cannot_be_told_apart_without_number(take: Any) -> None:
    take([person(1, 户号="H1"), person(2, 户号="H1")])
    report = take([person(3, 户号="H1", 身份证号="")])

    assert counts(report) == (0, 0, 0, 1)
    assert "请补上身份证号" in refused(report.errors_file)[0][2]
    assert Resident.objects.count() == 2


def test_a_stranger_from_wecom_is_left_alone(take: Any, place: County) -> None:
    stranger = Resident.objects.create(
        county=place, ordinal=0, name="阳小明", lifecycle="provisional"
    )
    OrdinalCounter.objects.create(county=place, next_ordinal=1)
    report = take([person(1)])

    assert report.created == 1
    stranger.refresh_from_db()
    assert (stranger.lifecycle, stranger.household_id) == ("provisional", None)
    assert Resident.objects.get(lifecycle="roll").ordinal == 1


def test_someone_who_moved_away_is_back_on_the_roll(take: Any) -> None:
    take([person(1)])
    Resident.objects.update(lifecycle="moved")
    assert counts(take([person(1)])) == (0, 1, 0, 0)
    assert Resident.objects.get().lifecycle == "roll"


def test_two_counties_may_have_the_same_person(take: Any, place: County, tmp_path: Path) -> None:
    from weijing.territory.loading import Row as DivisionRow
    from weijing.territory.loading import load_county

    other = load_county(
        [
            DivisionRow("431302", "娄星区"),
            DivisionRow("431302101", "杉山镇"),
            DivisionRow("431302101001", "桃李村"),
        ],
        source="test",
    ).county
    take([person(1)])
    path = as_csv(tmp_path / "other.csv", [person(1, 乡镇="杉山镇")])
    report = import_roll(path, county=other, by=None, at=AT, apply=True)

    assert report.created == 1
    assert sorted(Resident.objects.values_list("county_id", "ordinal")) == sorted(
        [(place.pk, 0), (other.pk, 0)]
    )


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"姓名": ""}, "没有填姓名"),
        ({"姓名": "=1+1"}, "姓名里有不该有的字符"),
        ({"姓名": "<b>阳</b>"}, "姓名里有不该有的字符"),
        ({"姓名": "阳" * 61}, "姓名过长"),
        ({"户号": ""}, "没有填户号"),
        ({"户号": "9" * 31}, "户号过长"),
        ({"身份证号": "43052419800501123"}, "身份证号应为 18 位"),
        ({"身份证号": id_number(1)[:-1] + "5"}, "校验位不对"),
        ({"身份证号": id_number(1, born="19800230")}, "出生日期不对"),
        ({"身份证号": id_number(1, born="20991231")}, "出生日期不对"),
        ({"身份证号": "999999198005013000"}, "Excel"),
        ({"身份证号": "4.30524E+17"}, "Excel"),
        ({"手机号": "1380013800"}, "手机号应为 11 位"),
        ({"手机号": "12345678901"}, "手机号应为 11 位"),
        ({"村": ""}, "没有填村"),
        ({"村": "无此村"}, "没有这个村"),
        ({"乡镇": "无此镇"}, "没有这个乡镇"),
        ({"乡镇": "", "村": "红星村"}, "同名的村不止一个"),
        ({"组": "很长的组名" * 5}, "组名过长"),
        ({"地址": "号" * 121}, "地址过长"),
    ],
)
def test_a_bad_row_is_refused_with_its_number_and_reason(
    take: Any, cells: Row, reason: str
) -> None:
    report = take([person(50), {**person(51), **cells}, person(52)])

    ((_, row, said),) = refused(report.errors_file)
    assert row == 3
    assert reason in said
    assert report.created == 2
    assert Resident.objects.count() == 2


@pytest.mark.parametrize(
    ("cells", "field", "value"),
    [
        ({"身份证号": id_number(7, place="99999X"[:5] + "9").lower()}, "sex", "m"),
        ({"身份证号": "'" + id_number(8)}, "sex", "f"),
        ({"身份证号": f'="{id_number(8)}"'}, "sex", "f"),
        ({"身份证号": "９９９９９９" + id_number(8)[6:]}, "sex", "f"),
        ({"手机号": "+86 154-0000-0001"}, "phone", "15400000001"),
        ({"手机号": "15400000001、15400000002"}, "phone", "15400000001"),
        ({"手机号": "15400000001.0"}, "phone", "15400000001"),
        ({"姓名": "　阳　小明 "}, "name", "阳 小明"),
        ({"姓名": "阿卜•热合曼"}, "name", "阿卜·热合曼"),
        ({"姓名": "𠮷小明"}, "name", "𠮷小明"),
        ({"与户主关系": "长子"}, "household_role", "child"),
        ({"与户主关系": "孙女"}, "household_role", "family"),
    ],
)
def test_harmless_ways_of_writing_are_understood(
    take: Any, cells: Row, field: str, value: str
) -> None:
    report = take([{**person(1), **cells}])
    assert report.bad_rows == 0, report.reasons
    assert getattr(Resident.objects.get(), field) == value


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"乡镇": "小沙江", "村": "红星"}, "430524101002004"),
        ({"乡镇": "金石桥镇", "村": "红星村村委会"}, "430524102001004"),
        ({"乡镇": "", "村": "九龙社区", "组": "第十二村民小组"}, "430524102002012"),
        ({"村": "桃李", "组": ""}, "430524101001"),
        ({"村": "桃李", "组": "塘边组"}, "430524101001501"),
    ],
)
def test_places_are_found_however_they_are_written(take: Any, cells: Row, code: str) -> None:
    report = take([{**person(1), **cells}])
    assert report.bad_rows == 0, report.reasons
    assert Resident.objects.get().division.code == code  # type: ignore[union-attr]


def test_a_division_code_is_enough(take: Any) -> None:
    row = {"区划代码": "430524102001", "户号": "1", "姓名": "阳明", "身份证号": id_number(3)}
    report = take([row, {**row, "区划代码": "430524109001", "身份证号": id_number(4)}])
    assert counts(report) == (1, 0, 0, 1)
    assert Resident.objects.get().division.code == "430524102001"  # type: ignore[union-attr]


def test_the_address_keeps_only_what_the_division_does_not_say(take: Any) -> None:
    take([person(1, 地址="湖南省邵阳市隆回县小沙江镇桃李村4组12号")])
    assert Household.objects.get().address == "12号"


def test_doubles_in_the_file_name_the_row_they_repeat(take: Any) -> None:
    rows = [
        person(1),
        person(1, 姓名="阳大明", 户号="H9"),
        person(2, 户号="H2", 身份证号="", 姓名="阳豆豆"),
        person(2, 户号="H2", 身份证号="", 姓名="阳豆豆"),
        person(3, 户号="H2", 姓名="阳豆豆"),
        person(4, 户号="H0001", 组="9组"),
    ]
    report = take(rows)

    reasons = {row: reason for _, row, reason in refused(report.errors_file)}
    assert "身份证号与第 2 行重复" in reasons[3]
    assert "与第 6 行同户同名" in reasons[4]
    assert "与第 6 行同户同名" in reasons[5]
    assert "户号与第 2 行相同，村组却不同" in reasons[7]
    assert report.created == 2
    assert report.rows == 6


def test_one_good_row_in_a_hundred_bad_ones_is_imported(take: Any) -> None:
    report = take([person(n, 手机号="0") for n in range(100, 199)] + [person(1)])
    assert counts(report) == (1, 0, 0, 99)
    assert report.reasons == {"手机号应为 11 位": 99}
    assert [row for _, row, _ in refused(report.errors_file)] == list(range(2, 101))


def test_error_workbooks_hold_text_only(take: Any) -> None:
    evil = '=HYPERLINK("http://x.example","点我")'
    report = take([person(1, 姓名=evil, 地址="+1+1", 组="@SUM(1)", 手机号="-1")])

    assert report.errors_file is not None
    book = openpyxl.load_workbook(report.errors_file)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value]
    assert evil in {cell.value for cell in cells}
    assert {cell.data_type for cell in cells} == {"s"}
    assert not any(cell.hyperlink for cell in cells)
    assert report.errors_file.stat().st_mode & 0o077 == 0


def test_a_roll_over_two_sheets_names_the_sheet(place: County, tmp_path: Path) -> None:
    first = table([person(n) for n in (1, 2)])
    second = table([person(1, 户号="H8"), person(3)])
    path = as_xlsx(tmp_path / "roll.xlsx", first, second, [["说明"], ["仅供参考"]])
    report = import_roll(
        path, county=place, by=None, at=AT, apply=True, errors_to=tmp_path / "e.xlsx"
    )

    assert counts(report) == (3, 0, 0, 1)
    assert refused(report.errors_file) == [
        ("第2页", 2, "身份证号与“第1页”第 2 行重复"),
    ]
    assert report.ignored_sheets == ["第3页"]


def test_every_act_leaves_its_record_and_its_trail(take: Any) -> None:
    take([person(1), person(2, 姓名="")], apply=False)
    report = take([person(1), person(2, 姓名="")])

    record = RollImport.objects.get(pk=report.roll_import.pk)
    assert (record.state, record.rows, record.created, record.bad_rows) == ("applied", 2, 1, 1)
    assert record.columns["name"] == "姓名"
    assert len(record.file_sha256) == 64
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "roll.checked", "roll.imported",
    ]  # fmt: skip
    entry = AuditEntry.objects.get(action="roll.imported")
    assert entry.object_id == record.pk
    assert "阳小明" not in str(entry.details)


def test_a_first_load_puts_every_index_and_constraint_back(
    take: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connection

    from weijing.residents.importing import taking_in

    def shape() -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid IN "
                "('residents_resident'::regclass, 'residents_household'::regclass) "
                "UNION SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN "
                "('residents_resident', 'residents_household') ORDER BY 1, 2"
            )
            return cursor.fetchall()

    before = shape()
    monkeypatch.setattr(taking_in, "FIRST_LOAD_ROWS", 1)
    used: list[str] = []
    original = taking_in.without_indexes
    monkeypatch.setattr(
        taking_in, "without_indexes", lambda tables: used.extend(tables) or original(tables)
    )
    report = take([person(n) for n in range(1, 30)])

    assert used == ["residents_resident", "residents_household"]
    assert report.created == 29
    assert shape() == before
    assert len(before) > 15


def test_a_column_can_be_named_by_hand(take: Any) -> None:
    row = {("编码" if title == "户号" else title): cell for title, cell in person(1).items()}
    report = take([row], columns={"household": "编码"})
    assert counts(report) == (1, 0, 0, 0)
    assert report.columns["household"] == "编码"
