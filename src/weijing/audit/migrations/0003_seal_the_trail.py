import django.db.models.deletion
from django.db import migrations, models

import weijing.core.ids
from weijing.audit.marking import mark

BATCH = 5_000


def mark_what_is_there(apps, schema_editor):
    entries = apps.get_model("audit", "AuditEntry")
    ids = list(entries.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        rows = list(entries.objects.filter(pk__in=ids[start : start + BATCH]))
        for row in rows:
            row.mark = mark(row)
        entries.objects.bulk_update(rows, ["mark"])


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_keys_within_a_county"),
        ("territory", "0004_give_stations_a_duty_phone"),
    ]

    operations = [
        migrations.AddField(
            model_name="auditentry",
            name="mark",
            field=models.BinaryField(default=b""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="auditentry", name="seal", field=models.IntegerField(null=True)
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["county", "seal"], name="audit_by_seal"),
        ),
        migrations.CreateModel(
            name="Seal",
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
                ("at", models.DateTimeField()),
                ("entries", models.IntegerField()),
                ("digest", models.BinaryField()),
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
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("county", "id"), name="seal_county_id"),
                    models.UniqueConstraint(fields=("county", "number"), name="seal_number"),
                ],
            },
        ),
        migrations.RunPython(mark_what_is_there, migrations.RunPython.noop),
    ]
