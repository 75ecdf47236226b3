"""The sheets of a workbook, some thousand rows at a time, so that memory does not grow with them.

Whoever reads spreadsheets wants a whole workbook. So every few megabytes of a sheet's rows become
a small workbook of their own, with the styles of the large one. Knows no Django and no database.
"""

import io
import re
import secrets
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

WINDOW_BYTES = 12 * 1024 * 1024  # unpacked: about 20,000 well-filled rows
HEAD_BYTES = 64 * 1024
MAX_ROW_BYTES = 256 * 1024 * 1024  # beyond it nobody typed the row
KEPT = ("[content_types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels")
STYLES, STRINGS = "xl/styles.xml", "xl/sharedstrings.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
EXTENT = re.compile(rb"""<(?:[\w.-]+:)?dimension\s+ref=["'][A-Z]+\d+:[A-Z]+(\d{1,7})["']""")
NUMBER = re.compile(rb"""\sr\s*=\s*["'](\d{1,9})["']""")


class OddWorkbook(Exception):
    """Rows that do not end, or strings that do not exist."""


@dataclass(frozen=True)
class Window:
    """Consecutive rows: columns from A on, the first row after `before` others. All text."""

    before: int
    rows: Any


class Workbook:
    """A workbook whose sheets are read one after the other, each once."""

    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path)
        entries = self._archive.infolist()
        self._entries = {one.filename.replace("\\", "/").lower(): one for one in entries}
        self._kept = {
            entry.filename: self._archive.read(entry)
            for name, entry in self._entries.items()
            if name in (*KEPT, STYLES)
        }
        self._paths = self._find_sheets()
        self._mark = secrets.token_hex(8)
        self._strings: Any = None

    @property
    def sheet_names(self) -> list[str]:
        return list(self._paths)

    def rows_said(self, sheet: str) -> int:
        """How many rows a sheet says it has; 0 when it does not say."""
        with self._archive.open(self._entries[self._paths[sheet]]) as file:
            said = EXTENT.search(file.read(HEAD_BYTES))
        return int(said[1]) if said else 0

    def windows(self, sheet: str) -> Iterator[Window]:
        """Every row of a sheet that holds anything, and empty ones between them."""
        before = 0
        with self._archive.open(self._entries[self._paths[sheet]]) as file:
            for prefix, rows in _pieces(file, b"sheetData", b"row"):
                first, last = _numbers(prefix, rows)
                read = self._read(sheet, prefix, rows, first)
                before = first - 1 if first else before
                yield Window(before, read)
                before = last or before + rows.count(b"<" + prefix + b"row")

    def _find_sheets(self) -> dict[str, str]:
        """Sheet → entry, as the reader itself resolves it: each is shown its own name as a cell."""
        import fastexcel
        import polars as pl

        shown = {
            entry.filename: _sheet(b"", _cell(b"", 1, str(number)))
            for number, (name, entry) in enumerate(self._entries.items())
            if entry.filename not in self._kept and name != STRINGS and name.endswith(".xml")
        }
        book = fastexcel.read_excel(_packed(self._kept | shown))
        names = list(self._entries)
        return {
            sheet: names[int(pl.DataFrame(_load(book, sheet)).item(0, 0))]
            for sheet in book.sheet_names
        }

    def _read(self, sheet: str, prefix: bytes, rows: bytes, first: int) -> Any:
        # The reader begins at the first cell that holds something: let that be column A.
        anchor = _cell(prefix, max(first - 1, 1), "" if first == 1 else "-")
        entry = self._entries[self._paths[sheet]].filename
        marked = self._with_marks(prefix, rows)
        found = self._rows_of(sheet, {entry: _sheet(prefix, anchor + marked)})
        return self._with_strings(found if first == 1 else found.slice(1))

    def _rows_of(self, sheet: str, entries: dict[str, bytes]) -> Any:
        import fastexcel
        import polars as pl

        return pl.DataFrame(_load(fastexcel.read_excel(_packed(self._kept | entries)), sheet))

    def _with_marks(self, prefix: bytes, rows: bytes) -> bytes:
        """Numbers of shared strings become texts that nobody can have written."""
        value = b"><" + prefix + b"v>"
        mark = value + self._mark.encode()
        rows = rows.replace(b' t="s"' + value, b' t="str"' + mark)
        if b't="s"' in rows or b"t='s'" in rows:
            odd = rb"""\st=["']s["']([^>]*)>\s*<""" + prefix + rb"v>\s*(?=\d)"
            rows = re.sub(odd, rb' t="str"\1' + mark, rows)
        return rows

    def _with_strings(self, rows: Any) -> Any:
        import polars as pl

        marked = [
            column for column in rows.columns if rows[column].str.starts_with(self._mark).any()
        ]
        if not marked:
            return rows
        if self._strings is None:
            self._strings = self._shared_strings()
        strings = self._strings
        return rows.with_columns(
            pl.when(pl.col(column).str.starts_with(self._mark))
            .then(_strings_at(strings, rows[column], len(self._mark)))
            .otherwise(pl.col(column))
            .alias(column)
            for column in marked
        )

    def _shared_strings(self) -> Any:
        """Every text that cells refer to by number: the one thing kept whole."""
        import polars as pl

        entry = self._entries.get(STRINGS)
        if entry is None:
            raise OddWorkbook("no shared strings")
        sheet = self.sheet_names[0]
        target = self._entries[self._paths[sheet]].filename
        found = []
        with self._archive.open(entry) as file:
            for prefix, items in _pieces(file, b"sst", b"si"):
                rows, count = _as_rows(prefix, items)
                cells = (
                    self._rows_of(sheet, {target: _sheet(prefix, _cell(prefix, 1, "-") + rows)})
                    .to_series()
                    .slice(1)
                )
                found.append(cells.extend_constant(None, count - len(cells)))
        return pl.concat(found) if found else pl.Series([], dtype=pl.String)


def _strings_at(strings: Any, cells: Any, start: int) -> Any:
    import polars as pl

    numbers = cells.str.slice(start).cast(pl.UInt32, strict=False)
    if (numbers.max() or 0) >= len(strings):
        raise OddWorkbook("a string that does not exist")
    return strings.gather(numbers).fill_null("")


def _as_rows(prefix: bytes, items: bytes) -> tuple[bytes, int]:
    """Shared strings as rows of one cell each; how many."""
    cell = b'<%brow><%bc t="inlineStr"><%bis>' % (prefix, prefix, prefix)
    end = b"</%bis></%bc></%brow>" % (prefix, prefix, prefix)
    items = re.sub(rb"<%bsi(?:\s[^>]*)?/>" % prefix, b"<%bsi></%bsi>" % (prefix, prefix), items)
    items, count = re.subn(rb"<%bsi(?:\s[^>]*)?>" % prefix, cell, items)
    return items.replace(b"</%bsi>" % prefix, end), count


def _pieces(file: IO[bytes], outer: bytes, inner: bytes) -> Iterator[tuple[bytes, bytes]]:
    """What stands in the element `outer`, cut before elements `inner`; and their prefix.

    Raises `OddWorkbook`.
    """
    left, opened = b"", None
    while opened is None:
        if not (block := file.read(HEAD_BYTES)):
            return
        left += block
        opened = re.search(rb"<((?:[\w.-]+:)?)%b(?:\s[^>]*)?>" % outer, left)
        if opened is None and len(left) > MAX_ROW_BYTES:
            raise OddWorkbook("no rows")
    if opened[0].endswith(b"/>"):
        return
    prefix, left = opened[1], left[opened.end() :]
    begin, end = b"<" + prefix + inner, b"</" + prefix + outer
    while (stop := left.find(end)) < 0:
        block = file.read(WINDOW_BYTES)
        if not block or len(left) > MAX_ROW_BYTES:
            raise OddWorkbook("rows without an end")
        cut = left.rfind(begin)
        if cut > 0 and len(left) >= WINDOW_BYTES:
            yield prefix, left[:cut]
            left = left[cut:]
        left += block
    if begin in left[:stop]:
        yield prefix, left[:stop]
    while file.read(WINDOW_BYTES):  # to its end, where damage would be noticed
        pass


def _numbers(prefix: bytes, rows: bytes) -> tuple[int, int]:
    """The numbers of the first and of the last row; 0 where they have none."""
    begin = b"<" + prefix + b"row"
    first, last = (
        NUMBER.search(rows, at, rows.index(b">", at))
        for at in (rows.find(begin), rows.rfind(begin))
    )
    return int(first[1]) if first else 0, int(last[1]) if last else 0


def _cell(prefix: bytes, row: int, text: str) -> bytes:
    """A row with nothing but a text in A."""
    p = prefix
    return b'<%brow r="%d"><%bc r="A%d" t="inlineStr"><%bis><%bt>%b</%bt></%bis></%bc></%brow>' % (
        p, row, p, row, p, p, text.encode(), p, p, p, p,
    )  # fmt: skip


def _sheet(prefix: bytes, rows: bytes) -> bytes:
    space = b":" + prefix[:-1] if prefix else b""
    opening = b'<%bworksheet xmlns%b="%b"><%bsheetData>' % (prefix, space, MAIN.encode(), prefix)
    return b"%b%b</%bsheetData></%bworksheet>" % (opening, rows, prefix, prefix)


def _packed(entries: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _load(book: Any, sheet: str) -> Any:
    return book.load_sheet(sheet, header_row=None, skip_rows=None, dtypes="string")
