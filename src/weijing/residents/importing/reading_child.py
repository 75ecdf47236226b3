"""The process that opens the file. It has limits of its own, so a hostile file hurts only it.

Run by `reading` as a program; answers on standard output with frames of one kind byte, eight
bytes of length, and JSON or an Arrow stream. Knows no Django and no database.
"""

import csv
import io
import json
import os
import re
import resource
import struct
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import IO, Any

from weijing.residents.importing.sheet_windows import Window, Workbook

MEMORY_BYTES = 6 * 1024 * 1024 * 1024  # addresses, not pages
CPU_SECONDS = 300
PART_ROWS = 20_000
BLOCK_CHARS = 6 * 1024 * 1024
MAX_RECORD_CHARS = 4 * BLOCK_CHARS  # beyond it a quotation mark was never closed
SAMPLE_ROWS, MAX_COLUMNS = 3, 80  # what a person is shown to say which column is which
ROW, REASON = "row", "reason"


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Rust panics would print pieces of the file; nothing of it belongs in a log.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    request = json.loads(sys.argv[1])
    if request["merged"]:
        merged_cells(Path(request["path"]))
    elif request["workbook"]:
        read_workbook(Path(request["path"]), request["said"])
    else:
        read_text(Path(request["path"]), request["encoding"], request["separator"], request["said"])
    send(b"D", b"")


def send(kind: bytes, payload: bytes) -> None:
    sys.stdout.buffer.write(kind + struct.pack(">Q", len(payload)))
    sys.stdout.buffer.write(payload)
    sys.stdout.buffer.flush()


def say(kind: bytes, **content: Any) -> None:
    send(kind, json.dumps(content).encode())


def read_workbook(path: Path, said: Mapping[str, str]) -> None:
    book = Workbook(path)
    for name in book.sheet_names:
        _send_sheet(book.windows(name), name, said, rows=book.rows_said(name))


def _send_sheet(
    windows: Iterator[Window], name: str, said: Mapping[str, str], *, rows: int
) -> None:
    from weijing.residents.importing import columns

    first = next(windows, None)
    if first is None:
        return
    head = [[cell or "" for cell in row] for row in first.rows.head(columns.SEARCHED_ROWS).rows()]
    header = columns.find_header(head, said)
    if header is None:
        _say_no_roll(name, head, windows)
        return
    assignment = columns.assign(head[header], said)
    samples = first.rows.slice(header + 1, SAMPLE_ROWS).rows()
    under = max(rows - first.before - header - 1, 0)
    _announce(name, assignment, under, head[header], samples)
    if assignment.missing:
        return
    for window in chain([Window(first.before + header + 1, first.rows.slice(header + 1))], windows):
        for start in range(0, window.rows.height, PART_ROWS):
            piece = window.rows.slice(start, PART_ROWS)
            _send_part(_fields(piece, assignment, first_row=window.before + start + 1))


def _say_no_roll(name: str, head: list[list[str]], rest: Iterator[Window]) -> None:
    """Of a sheet without a cell that says anything there is nothing to say."""
    if any(cell.strip() for row in head for cell in row) or next(rest, None) is not None:
        shown = next((row for row in head if any(row)), [])
        say(b"S", name=name, rows=0, found=shown[:50], positions=None)


def _announce(
    name: str, assignment: Any, rows: int, heads: Sequence[str], first: Sequence[Sequence[Any]]
) -> None:
    say(
        b"S",
        columns=list(heads)[:MAX_COLUMNS],
        samples=[[cell or "" for cell in row[:MAX_COLUMNS]] for row in first],
        name=name,
        rows=rows,
        found=[*assignment.headings.values(), *assignment.ignored][:50],
        positions=dict(assignment.positions),
        headings=dict(assignment.headings),
        ignored=list(assignment.ignored)[:50],
        missing=assignment.missing,
    )


def _fields(frame: Any, assignment: Any, *, first_row: int) -> Any:
    """Only the columns we know, by our names, with the row numbers that people see."""
    import polars as pl

    every = [
        pl.nth(position).alias(name)
        if position < frame.width
        else pl.lit(None, pl.String).alias(name)
        for name, position in assignment.positions.items()
    ]
    reason = pl.col(REASON) if REASON in frame.columns else pl.lit(None, pl.String).alias(REASON)
    part = frame.select(*every, reason)
    numbers = pl.int_range(first_row, first_row + part.height, dtype=pl.UInt32, eager=True)
    part = part.with_columns(numbers.alias(ROW))
    blank = [pl.col(name).fill_null("").str.strip_chars() == "" for name in assignment.positions]
    return part.filter(~pl.all_horizontal(blank) | pl.col(REASON).is_not_null())


def _send_part(part: Any) -> None:
    if part.height:
        buffer = io.BytesIO()
        part.write_ipc_stream(buffer)
        send(b"P", buffer.getvalue())


def read_text(path: Path, encoding: str, separator: str, said: Mapping[str, str]) -> None:
    from weijing.residents.importing import columns

    assignment = None
    row = 1
    for block in _blocks(path, encoding):
        if assignment is None:
            rows = _first_rows(block, separator, columns.SEARCHED_ROWS)
            header = columns.find_header(rows, said)
            if header is None:
                shown = next((one for one in rows if any(one)), [])
                say(b"S", name="", rows=0, found=shown[:50], positions=None)
                return
            assignment = columns.assign(rows[header], said)
            width = len(rows[header])
            _announce("", assignment, 0, rows[header], rows[header + 1 : header + 1 + SAMPLE_ROWS])
            if assignment.missing:
                return
            block = _after(block, header + 1)
            row = header + 2
        frame = _parse(block, separator, width)
        for start in range(0, frame.height, PART_ROWS):
            piece = frame.slice(start, PART_ROWS)
            _send_part(_fields(piece, assignment, first_row=row + start))
        row += frame.height


def _blocks(path: Path, encoding: str) -> Iterator[str]:
    """The text in pieces that end where a record ends: not inside quotation marks."""
    left = ""
    with path.open(encoding=encoding, newline="") as file:
        while text := file.read(BLOCK_CHARS):
            left += text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
            end = _record_end(left)
            if end:
                yield left[:end]
                left = left[end:]
            elif len(left) > MAX_RECORD_CHARS:
                say(b"E", message='文件里有没有成对的引号（"），后面的行分不开。请检查后再导入。')
                sys.exit(0)
    if left.count('"') % 2:
        say(b"E", message='文件里有没有成对的引号（"），后面的行分不开。请检查后再导入。')
        sys.exit(0)
    if left:
        yield left


def _record_end(text: str) -> int:
    """Just after the last line end outside quotation marks; 0 when there is none."""
    end = text.rfind("\n")
    odd = text.count('"', 0, end + 1) % 2
    while end >= 0:
        if not odd:
            return end + 1
        before = text.rfind("\n", 0, end)
        odd ^= text.count('"', before + 1, end + 1) % 2
        end = before
    return 0


def _first_rows(block: str, separator: str, count: int) -> list[list[str]]:
    reader = csv.reader(io.StringIO(block, newline=""), delimiter=separator)
    return [row for _, row in zip(range(count), reader, strict=False)]


def _after(block: str, records: int) -> str:
    """The block without its first records, which may hold line ends in quotation marks."""
    start = 0
    for _ in range(records):
        end = block.find("\n", start)
        while end >= 0 and block.count('"', start, end) % 2:
            end = block.find("\n", end + 1)
        if end < 0:
            return ""
        start = end + 1
    return block[start:]


def _parse(block: str, separator: str, width: int) -> Any:
    import polars as pl

    names = [f"c{n}" for n in range(width)]
    if not block:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    try:
        return pl.read_csv(
            block.encode(),
            has_header=False,
            separator=separator,
            schema=dict.fromkeys(names, pl.String),
            infer_schema=False,
        )
    except pl.exceptions.PolarsError:
        return _parse_slowly(block, separator, names)


def _parse_slowly(block: str, separator: str, names: list[str]) -> Any:
    """Row by row, saying which row has more cells than the header instead of refusing them all."""
    import polars as pl

    rows, reasons = [], []
    for row in csv.reader(io.StringIO(block, newline=""), delimiter=separator):
        rest = any(cell.strip() for cell in row[len(names) :])
        reasons.append("这一行的列数比表头多" if rest else None)
        rows.append([*row, *[""] * len(names)][: len(names)])
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    return frame.with_columns(pl.Series(REASON, reasons, pl.String))


MERGE = re.compile(rb'<mergeCell[^>]*\bref="([A-Z]{1,3}(\d{1,7}):[A-Z]{1,3}(\d{1,7}))"')


def merged_cells(path: Path) -> None:
    """Send the first range of cells merged over several rows, as `A3:A6`."""
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if re.fullmatch(r"xl/worksheets/[^/]+\.xml", n)]
        for name in names:
            with archive.open(name) as file:
                for found in _merges(file):
                    say(b"M", range=found)
                    return


def _merges(file: Any) -> Iterator[str]:
    left = b""
    while block := file.read(1024 * 1024):
        left += block
        for found in MERGE.finditer(left):
            if found[2] != found[3]:
                yield found[1].decode()
        left = left[-200:]


def receive(stream: IO[bytes]) -> tuple[bytes, bytes]:
    """One frame as `send` wrote it.

    Raises `EOFError` when the sender is gone.
    """
    head = stream.read(9)
    if len(head) < 9:
        raise EOFError
    (size,) = struct.unpack(">Q", head[1:])
    payload = stream.read(size)
    if len(payload) < size:
        raise EOFError
    return head[:1], payload


if __name__ == "__main__":
    main()
