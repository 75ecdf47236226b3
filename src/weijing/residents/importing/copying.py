"""COPY in and out: blocks of lines, or fixed-width columns as numpy keeps them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # binary COPY: signature, flags, no extension
END = b"\xff\xff"


def temporary(name: str, definition: str) -> None:
    """An empty table of this transaction. `definition` follows its name: columns, or AS SELECT."""
    with connection.cursor() as cursor:
        # Two imports may share a transaction of their caller.
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")
        cursor.execute(f"CREATE TEMP TABLE {name} {definition}")


def put_lines(table: str, blocks: Iterable[bytes]) -> None:
    """Append blocks of COPY text to `table`, which may name its columns."""
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for block in blocks:
            copy.write(block)


def put_fixed(table: str, columns: Sequence[npt.NDArray[Any]]) -> None:
    """Append whole columns: integers of 4 or 8 bytes, or raw bytes of one width."""
    fields: list[tuple[str, Any]] = [("fields", ">i2")]
    for number, column in enumerate(columns):
        fields += [(f"size{number}", ">i4"), (f"value{number}", _wire_type(column.dtype))]
    record = np.empty(len(columns[0]), dtype=np.dtype(fields))
    record["fields"] = len(columns)
    for number, column in enumerate(columns):
        record[f"size{number}"] = column.dtype.itemsize
        record[f"value{number}"] = column
    statement = f"COPY {table} FROM STDIN (FORMAT binary)"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(SIGNATURE)
        copy.write(record.tobytes())
        copy.write(END)


def _wire_type(dtype: np.dtype[Any]) -> Any:
    return dtype if dtype.kind == "V" else f">i{dtype.itemsize}"


def fetch_fixed(
    query: str, parameters: Sequence[Any] | Mapping[str, Any], dtype: np.dtype[Any]
) -> npt.NDArray[np.void]:
    """The rows of a query without nulls, whose columns are as wide as those of `dtype`."""
    fields: list[tuple[str, Any]] = [("fields", ">i2")]
    for name in dtype.names or ():
        fields += [(f"size of {name}", ">i4"), (name, dtype[name])]
    wire = np.dtype(fields)
    data = bytearray()
    statement = f"COPY ({query}) TO STDOUT (FORMAT binary)"
    with connection.cursor() as cursor:
        # Django's logging cursor takes no parameters here.
        whole = connection.ops.compose_sql(statement, parameters)  # type: ignore[attr-defined]
        with cursor.copy(whole) as copy:
            for block in copy:
                data += block
    rows = np.frombuffer(bytes(data[len(SIGNATURE) : -len(END)]), dtype=wire)
    return rows[list(dtype.names or ())]
