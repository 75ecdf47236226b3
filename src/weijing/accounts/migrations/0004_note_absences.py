import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

import weijing.core.ids
import weijing.core.tenancy


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_have_duty_leaders"),
        ("territory", "0004_give_stations_a_duty_phone"),
    ]

    operations = [
        migrations.CreateModel(
            name="Absence",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        default=weijing.core.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("noted_at", models.DateTimeField()),
                (
                    "county",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.county",
                    ),
                ),
                (
                    "officer",
                    weijing.core.tenancy.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="absences",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "deputy",
                    weijing.core.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "noted_by",
                    weijing.core.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("county", "id"), name="absence_county_id"
                    ),
                    models.CheckConstraint(
                        name="absence_ends_after_it_starts",
                        condition=Q(starts_at__lte=F("ends_at")),
                    ),
                    models.CheckConstraint(
                        name="absence_has_another_deputy",
                        condition=Q(deputy=None) | ~Q(deputy=F("officer")),
                    ),
                ],
            },
        ),
        weijing.core.tenancy.AddCompositeForeignKey("absence", "officer"),
        weijing.core.tenancy.AddCompositeForeignKey("absence", "deputy"),
        weijing.core.tenancy.AddCompositeForeignKey("absence", "noted_by"),
    ]
