"""A resident as a line of PostgreSQL's COPY text: sealed, indexed and searchable.

The one place that encrypts a roll, so it is written for speed: 1.3 M rows pass here.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import polars as pl

from weijing.core.crypto import Keyring
from weijing.core.sealed import place
from weijing.residents.finding.grams import grams
from weijing.residents.finding.names import sound
from weijing.residents.importing.marks import Marker

TABLE = "residents_resident"
NULL = r"\N"
# In the order of the lines. A new row also gets `ordinal` and the constants in front.
COLUMNS = (
    "id", "household_id", "division_id", "household_role", "name", "pinyin", "initials", "grams",
    "sex", "born_on", "phone_sealed", "phone_index", "phone_tail_index", "id_number_sealed",
    "id_number_index", "roll_digest",
)  # fmt: skip
TAIL_DIGITS = 4


class Sealer:
    """Seals with one keyring; its fingerprinters are made once."""

    def __init__(self, keyring: Keyring) -> None:
        self._seal = keyring.seal
        self._phone = keyring.fingerprinter("phone")
        self._tail = lru_cache(maxsize=10_000)(keyring.fingerprinter("phone_tail"))
        self._marks = Marker(keyring).person

    def lines(
        self,
        rows: pl.DataFrame,
        ids: Sequence[int],
        household_ids: Sequence[int],
        division_ids: Sequence[int],
        prefixes: Iterable[str],
        source: bytes,
    ) -> bytes:
        """One line for each row of a spooled part, each behind its prefix."""
        self._source = source.hex()
        columns = [rows[name].to_list() for name in _NEEDED]
        lines = [
            prefix + self._line(*cells)
            for prefix, cells in zip(
                prefixes, zip(ids, household_ids, division_ids, *columns, strict=True), strict=True
            )
        ]
        return "".join(lines).encode()

    def _line(
        self,
        id: int,
        household_id: int,
        division_id: int,
        role: str,
        name: str,
        address: str,
        sex: str,
        born_on: str | None,
        phone: str,
        id_number: str,
        id_index: bytes | None,
        digest: bytes,
        household: str,
    ) -> str:
        pinyin, initials = sound(name)
        phones, phone_index = f"{NULL}\t{NULL}\t{NULL}", None
        if phone:
            sealed = self._seal(phone, place=place(TABLE, "phone_sealed", id)).hex()
            phone_index = self._phone(phone)[:16]
            tail = self._tail(phone[-TAIL_DIGITS:])[:16].hex()
            phones = f"\\\\x{sealed}\t{phone_index.hex()}\t{tail}"
        numbers = f"{NULL}\t{NULL}"
        if id_number and id_index is not None:
            sealed = self._seal(id_number, place=place(TABLE, "id_number_sealed", id)).hex()
            numbers = f"\\\\x{sealed}\t{id_index.hex()}"
        marks = self._marks((household, name, role, "", sex, born_on or ""), phone_index).hex()
        return (
            f"{id}\t{household_id}\t{division_id}\t{role}\t{escape(name)}\t{pinyin}\t{initials}\t"
            f"{_array(name, address)}\t{sex}\t{born_on or NULL}\t{phones}\t{numbers}\t"
            f"\\\\x{digest.hex()}{self._source}{marks}\n"
        )


_NEEDED = (
    "role", "name", "address", "sex", "born_on", "phone", "id_number", "id_index", "digest",
    "household",
)  # fmt: skip


def escape(text: str) -> str:
    """A text as COPY reads it. Tabs and line ends were taken out when the cell was cleaned."""
    return text.replace("\\", "\\\\") if "\\" in text else text


def _array(name: str, address: str) -> str:
    """A text array of the grams; what needs a backslash in the array needs two in COPY."""
    found = grams(name, address)
    if '"' in address or "\\" in address:
        found = [one.replace("\\", "\\\\").replace('"', '\\"') for one in found]
        return escape('{"' + '","'.join(found) + '"}')
    return '{"' + '","'.join(found) + '"}'
