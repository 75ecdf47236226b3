"""The rows of a roll, in parts, read by a process of its own (`reading_child`)."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weijing.residents.importing.opening import BadRoll, Kind
from weijing.residents.importing.reading_child import receive


@dataclass(frozen=True)
class Sheet:
    """A sheet that was found; a CSV file is one sheet without a name.

    `columns` are all its headings in order, `samples` the first rows beneath them.
    `headings` is None where no row looks like headings. `rows` is what
    a workbook says of itself, unknown (0) for text.
    """

    name: str
    rows: int
    found: list[str]
    headings: dict[str, str] | None
    missing: list[str]
    ignored: list[str]
    columns: list[str]
    samples: list[list[str]]

    @property
    def is_roll(self) -> bool:
        return self.headings is not None and not self.missing


@dataclass(frozen=True)
class Part:
    """Some rows of one sheet: an Arrow stream of text columns, `row` and `reason`."""

    sheet: int
    data: bytes


def read(path: Path, kind: Kind, said: Mapping[str, str]) -> Iterator[Sheet | Part]:
    """Every sheet, each followed by its parts in the file's order.

    Raises `BadRoll` when the reading process finds no way on, or its limits stop it.
    """
    sheet = -1
    for what, payload in _run(path, kind, said=dict(said)):
        if what == b"S":
            sheet += 1
            yield _sheet(json.loads(payload))
        elif what == b"P":
            yield Part(sheet, payload)
        elif what == b"E":
            raise BadRoll(json.loads(payload)["message"])


def merged_range(path: Path, kind: Kind) -> str:
    """A range of cells merged over several rows, as `A3:A6`; "" when there is none."""
    if not kind.is_workbook:
        return ""
    frames = _run(path, kind, merged=True)
    return next((json.loads(payload)["range"] for what, payload in frames if what == b"M"), "")


def _sheet(content: dict[str, Any]) -> Sheet:
    return Sheet(
        name=content["name"],
        rows=content["rows"],
        found=content["found"],
        headings=content.get("headings"),
        missing=content.get("missing", []),
        ignored=content.get("ignored", []),
        columns=content.get("columns", []),
        samples=content.get("samples", []),
    )


def _run(path: Path, kind: Kind, **options: Any) -> Iterator[tuple[bytes, bytes]]:
    request = {
        "path": str(path.resolve()),
        "workbook": kind.is_workbook,
        "encoding": kind.encoding,
        "separator": kind.separator,
        "said": {},
        "merged": False,
        **options,
    }
    program = [sys.executable, "-m", "weijing.residents.importing.reading_child"]
    child = subprocess.Popen(
        [*program, json.dumps(request)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    try:
        while True:
            what, payload = receive(child.stdout)
            if what == b"D":
                return
            yield what, payload
            if what == b"E":
                return
    except EOFError:
        raise BadRoll(
            "读不了这个文件：它已损坏，或内容异常庞大。请用 Excel 或 WPS 打开，"
            "删去空白行列后另存一份，或另存为 CSV。"
        ) from None
    finally:
        child.kill()
        child.stdout.close()
        child.wait()
