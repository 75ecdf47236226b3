"""What refers to a resident, in any part of the house, by the foreign keys that models declare.

A new table needs no line here, and this module knows none of the parts above.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection, models
from django.db.models import F, Q

from weijing.residents.models import DuplicatePair, MergeRecord, Resident

# They tell what became of the records themselves, so they stay with them.
ABOUT_RECORDS = (MergeRecord, DuplicatePair)


@dataclass(frozen=True)
class Once:
    """A unique constraint: the other columns, and (SQL) for which rows it holds."""

    columns: tuple[str, ...]
    holds_where: str = "TRUE"


@dataclass(frozen=True)
class Relation:
    """A column that names a resident."""

    model: type[models.Model]
    column: str
    once: tuple[Once, ...]
    never_equal: tuple[str, ...]  # other columns that must not name the same person

    @property
    def table(self) -> str:
        return str(self.model._meta.db_table)

    @property
    def key(self) -> str:
        """As `MergeRecord.moved` names it."""
        return f"{self.table}.{self.column}"


@cache
def relations() -> tuple[Relation, ...]:
    """All of them, hidden ones (`related_name="+"`) too, in a fixed order."""
    found = []
    for relation in Resident._meta.get_fields(include_hidden=True):
        if relation.concrete or not relation.auto_created:
            continue
        model: type[models.Model] = relation.related_model  # type: ignore[assignment]
        if model not in ABOUT_RECORDS:
            found.append(_relation(model, relation.field))  # type: ignore[union-attr]
    return tuple(sorted(found, key=lambda relation: relation.key))


@cache
def by_key() -> dict[str, Relation]:
    return {relation.key: relation for relation in relations()}


def _relation(model: type[models.Model], field: Any) -> Relation:
    once = tuple(
        Once(_others(model, constraint, field), _holds_where(model, constraint))
        for constraint in model._meta.constraints
        if isinstance(constraint, models.UniqueConstraint) and field.name in constraint.fields
    )
    return Relation(model, field.column, once, _never_equal(model, field.name))


def _others(
    model: type[models.Model], constraint: models.UniqueConstraint, field: Any
) -> tuple[str, ...]:
    columns = (_column(model, name) for name in constraint.fields)
    return tuple(column for column in columns if column != field.column)


def _holds_where(model: type[models.Model], constraint: models.UniqueConstraint) -> str:
    if constraint.condition is None:
        return "TRUE"
    with connection.schema_editor(collect_sql=True) as editor:
        return str(constraint._get_condition_sql(model, editor))  # type: ignore[attr-defined]


def _never_equal(model: type[models.Model], name: str) -> tuple[str, ...]:
    """Columns with a check that they differ: nobody represents themselves, say."""
    checks = [c.condition for c in model._meta.constraints if isinstance(c, models.CheckConstraint)]
    others = [f.name for f in model._meta.concrete_fields if f.related_model is Resident]
    return tuple(
        _column(model, other)
        for other in others
        if ~Q(**{name: F(other)}) in checks or ~Q(**{other: F(name)}) in checks
    )


def _column(model: type[models.Model], name: str) -> str:
    column = getattr(model._meta.get_field(name), "column", None)
    assert column is not None, name
    return str(column)
