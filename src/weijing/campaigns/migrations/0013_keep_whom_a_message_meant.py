from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0012_keep_to_wecoms_limit")]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="audience_meant",
            field=models.JSONField(null=True),
        ),
    ]
