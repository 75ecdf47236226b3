from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0009_plan_people_before_listing_them")]

    operations = [
        migrations.AddField(
            model_name="emergencymessage",
            name="held_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="emergencymessage",
            name="looked_at",
            field=models.DateTimeField(null=True),
        ),
    ]
