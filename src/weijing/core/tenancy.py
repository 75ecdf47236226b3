"""One county, one bureau, one WeCom corp: every row says whose it is.

With these rules the same code runs on one PostgreSQL or sharded by county: `county_id` is never
rewritten, every join and every update names it, and every foreign key in the database carries it.
"""

from typing import Any, ClassVar, TypeVar

from django.db import models
from django.db.migrations.operations.base import Operation
from django.db.models.lookups import Exact
from django.db.models.sql.where import WhereNode

from weijing.core.ids import new_id

_Set = TypeVar("_Set")  # what may be assigned, as ForeignKey itself is typed
_Get = TypeVar("_Get")


class TenantModel(models.Model):
    """A row of one county."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    county = models.ForeignKey(
        "territory.County", models.PROTECT, related_name="+", editable=False, db_index=False
    )

    class Meta:
        abstract = True
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # What composite foreign keys refer to.
            models.UniqueConstraint(fields=["county", "id"], name="%(class)s_county_id"),
        ]

    def _do_update(
        self,
        base_qs: models.QuerySet[Any],
        using: str | None,
        pk_val: Any,
        values: Any,
        update_fields: Any,
        forced_update: bool,
    ) -> bool:
        values = [value for value in values if value[0].attname != "county_id"]
        base_qs = base_qs.filter(county_id=self.county_id)
        return super()._do_update(base_qs, using, pk_val, values, update_fields, forced_update)


class TenantPart(TenantModel):
    """A row that is nothing without another of its county.

    Its foreign key to that row carries the county and is never null, so it vouches for the county
    too: one more check for each row would find nothing. For tables that fill by the million.
    """

    county = models.ForeignKey(
        "territory.County",
        models.PROTECT,
        related_name="+",
        editable=False,
        db_index=False,
        db_constraint=False,
    )

    class Meta(TenantModel.Meta):
        abstract = True


class TenantForeignKey(models.ForeignKey[_Set, _Get]):
    """A foreign key inside one county: joins on county as well.

    The database's own constraint is composite and made by `AddCompositeForeignKey`.
    """

    def __init__(self, to: Any, on_delete: Any, **options: Any) -> None:
        options["db_constraint"] = False
        super().__init__(to, on_delete, **options)

    def get_extra_restriction(self, alias: str | None, related_alias: str | None) -> WhereNode:
        remote: Any = self.remote_field.model._meta.get_field("county")
        local: Any = self.model._meta.get_field("county")
        same_county: Any = Exact(remote.get_col(alias, local), local.get_col(related_alias))
        return WhereNode([same_county])

    def get_extra_descriptor_filter(self, instance: models.Model) -> dict[str, Any]:
        return {"county_id": instance.county_id}  # type: ignore[attr-defined]


def composite_key_name(table: str, column: str) -> str:
    return f"{table}_{column}_county_fk"[:63]


class AddCompositeForeignKey(Operation):
    """(county_id, column) refers to (county_id, id), checked at commit."""

    reversible = True

    def __init__(self, model_name: str, field_name: str) -> None:
        self.model_name = model_name
        self.field_name = field_name

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The model state does not know about it; `TenantForeignKey` does."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        table, column, target = self._names(app_label, to_state)
        name = schema_editor.quote_name(composite_key_name(table, column))
        schema_editor.execute(
            f'ALTER TABLE "{table}" ADD CONSTRAINT {name} FOREIGN KEY (county_id, "{column}") '
            f'REFERENCES "{target}" (county_id, id) DEFERRABLE INITIALLY DEFERRED'
        )

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        table, column, _target = self._names(app_label, from_state)
        name = schema_editor.quote_name(composite_key_name(table, column))
        schema_editor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT {name}')

    def _names(self, app_label: str, state: Any) -> tuple[str, str, str]:
        model = state.apps.get_model(app_label, self.model_name)
        field = model._meta.get_field(self.field_name)
        return model._meta.db_table, field.column, field.remote_field.model._meta.db_table

    def describe(self) -> str:
        return f"Keep {self.model_name}.{self.field_name} inside its county"
