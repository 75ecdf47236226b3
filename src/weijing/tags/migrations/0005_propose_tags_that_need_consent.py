from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tags", "0004_keep_a_catalogue_of_ones_own")]

    operations = [
        migrations.AddField(
            model_name="tagproposal",
            name="needs_consent",
            field=models.BooleanField(default=False, db_default=False),
        ),
    ]
