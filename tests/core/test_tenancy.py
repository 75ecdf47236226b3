"""The rules that let the same schema run on one PostgreSQL or sharded by county."""

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from tests.builders import division, make_contact, make_county, make_officer, make_resident
from weijing.accounts.models import Role
from weijing.core.tenancy import TenantForeignKey, TenantModel, TenantPart
from weijing.territory.models import Beat, County, Division, Station

OURS = [model for model in apps.get_models() if model.__module__.startswith("weijing.")]
TENANT = [model for model in OURS if issubclass(model, TenantModel)]
# Not of one county: the tenant itself, the raw inbox (keyed by content), and our line to WeCom.
COUNTYLESS = {"County", "InboxEvent", "WeComToken", "WeComBucket", "WeComHealth"}


def test_every_table_belongs_to_a_county_or_is_known_not_to():
    assert {model.__name__ for model in OURS if model not in TENANT} == COUNTYLESS


@pytest.mark.parametrize("model", TENANT, ids=lambda model: model.__name__)
def test_county_is_never_null_and_the_id_is_made_by_us(model):
    assert not model._meta.get_field("county").null
    assert isinstance(model._meta.pk, models.BigIntegerField)
    assert not isinstance(model._meta.pk, models.AutoField)


@pytest.mark.parametrize("model", TENANT, ids=lambda model: model.__name__)
def test_every_unique_constraint_names_the_county(model):
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            named = set(constraint.fields) | {str(e) for e in constraint.expressions}
            assert "county" in named or "F(county)" in named, constraint.name
    assert not model._meta.unique_together
    for field in model._meta.local_fields:
        assert not field.unique or field.primary_key, f"{field.name} is unique across counties"


@pytest.mark.parametrize("model", TENANT, ids=lambda model: model.__name__)
def test_relations_between_tenant_rows_stay_inside_the_county(model):
    for field in model._meta.local_fields:
        if isinstance(field, models.ForeignKey) and issubclass(field.related_model, TenantModel):
            assert isinstance(field, TenantForeignKey), f"{model.__name__}.{field.name}"


PARTS = [model for model in TENANT if issubclass(model, TenantPart)]


@pytest.mark.parametrize("model", PARTS, ids=lambda model: model.__name__)
def test_a_part_belongs_to_a_row_that_vouches_for_its_county(model):
    keys = [f for f in model._meta.local_fields if isinstance(f, TenantForeignKey) and not f.null]
    assert keys


@pytest.mark.django_db(transaction=True)
def test_a_contact_of_no_county_is_refused(county):
    contact = make_contact(
        make_officer(county, "yang", Role.VILLAGE_AUXILIARY),
        make_resident(division(county, "小沙江镇", "桃李村", "1组")),
    )
    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute("UPDATE residents_contact SET county_id = 1 WHERE id = %s", [contact.pk])
    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute("UPDATE residents_wechatidentity SET county_id = 1")


@pytest.mark.django_db
def test_the_database_holds_a_composite_key_for_every_relation():
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.conrelid::regclass::text, array_agg(a.attname::text ORDER BY a.attname)
            FROM pg_constraint c
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
            WHERE c.contype = 'f' GROUP BY c.oid, c.conrelid
            """
        )
        held = {(table.strip('"'), *columns) for table, columns in cursor.fetchall()}
    for model in TENANT:
        for field in model._meta.local_fields:
            if isinstance(field, TenantForeignKey):
                key = (model._meta.db_table, *sorted(("county_id", field.column)))
                assert key in held, f"{model.__name__}.{field.name} has no composite key"


@pytest.mark.django_db
def test_no_table_of_ours_has_an_identity_column_or_a_trigger():
    tables = [model._meta.db_table for model in OURS]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_name = ANY(%s)"
            " AND (is_identity = 'YES' OR column_default LIKE 'nextval%%')",
            [tables],
        )
        assert cursor.fetchall() == []
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger "
            "WHERE NOT tgisinternal AND tgrelid::regclass::text = ANY(%s)",
            [tables],
        )
        assert cursor.fetchall() == []


def test_a_row_cannot_refer_to_another_county(county):
    other = make_county("431302")
    station = Station.objects.get(county=other, name="小沙江派出所")
    with pytest.raises(IntegrityError), transaction.atomic():
        Beat.objects.create(county=county, station_id=station.pk, name="越界")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_joins_compare_the_county_too(county):
    query = str(Beat.objects.filter(station__name="小沙江派出所").query)
    join = query.split("JOIN")[1].split("WHERE")[0]
    assert '"territory_station"."county_id"' in join
    assert '"territory_beat"."county_id"' in join


def test_saving_never_moves_a_row_to_another_county(county):
    other = make_county("431302")
    village = division(county, "小沙江镇", "桃李村")
    village.county_id = other.pk
    village.name = "改名村"
    with pytest.raises(DatabaseError, match="did not affect any rows"), transaction.atomic():
        village.save(force_update=True)
    assert Division.objects.get(pk=village.pk).county_id == county.pk
    assert County.objects.count() == 2
