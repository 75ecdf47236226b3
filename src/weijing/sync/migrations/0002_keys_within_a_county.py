from django.db import migrations

from weijing.core.tenancy import AddCompositeForeignKey


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("sync", "0001_initial"),
    ]

    operations = [
        AddCompositeForeignKey("behaviourday", "officer"),
    ]
