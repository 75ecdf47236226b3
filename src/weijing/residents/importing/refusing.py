"""The rows of a file that are not taken in: counted by reason, and written out to be corrected."""

import io
import re
from collections import Counter
from pathlib import Path

import polars as pl

from weijing.residents.importing import spool
from weijing.residents.importing.comparing import AMBIGUOUS
from weijing.residents.importing.error_workbook import FIELDS, ErrorWorkbook
from weijing.residents.importing.gathering import Gathered, Piece
from weijing.residents.importing.opening import BadRoll
from weijing.residents.importing.spool import Spool

# Of rows that are contradicted by another one: the cells to look at.
LATE_FAULTS = (
    (AMBIGUOUS, "id_number"),
    ("身份证号与", "id_number"),
    ("户号与", "household,village,group"),
    ("与", "household,name,id_number"),
)


def write(gathered: Gathered, path: Path, *, spooled: Spool, key: bytes) -> None:
    """Every refused row in the order of the file.

    Raises `BadRoll` when the workbook cannot be written.
    """
    try:
        with ErrorWorkbook(path) as book:
            for piece in gathered.pieces:
                bad = _bad_rows(gathered, piece, spooled, key)
                sheet = gathered.sheets[piece.sheet].name
                for row, reason, wrong, *cells in bad.iter_rows():
                    book.add(sheet, row, reason, cells, wrong.split(","))
    except OSError as error:
        raise BadRoll(f"写不了错误清单：{error.strerror}。") from error


def _bad_rows(gathered: Gathered, piece: Piece, spooled: Spool, key: bytes) -> pl.DataFrame:
    """row, reason, cells (those at fault) and what the cells say."""
    frames = []
    shown = ("row", "reason", "cells", *FIELDS)
    if piece.bad is not None:
        frames.append(_unlocked(spooled, piece.bad, key).select(shown))
    if gathered.refused.height:
        rows = _unlocked(spooled, piece.good, key).rename({"born_on": "born"})
        end = piece.first_n + rows.height
        n = pl.int_range(piece.first_n, end, dtype=pl.UInt32).alias("n")
        late = rows.with_columns(n).join(gathered.refused, on="n")
        late = late.with_columns(
            pl.col("reason").map_elements(_late_cells, return_dtype=pl.String).alias("cells")
        )
        frames.append(late.select(shown))
    return pl.concat(frames).sort("row") if frames else pl.DataFrame()


def _unlocked(spooled: Spool, number: int, key: bytes) -> pl.DataFrame:
    return pl.read_ipc_stream(io.BytesIO(spool.unlock(spooled.get(number), key)))


def _late_cells(reason: str) -> str:
    return next((cells for start, cells in LATE_FAULTS if reason.startswith(start)), "")


def counted(gathered: Gathered) -> dict[str, int]:
    """How often each reason was given, the most frequent first.

    Reasons that name another row count as one.
    """
    every: Counter[str] = gathered.reasons.copy()
    refused = gathered.refused
    for reason in refused["reason"].to_list() if refused.height else ():
        every[re.sub(r"(“.*”)?第 \d+ 行", "别的行", reason)] += 1
    return dict(every.most_common())
