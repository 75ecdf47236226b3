from django.db import migrations, models
from django.db.models import Index, Q


class Migration(migrations.Migration):
    dependencies = [("residents", "0014_log_what_audiences_are_made_of")]

    operations = [
        migrations.AddField("contactway", "idle_since", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "contactway",
            Index(
                fields=["county", "id"],
                name="way_kept",
                condition=Q(("ended_at", None), ("household", None)),
            ),
        ),
        migrations.AddIndex(
            "contactway",
            Index(
                fields=["county", "created_at"],
                name="way_at_a_door",
                condition=Q(("ended_at", None), ("household__isnull", False)),
            ),
        ),
        migrations.AddIndex(
            "contactway",
            Index(
                fields=["county", "idle_since"],
                name="way_idle",
                condition=Q(("ended_at", None), ("idle_since__isnull", False)),
            ),
        ),
        migrations.AddIndex(
            "contactway", Index(fields=["county", "config_id"], name="way_of_wecom")
        ),
    ]
