"""A workbook read in windows says what the same workbook says when it is read whole."""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import fastexcel
import polars as pl
import pytest
import xlsxwriter

from weijing.residents.importing import sheet_windows
from weijing.residents.importing.sheet_windows import OddWorkbook, Workbook

SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_windows, "WINDOW_BYTES", 700)
    monkeypatch.setattr(sheet_windows, "HEAD_BYTES", 700)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Texts in a table of their own, as Excel writes them; the second sheet begins at D4."""
    path = tmp_path / "shared.xlsx"
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        for name, first in (("Sheet", 0), ("乙 & 丙", 3)):
            sheet = book.add_worksheet(name)
            for n in range(90):
                day = date(2026, 1, 1 + n % 28)
                cells = (f"户{n % 7}", None if n % 5 else "a<b & c", n, n / 8, day)
                sheet.write_row(first + n + 30 * (n > 60), first, cells)
    return path


@pytest.fixture
def inline(tmp_path: Path) -> Path:
    """Texts in the cells themselves, as programs write them."""
    path = tmp_path / "inline.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for n in range(90):
            sheet.write_row(n, 0, [f" 户 {n}", n, "", True])
    return path


def whole(path: Path, sheet: str) -> dict[int, tuple[Any, ...]]:
    """Cells by row number, without those that are empty, and without rows of such."""
    book = fastexcel.read_excel(path)
    frame = pl.DataFrame(book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string"))
    return filled(enumerate(frame.iter_rows(), 1))


def in_windows(path: Path, sheet: str) -> dict[int, tuple[Any, ...]]:
    windows = list(Workbook(path).windows(sheet))
    assert len(windows) > 2
    return filled(
        (window.before + n, row)
        for window in windows
        for n, row in enumerate(window.rows.iter_rows(), 1)
    )


def filled(rows: Any) -> dict[int, tuple[Any, ...]]:
    said = ((number, tuple(cell for cell in row if cell)) for number, row in rows)
    return {number: cells for number, cells in said if cells}


def altered(path: Path, entry: str, change: Callable[[str], str]) -> Path:
    """The workbook with one entry written differently."""
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, change(text.decode()) if name == entry else text)
    return path


@pytest.mark.parametrize("kind", ["shared", "inline"])
def test_every_cell_is_found_at_its_row(kind: str, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue(kind)
    names = fastexcel.read_excel(path).sheet_names
    assert Workbook(path).sheet_names == names
    for name in names:
        assert in_windows(path, name) == whole(path, name)


def test_columns_are_counted_from_a_in_every_window(shared: Path) -> None:
    for window in Workbook(shared).windows("乙 & 丙"):
        assert not any(cell for row in window.rows.iter_rows() for cell in row[:3])


def test_a_window_holds_few_rows_and_all_together_are_as_many_as_it_says(shared: Path) -> None:
    book = Workbook(shared)
    heights = [window.rows.height for window in book.windows("Sheet")]
    assert max(heights) < 40  # thirty rows between two of them are empty
    assert book.rows_said("Sheet") == 120


def test_elements_may_have_a_prefix(shared: Path) -> None:
    wanted = whole(shared, "Sheet")
    prefixed = altered(
        shared, SHEET, lambda text: re.sub(r"<(/?)(?=[a-zA-Z])", r"<\1x:", text).replace(
            "xmlns=", "xmlns:x="
        ),
    )  # fmt: skip
    assert in_windows(prefixed, "Sheet") == wanted


def test_attributes_may_stand_in_any_order(shared: Path) -> None:
    wanted = whole(shared, "Sheet")
    odd = altered(shared, SHEET, lambda text: re.sub(r'<c (r="\w+") t="s"', r"<c t='s' \1", text))
    assert in_windows(odd, "Sheet") == wanted


def test_rows_may_have_no_numbers(inline: Path) -> None:
    wanted = whole(inline, "Sheet1")
    bare = altered(inline, SHEET, lambda text: re.sub(r'<(row|c) r="\w+"', r"<\1", text))
    assert in_windows(bare, "Sheet1") == wanted


def test_rows_that_do_not_end_are_odd(inline: Path) -> None:
    cut = altered(inline, SHEET, lambda text: text[: text.index("</sheetData>") - 200])
    with pytest.raises(OddWorkbook):
        list(Workbook(cut).windows("Sheet1"))


def test_a_text_that_does_not_exist_is_odd(shared: Path) -> None:
    odd = altered(shared, SHEET, lambda text: text.replace('t="s"><v>3</v>', 't="s"><v>999</v>', 1))
    with pytest.raises(OddWorkbook):
        list(Workbook(odd).windows("Sheet"))
