"""Files as they come: encodings, separators, sheets; and files that are no roll."""

import struct
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.db import connection

from tests.residents.rolls import (
    HEADINGS,
    as_csv,
    as_xlsx,
    id_number,
    person,
    refused,
    small_county,
    table,
)
from weijing.audit.models import AuditEntry
from weijing.residents.importing import opening, reading_child
from weijing.residents.importing.opening import BadRoll
from weijing.residents.importing.roll import RollReport, import_roll
from weijing.residents.models import Household, Resident, RollImport
from weijing.territory.models import County

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.fixture
def place(db: None) -> County:
    with connection.cursor() as cursor:  # the test's own transaction waits while a file is read
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    return small_county()


@pytest.fixture
def take(place: County, tmp_path: Path) -> Any:
    def take(path: Path, **options: Any) -> RollReport:
        errors = tmp_path / "errors.xlsx"
        return import_roll(
            path, county=place, by=None, at=AT, apply=True, errors_to=errors, **options
        )

    return take


@pytest.fixture
def refuses(take: Any) -> Any:
    """The Chinese sentence a file is refused with; and that nothing was imported."""

    def refuses(path: Path) -> str:
        with pytest.raises(BadRoll) as refusal:
            take(path)
        assert not Resident.objects.exists()
        assert not Household.objects.exists()
        record = RollImport.objects.get()
        assert (record.state, record.created) == ("failed", 0)
        assert AuditEntry.objects.latest("pk").action == "roll.refused"
        return str(refusal.value)

    return refuses


@pytest.mark.parametrize(
    ("encoding", "separator"),
    [
        ("utf-8", ","), ("utf-8-sig", ","), ("gbk", ","), ("gb18030", ";"), ("utf-8", "\t"),
        ("utf-16", "\t"), ("utf-8-sig", ";"), ("gbk", "|"),
    ],
)  # fmt: skip
def test_text_is_read_in_every_common_encoding(
    take: Any, tmp_path: Path, encoding: str, separator: str
) -> None:
    rows = [person(1, 姓名="阳龑"), person(2, 地址="老街;一号,后院|2")]
    report = take(as_csv(tmp_path / "r.csv", rows, encoding=encoding, separator=separator))
    assert (report.created, report.bad_rows) == (2, 0)
    assert Resident.objects.filter(name="阳龑").exists()
    assert Household.objects.get(number="H0002").address == "老街;一号,后院|2"


def test_four_byte_characters_of_gb18030_are_read(take: Any, tmp_path: Path) -> None:
    take(as_csv(tmp_path / "r.csv", [person(1, 姓名="𠮷𨳊")], encoding="gb18030"))
    assert Resident.objects.get().name == "𠮷𨳊"


def test_quoted_cells_may_hold_separators_quotes_and_line_ends(take: Any, tmp_path: Path) -> None:
    rows = [person(1, 地址='1号"后院"\n二楼, 左'), person(2, 姓名="")]
    report = take(as_csv(tmp_path / "r.csv", rows))
    assert report.created == 1
    assert Household.objects.get().address == '1号"后院" 二楼, 左'
    assert [row for _, row, _ in refused(report.errors_file)] == [3]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_on_any_machine(take: Any, tmp_path: Path, ending: str) -> None:
    rows = table([person(1), person(2, 手机号="1"), person(3)])
    path = tmp_path / "r.csv"
    path.write_bytes(ending.join(",".join(row) for row in rows).encode())
    report = take(path)
    assert (report.created, report.bad_rows) == (2, 1)
    assert [row for _, row, _ in refused(report.errors_file)] == [3]


def test_blank_lines_count_as_rows_and_are_passed_over(take: Any, tmp_path: Path) -> None:
    lines = [",".join(row) for row in table([person(1), person(2, 手机号="1")])]
    path = tmp_path / "r.csv"
    path.write_text("\n".join([lines[0], "", lines[1], "", ",,,,,,,,", "", lines[2], "", ""]))
    report = take(path)
    assert (report.rows, report.created) == (2, 1)
    assert [row for _, row, _ in refused(report.errors_file)] == [7]


def test_a_line_with_too_many_cells_is_one_bad_row(take: Any, tmp_path: Path) -> None:
    lines = [",".join(row) for row in table([person(1), person(2), person(3)])]
    lines[2] += ",多出来的"
    path = tmp_path / "r.csv"
    path.write_text("\n".join(lines))
    report = take(path)
    assert report.created == 2
    assert refused(report.errors_file) == [("", 3, "这一行的列数比表头多")]


def test_a_file_in_several_blocks_keeps_its_row_numbers(
    take: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n".join(f'{n},"a\n{n}"' for n in range(500)) + "\n"
    path = tmp_path / "r.txt"
    path.write_text(text)
    monkeypatch.setattr(reading_child, "BLOCK_CHARS", 97)
    blocks = list(reading_child._blocks(path, "utf-8"))
    assert "".join(blocks) == text
    assert len(blocks) > 20
    assert all(block.count('"') % 2 == 0 and block.endswith("\n") for block in blocks)


def test_titles_above_the_headings_are_passed_over(take: Any, tmp_path: Path) -> None:
    rows = table([person(1), person(2, 手机号="1")])
    path = as_xlsx(tmp_path / "r.xlsx", [["隆回县人口花名册"], ["填表人", "某某"], [], *rows])
    report = take(path)
    assert report.created == 1
    assert [row for _, row, _ in refused(report.errors_file)] == [6]


def test_numbers_and_formulas_of_a_workbook_are_only_text(take: Any, tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(list(HEADINGS))
    sheet.append([*list(person(1).values())[:7], 15400000001, 12])
    sheet.append([*list(person(2).values())[:4], '=CONCAT("阳","明")', "", id_number(2), "", ""])
    book.save(path)
    report = take(path)

    assert report.created == 1
    resident = Resident.objects.get()
    assert resident.phone == "15400000001"
    assert Household.objects.get().address == "12"
    # A formula nobody calculated has no value; it is not calculated here either.
    assert refused(report.errors_file) == [("Sheet", 3, "没有填姓名")]


def test_an_id_number_that_excel_spoiled_is_named_as_such(take: Any, tmp_path: Path) -> None:
    cells = list(person(1).values())
    path = as_xlsx(tmp_path / "r.xlsx", [HEADINGS, [*cells[:6], 999999198005013000, *cells[7:]]])
    report = take(path)
    assert "Excel" in refused(report.errors_file)[0][2]


@pytest.mark.parametrize(
    ("headings", "says"),
    [
        (("姓名", "电话"), "缺少列：户号、村社区（或区划代码）。找到的列：姓名、电话"),
        (("甲", "乙"), "找不到表头"),
        (("户号", "村", "出生"), "缺少列：姓名"),
    ],
)
def test_wrong_columns_are_named_with_what_was_found(
    refuses: Any, tmp_path: Path, headings: tuple[str, ...], says: str
) -> None:
    row = ["某"] * len(headings)
    assert says in refuses(as_xlsx(tmp_path / "r.xlsx", [headings, row]))
    RollImport.objects.all().delete()
    path = tmp_path / "r.csv"
    path.write_text(f"{','.join(headings)}\n{','.join(row)}\n")
    assert says in refuses(path)


def test_merged_cells_are_named_with_their_place(refuses: Any, tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in table([person(1), person(2), person(3)]):
        sheet.append(row)
    sheet.merge_cells("D2:D4")
    book.save(path)
    assert "合并的单元格（如 D2:D4）" in refuses(path)


def test_a_merged_title_does_no_harm(take: Any, tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["花名册"])
    for row in table([person(1)]):
        sheet.append(row)
    sheet.merge_cells("A1:I1")
    book.save(path)
    assert take(path).created == 1


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "空的"),
        (b"\xef\xbb\xbf", "没有一行数据"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "旧版 Excel"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "打开密码",
        ),
        (b"PK\x03\x04 no more", "已损坏"),
        (bytes(range(256)) * 20, "不是表格"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "不是表格"),
        (b"\x81\x20\xff\xff\xfe" * 50, "编码"),
        (b"%PDF-1.7\n\x01\x02", "不是表格"),
        (",".join(HEADINGS).encode(), "没有一行数据"),
        ('姓名,户号,村\n"阳,1,桃李村\n'.encode(), "引号"),
        (b"\n" * 100_000, "找不到表头|没有一行数据"),
    ],
)
def test_what_is_no_roll_is_refused_in_plain_words(
    refuses: Any, tmp_path: Path, data: bytes, says: str
) -> None:
    import re

    assert re.search(says, refuses(write(tmp_path / "r.xlsx", data)))


def test_an_archive_that_is_no_workbook_is_refused(refuses: Any, tmp_path: Path) -> None:
    path = tmp_path / "r.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("roll.csv", "姓名,户号")
    assert "压缩包" in refuses(path)


def workbook(path: Path, sheet_xml: bytes, **more: bytes) -> Path:
    """A workbook whose only sheet has this XML; `more` are further entries."""
    good = path.with_suffix(".good.xlsx")
    openpyxl.Workbook().save(good)
    with (
        zipfile.ZipFile(good) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            target.writestr(name, sheet_xml if "sheet1" in name else source.read(name))
        for name, data in more.items():
            target.writestr(name, data)
    return path


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'


def test_a_zip_bomb_is_refused_before_it_is_unpacked(refuses: Any, tmp_path: Path) -> None:
    bomb = SHEET + b"<sheetData>" + b" " * 60_000_000 + b"</sheetData></worksheet>"
    path = workbook(tmp_path / "r.xlsx", bomb)
    assert path.stat().st_size < 500_000
    assert "异常庞大" in refuses(path)


def test_a_bomb_that_lies_about_its_size_hurts_only_the_reading_process(
    refuses: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path / "r.xlsx", SHEET + b"<sheetData>" + b" " * 60_000_000)
    data = bytearray(path.read_bytes())
    real, said = struct.pack("<I", 60_000_000 + len(SHEET) + 11), struct.pack("<I", 1000)
    assert data.count(real) >= 2  # local header and central directory
    path.write_bytes(bytes(data).replace(real, said))
    assert "读不了" in refuses(path)


def test_a_workbook_of_very_many_entries_is_refused(refuses: Any, tmp_path: Path) -> None:
    more = {f"xl/media/{n}.png": b"" for n in range(300)}
    assert "异常庞大" in refuses(workbook(tmp_path / "r.xlsx", SHEET + b"</worksheet>", **more))


def test_entities_that_expand_are_not_expanded(refuses: Any, tmp_path: Path) -> None:
    lol = b"".join(
        b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"lol" * 10)
        for n in range(12)
    )
    xml = b'<?xml version="1.0"?><!DOCTYPE x [' + lol + b"]>" + SHEET
    xml += b'<sheetData><row r="1"><c r="A1" t="str"><v>&l11;</v></c></row></sheetData></worksheet>'
    refuses(workbook(tmp_path / "r.xlsx", xml))


def test_a_cell_at_the_far_end_of_the_sheet_is_not_unfolded(refuses: Any, tmp_path: Path) -> None:
    xml = SHEET + b'<sheetData><row r="1"><c r="A1" t="str"><v>x</v></c></row>'
    xml += b'<row r="1048576"><c r="XFD1048576" t="str"><v>y</v></c></row></sheetData></worksheet>'
    assert "读不了" in refuses(workbook(tmp_path / "r.xlsx", xml))


def test_a_million_empty_rows_below_the_roll_do_no_harm(take: Any, tmp_path: Path) -> None:
    cells = "".join(
        f'<c r="{chr(65 + n)}{{row}}" t="inlineStr"><is><t>{{{n}}}</t></is></c>'
        for n in range(len(HEADINGS))
    )
    rows = "".join(
        f'<row r="{number}">' + cells.format(*row, row=number) + "</row>"
        for number, row in enumerate([HEADINGS, *table([person(1), person(2)])[1:]], 1)
    )
    empty = "".join(f'<row r="{n}" spans="1:9" s="{n % 7}"/>' for n in range(4, 1_048_577))
    xml = SHEET + f"<sheetData>{rows}{empty}</sheetData></worksheet>".encode()
    report = take(workbook(tmp_path / "r.xlsx", xml))
    assert (report.rows, report.created) == (2, 2)


def test_ten_million_empty_lines_are_passed_over(take: Any, tmp_path: Path) -> None:
    path = as_csv(tmp_path / "r.csv", [person(1)])
    with path.open("ab") as file:
        file.write(b",,,,,,,,\n" * 1_000_000)
        file.write(b"\n" * 9_000_000)
        file.write(",".join(person(2).values()).encode())
    report = take(path)
    assert (report.rows, report.created) == (2, 2)


def test_a_truncated_workbook_is_refused(refuses: Any, tmp_path: Path) -> None:
    path = as_xlsx(tmp_path / "r.xlsx", table([person(n) for n in range(1, 200)]))
    path.write_bytes(path.read_bytes()[:-3_000])
    assert "已损坏" in refuses(path)


def test_a_file_beyond_the_limit_is_not_even_opened(
    refuses: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "MAX_FILE_BYTES", 1024 * 1024)
    path = tmp_path / "r.csv"
    with path.open("wb") as file:
        file.truncate(1024 * 1024 + 1)
    assert "超过 1 MB" in refuses(path)
