import django.db.models.deletion
from django.db import migrations, models

import weijing.core.ids
import weijing.core.tenancy
from weijing.core.tenancy import AddCompositeForeignKey


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0009_end_consents_with_a_death"),
        ("territory", "0002_keys_within_a_county"),
    ]

    operations = [
        migrations.AddField(
            model_name="household",
            name="roll_marks",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="rollimport",
            name="file_key_sealed",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="rollimport",
            name="is_whole",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="rollimport",
            name="made",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="rollimport",
            name="preview",
            field=models.JSONField(default=dict),
        ),
        migrations.AlterField(
            model_name="rollimport",
            name="state",
            field=models.CharField(
                choices=[
                    ("uploaded", "待对列"),
                    ("checked", "已检查"),
                    ("applied", "已导入"),
                    ("failed", "未导入"),
                    ("waiting", "排队中"),
                    ("running", "进行中"),
                    ("stopped", "已取消"),
                    ("undone", "已撤回"),
                ],
                max_length=8,
            ),
        ),
        migrations.CreateModel(
            name="RollFilePart",
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
                ("number", models.IntegerField()),
                ("data", models.BinaryField()),
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
                    "roll_import",
                    weijing.core.tenancy.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="residents.rollimport",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("county", "id"), name="rollfilepart_county_id"),
                    models.UniqueConstraint(
                        fields=("county", "roll_import", "number"), name="roll_file_part_once"
                    ),
                ],
            },
        ),
        AddCompositeForeignKey("rollfilepart", "roll_import"),
    ]
