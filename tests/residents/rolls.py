"""Rolls for tests: a small county of real names, and files written without the code under test."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl

from weijing.territory.loading import Row, load_county
from weijing.territory.models import County

HEADINGS = ("乡镇", "村", "组", "户号", "姓名", "与户主关系", "身份证号", "手机号", "地址")
DIVISIONS = [
    Row("430524", "隆回县"),
    Row("430524101", "小沙江镇"),
    Row("430524101001", "桃李村"),
    Row("430524101002", "红星村"),
    Row("430524102", "金石桥镇"),
    Row("430524102001", "红星村"),
    Row("430524102002", "九龙社区"),
]


def small_county() -> County:
    """Two townships; 红星村 is in both."""
    return load_county(DIVISIONS, source="test").county


def id_number(order: int, born: str = "19800501", place: str = "999999") -> str:
    """A number with a right check digit, of a place that does not exist; odd orders are men."""
    digits = f"{place}{born}{order:03}"
    total = sum(int(digit) * 2 ** (17 - n) for n, digit in enumerate(digits))
    return digits + "10X98765432"[total % 11]


def person(order: int = 1, **cells: str) -> dict[str, str]:
    """A good row; cells by heading."""
    return {
        "乡镇": "小沙江镇", "村": "桃李村", "组": "4组", "户号": f"H{order:04}",
        "姓名": "阳小明", "与户主关系": "户主", "身份证号": id_number(order),
        "手机号": f"1540000{order:04}", "地址": f"{order}号", **cells,
    }  # fmt: skip


def as_csv(
    path: Path, rows: Sequence[dict[str, str]], *, encoding: str = "utf-8", separator: str = ","
) -> Path:
    headings = list(rows[0]) if rows else list(HEADINGS)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, headings, delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def as_xlsx(path: Path, *sheets: Sequence[Sequence[Any]]) -> Path:
    """Sheets of plain rows, the headings among them."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"第{number + 1}页")
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def table(rows: Sequence[dict[str, str]]) -> list[list[str]]:
    return [list(rows[0]), *[list(row.values()) for row in rows]]


def refused(path: Path | None) -> list[tuple[str, int, str]]:
    """Sheet, row number and reason of every line in an error workbook."""
    assert path is not None
    book = openpyxl.load_workbook(path)
    return [
        (str(row[0] or ""), int(str(row[1])), str(row[2]))
        for sheet in book
        for row in sheet.iter_rows(min_row=2, values_only=True)
    ]
