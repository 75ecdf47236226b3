"""The whole file, read and checked: what is slim in memory, everything else in the spool."""

import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from weijing.residents.importing import checking, duplicates, workers
from weijing.residents.importing.columns import TITLES
from weijing.residents.importing.opening import BadRoll, Kind
from weijing.residents.importing.places import Place
from weijing.residents.importing.reading import Sheet, merged_range, read
from weijing.residents.importing.spool import Spool

SHOWN_HEADINGS = 30


@dataclass
class Piece:
    """One part in the spool. `first_n` numbers its good rows through the file."""

    sheet: int
    first_n: int
    good: int
    bad: int | None


@dataclass
class Gathered:
    """`rows`: n, sheet, row, name, household, place, id_index, digest of the accepted rows.

    `homes`: household, place, address, kind, is_head; a household may occur several times.
    `place` is a position in `places`. `refused`: n and reason of rows that were good by themselves,
    but are contradicted by another row or a resident. `count`: the largest n, plus 1.
    """

    sheets: list[Sheet]
    pieces: list[Piece]
    rows: pl.DataFrame
    homes: pl.DataFrame
    places: list[Place]
    reasons: Counter[str]  # a row may have several
    bad_rows: int = 0
    count: int = 0
    refused: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"n": pl.UInt32, "reason": pl.String})
    )

    @property
    def checked(self) -> int:
        """Rows of the file that hold anything."""
        return self.count + self.bad_rows

    def forget_keys(self) -> None:
        """What served only to compare with what we have; the rows stay, with who and where."""
        self.rows = self.rows.drop("id_index", "digest")
        self.homes = self.homes.clear()

    def refuse(self, more: pl.DataFrame) -> None:
        """Take rows out again. `more`: n, reason."""
        if more.height:
            self.refused = pl.concat([self.refused, more])
            self.rows = self.rows.join(more, on="n", how="anti", maintain_order="left")


def gather(
    path: Path,
    kind: Kind,
    said: Mapping[str, str],
    *,
    executor: Executor,
    spool: Spool,
    progress: Callable[[int, int | None], None],
) -> Gathered:
    """Read and check every row. `progress` hears how many rows were checked so far, and of how
    many where the file says so.

    Raises `BadRoll` for a file without the columns of a roll, or without rows.
    """
    sheets: list[Sheet] = []
    numbers: list[int] = []  # the sheet of every part handed out, in order

    def parts() -> Iterator[bytes]:
        for found in read(path, kind, said):
            if isinstance(found, Sheet):
                sheets.append(found)
            else:
                numbers.append(found.sheet)
                yield found.data

    gathered = Gathered(sheets, [], pl.DataFrame(), pl.DataFrame(), [], Counter())
    slim: list[pl.DataFrame] = []
    homes: list[pl.DataFrame] = []
    numbering = _Numbering(gathered.places)
    for number, summary in enumerate(workers.in_order(executor, workers.check_part, parts())):
        rows = pl.read_ipc_stream(io.BytesIO(summary.slim))
        gathered.pieces.append(
            Piece(
                sheet=numbers[number],
                first_n=gathered.count,
                good=spool.add(summary.good),
                bad=spool.add(summary.bad) if summary.bad else None,
            )
        )
        place = numbering.of(summary.places)
        sheet = pl.lit(numbers[number], pl.UInt32).alias("sheet")
        end = gathered.count + rows.height
        n = pl.int_range(gathered.count, end, dtype=pl.UInt32).alias("n")
        slim.append(rows.select(n, sheet, pl.exclude("place"), place))
        homes.append(pl.read_ipc_stream(io.BytesIO(summary.homes)).with_columns(place))
        gathered.reasons.update(summary.reasons)
        gathered.bad_rows += summary.bad_rows
        gathered.count = end
        foreseen = sum(sheet.rows for sheet in sheets)  # by the file, which may be wrong
        progress(gathered.checked, foreseen if foreseen >= gathered.checked else None)
    _refuse_what_is_no_roll(path, kind, gathered)
    gathered.rows, gathered.homes = pl.concat(slim), pl.concat(homes)
    slim.clear()
    homes.clear()
    gathered.refuse(duplicates.find(gathered.rows, [sheet.name for sheet in sheets]))
    return gathered


class _Numbering:
    """Places by number: four bytes a row instead of a name."""

    def __init__(self, places: list[Place]) -> None:
        self._places = places
        self._numbers: dict[str, int] = {}

    def of(self, places: Sequence[Place]) -> pl.Expr:
        """The column `place` with numbers for keys; new places are appended."""
        for place in places:
            if self._numbers.setdefault(place.key, len(self._places)) == len(self._places):
                self._places.append(place)
        known = {place.key: self._numbers[place.key] for place in places}
        return pl.col("place").replace_strict(known, return_dtype=pl.UInt32)


def _refuse_what_is_no_roll(path: Path, kind: Kind, gathered: Gathered) -> None:
    rolls = [sheet for sheet in gathered.sheets if sheet.is_roll]
    if not rolls:
        raise BadRoll(_wrong_columns(gathered.sheets))
    if not gathered.pieces:
        raise BadRoll("表里只有表头，没有一行数据。")
    blank = gathered.reasons[checking.NO_HOUSEHOLD] + gathered.reasons[checking.NO_NAME]
    if blank and (cells := merged_range(path, kind)):
        raise BadRoll(
            f"工作表里有跨行合并的单元格（如 {cells}），合并后只有第一行有内容。"
            "请取消合并、把每一行填完整后再导入。"
        )


def _wrong_columns(sheets: list[Sheet]) -> str:
    if not sheets:
        return "表里没有一行数据。"
    best = max(sheets, key=lambda sheet: (sheet.headings is not None, -len(sheet.missing)))
    shown = "、".join(one for one in best.found[:SHOWN_HEADINGS] if one.strip()) or "（空）"
    where = f"工作表“{best.name}”" if best.name else "文件"
    if best.headings is None:
        wanted = "、".join(TITLES[name] for name in ("name", "household", "village"))
        return f"{where}里找不到表头，至少要有：{wanted}。第一行是：{shown}。"
    return (
        f"{where}缺少列：{'、'.join(best.missing)}。找到的列：{shown}。"
        "请改列名，或指明哪一列是什么（--map 户号=列名）。"
    )
