import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import weijing.core.ids
import weijing.core.tenancy
from weijing.core.tenancy import AddCompositeForeignKey


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0002_keys_within_a_county"),
        ("territory", "0002_keys_within_a_county"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Greeting",
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
                ("code_digest", models.CharField(max_length=64)),
                ("code", models.CharField(blank=True, max_length=200)),
                ("userid", models.CharField(max_length=64)),
                ("external_userid", models.CharField(max_length=64)),
                ("not_after", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "待发送"),
                            ("sending", "发送中"),
                            ("sent", "已发送"),
                            ("late", "已超时"),
                            ("unsure", "未知"),
                            ("refused", "企业微信未受理"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("ended_at", models.DateTimeField(null=True)),
                ("errcode", models.IntegerField(null=True)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="OfficerReading",
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
                ("read_at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="contactrefresh",
            name="hints",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="contactrefresh",
            name="leased_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="contactrefresh",
            name="version",
            field=models.IntegerField(default=1),
        ),
        migrations.AddIndex(
            model_name="contactrefresh",
            index=models.Index(
                condition=models.Q(("parked_because", "")), fields=["due_at"], name="refresh_due"
            ),
        ),
        migrations.AddField(
            model_name="greeting",
            name="county",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="territory.county",
            ),
        ),
        migrations.AddField(
            model_name="officerreading",
            name="county",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="territory.county",
            ),
        ),
        migrations.AddField(
            model_name="officerreading",
            name="officer",
            field=weijing.core.tenancy.TenantForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="greeting",
            constraint=models.UniqueConstraint(fields=("county", "id"), name="greeting_county_id"),
        ),
        migrations.AddConstraint(
            model_name="greeting",
            constraint=models.UniqueConstraint(
                fields=("county", "code_digest"), name="greeting_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="officerreading",
            constraint=models.UniqueConstraint(
                fields=("county", "id"), name="officerreading_county_id"
            ),
        ),
        migrations.AddConstraint(
            model_name="officerreading",
            constraint=models.UniqueConstraint(
                fields=("county", "officer"), name="officer_reading_once"
            ),
        ),
        AddCompositeForeignKey("officerreading", "officer"),
    ]
