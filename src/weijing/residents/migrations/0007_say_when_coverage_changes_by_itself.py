from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0006_remember_remarks_written"),
    ]

    operations = [
        migrations.AddField(
            model_name="coveragefigure",
            name="changes_on",
            field=models.DateField(null=True),
        ),
    ]
