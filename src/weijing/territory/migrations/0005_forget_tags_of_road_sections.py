from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("territory", "0004_give_stations_a_duty_phone")]

    operations = [migrations.RemoveField(model_name="roadsection", name="tag_code")]
