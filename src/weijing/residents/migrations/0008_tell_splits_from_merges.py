from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0007_say_when_coverage_changes_by_itself"),
    ]

    operations = [
        migrations.AddField(
            model_name="mergerecord",
            name="kind",
            field=models.CharField(
                choices=[("merge", "合并"), ("split", "拆分")],
                db_default="merge",
                default="merge",
                max_length=5,
            ),
        ),
        migrations.AddIndex(
            model_name="mergerecord",
            index=models.Index(fields=["county", "at"], name="merge_when"),
        ),
    ]
