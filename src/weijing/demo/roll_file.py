"""The county's roll as a bureau would hand it over: a spreadsheet, with the mistakes such have."""

import csv
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import xlsxwriter

from weijing.demo.people import Person

HEADINGS = (
    "户号", "姓名", "与户主关系", "身份证号", "手机号码", "乡镇", "村（社区）", "组", "门牌号",
)  # fmt: skip
XLSX_ROWS = 300_000  # a larger roll is written as CSV, which every office program still opens


def row_of(person: Person) -> tuple[str, ...]:
    return (
        person.household,
        person.name,
        person.relation,
        person.id_number,
        person.phone,
        person.township,
        person.village,
        person.group,
        person.door,
    )


def spoilt(person: Person) -> list[tuple[str, ...]]:
    """Six rows that must be refused, each for a reason of its own, made from one good row."""
    good = row_of(person)

    def but(column: str, value: str, number: int) -> tuple[str, ...]:
        row = dict(zip(HEADINGS, good, strict=True))
        # A number of their own, so that each row has its one mistake only.
        row |= {"户号": f"错{number}", "身份证号": "", "手机号码": "", column: value}
        return tuple(row.values())

    swapped = person.id_number[:16] + person.id_number[17] + person.id_number[16]
    return [
        but("身份证号", swapped if swapped != person.id_number else "430524199001011234", 1),
        but("手机号码", "1380000", 2),
        but("村（社区）", "不存在的村", 3),
        but("姓名", "", 4),
        but("身份证号", "43052419900101", 5),
        but("身份证号", person.id_number, 6),  # the same person twice in one file
    ]


def write(path: Path, people: Iterable[Person], *, mistakes_from: Person | None) -> Path:
    """Write the roll to `path` (.xlsx or .csv); mistakes come last."""
    rows = (row_of(person) for person in people)
    extra = spoilt(mistakes_from) if mistakes_from else []
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADINGS)
            writer.writerows(rows)
            writer.writerows(extra)
        return path
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet("花名册")
    sheet.write_row(0, 0, HEADINGS)
    for number, row in enumerate(chain(rows, extra), start=1):
        sheet.write_row(number, 0, row)
    book.close()
    return path
