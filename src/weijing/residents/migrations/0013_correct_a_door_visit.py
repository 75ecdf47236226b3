import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import weijing.core.ids
import weijing.core.tenancy
from weijing.core.tenancy import AddCompositeForeignKey


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0012_lead_residents_to_officers_by_codes"),
        ("territory", "0002_keys_within_a_county"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="doorvisit",
            index=models.Index(fields=["county", "at"], name="visit_when"),
        ),
        migrations.CreateModel(
            name="DoorVisitCorrection",
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
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("added", "已加好友"),
                            ("absent", "家中无人"),
                            ("refused", "不愿意加"),
                            ("no_phone", "没有手机"),
                            ("no_wechat", "不用微信"),
                            ("away", "在外务工"),
                            ("moved", "已搬走"),
                            ("vacant", "空房"),
                        ],
                        max_length=9,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=120)),
                ("corrected_at", models.DateTimeField()),
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
                    "visit",
                    weijing.core.tenancy.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="corrections",
                        to="residents.doorvisit",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("county", "id"), name="doorvisitcorrection_county_id"
                    ),
                ],
            },
        ),
        AddCompositeForeignKey("doorvisitcorrection", "visit"),
    ]
