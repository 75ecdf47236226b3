"""Columns that are sealed at rest and read like plain attributes."""

from typing import Any, overload

from django.db import models

from weijing.core.env import keyring


class SealedText:
    """`phone = SealedText("phone_sealed")` reads and writes the sealed column of the same row."""

    def __init__(self, column: str) -> None:
        self.column = column

    @overload
    def __get__(self, row: None, owner: type[models.Model]) -> "SealedText": ...
    @overload
    def __get__(self, row: models.Model, owner: type[models.Model]) -> str: ...
    def __get__(self, row: models.Model | None, owner: type[models.Model]) -> Any:
        if row is None:
            return self
        sealed = getattr(row, self.column)
        return keyring().unseal(sealed, place=self.place(row)) if sealed else ""

    def __set__(self, row: models.Model, text: str) -> None:
        setattr(row, self.column, keyring().seal(text, place=self.place(row)) if text else None)

    def place(self, row: models.Model) -> str:
        return place(row._meta.db_table, self.column, row.pk)


def place(table: str, column: str, row_id: int) -> str:
    """The name a sealed value is bound to."""
    return f"{table}.{column}.{row_id}"
