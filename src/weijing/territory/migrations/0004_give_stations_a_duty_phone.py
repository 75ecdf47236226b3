from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("territory", "0003_know_road_sections"),
    ]

    operations = [
        migrations.AddField(
            model_name="station",
            name="phone",
            field=models.CharField(blank=True, db_default="", default="", max_length=20),
        ),
    ]
