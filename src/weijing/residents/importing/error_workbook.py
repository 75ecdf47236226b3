"""The rows that were refused, each with its number and the reasons, as a workbook to correct.

The cells at fault are filled in red, so that nobody has to look for them. Every cell is written
as text: nothing in it is a formula, a link or a number to Excel.
"""

import os
from collections.abc import Collection, Iterable
from pathlib import Path
from types import TracebackType

import xlsxwriter

from weijing.residents.importing.columns import TITLES

SHEET_ROWS = 1_000_000  # Excel's own limit is 1,048,576
CELL_CHARS = 32_000  # 32,767
HEADINGS = ("工作表", "行号", "原因")
FIELDS = (
    "name", "household", "role", "id_number", "phone", "township", "village", "group", "code",
    "address", "sex", "born", "kind",
)  # fmt: skip
WIDTHS = (12, 9, 44, 10, 18, 10, 22, 14, 14, 14, 10, 16, 30, 6, 12, 8)
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


class ErrorWorkbook:
    """Written row by row; memory stays flat."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Made with its mode before anything is in it: the rows are personal data.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        self._book = xlsxwriter.Workbook(str(path), OPTIONS)
        self._wrong = self._book.add_format({"bg_color": "#FDE2E0", "font_color": "#9F1D14"})
        self._bold = self._book.add_format({"bold": True, "bg_color": "#E8F0FA"})
        self._row = SHEET_ROWS

    def __enter__(self) -> "ErrorWorkbook":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._row == SHEET_ROWS:
            self._new_sheet()
        self._book.close()

    def add(
        self, sheet: str, row: int, reason: str, cells: Iterable[str], wrong: Collection[str]
    ) -> None:
        """`cells` in the order of FIELDS; `wrong` names those to mark, also when they are empty."""
        if self._row >= SHEET_ROWS:
            self._new_sheet()
        for column, text in enumerate((sheet, str(row), reason)):
            if text:
                self._sheet.write_string(self._row, column, text[:CELL_CHARS])
        for column, (name, text) in enumerate(zip(FIELDS, cells, strict=True), len(HEADINGS)):
            if name in wrong:
                self._mark(column, text)
            elif text:
                self._sheet.write_string(self._row, column, text[:CELL_CHARS])
        self._row += 1

    def _mark(self, column: int, text: str) -> None:
        if text:
            self._sheet.write_string(self._row, column, text[:CELL_CHARS], self._wrong)
        else:
            self._sheet.write_blank(self._row, column, None, self._wrong)

    def _new_sheet(self) -> None:
        self._sheet = self._book.add_worksheet()
        for column, width in enumerate(WIDTHS):
            self._sheet.set_column(column, column, width)
        for column, title in enumerate((*HEADINGS, *(TITLES[name] for name in FIELDS))):
            self._sheet.write_string(0, column, title, self._bold)
        self._row = 1
