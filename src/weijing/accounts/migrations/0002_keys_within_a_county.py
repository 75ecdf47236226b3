from django.db import migrations

from weijing.core.tenancy import AddCompositeForeignKey


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("territory", "0001_initial"),
    ]

    operations = [
        AddCompositeForeignKey("officer", "station"),
        AddCompositeForeignKey("rolegrant", "officer"),
        AddCompositeForeignKey("rolegrant", "granted_by"),
        AddCompositeForeignKey("posting", "officer"),
        AddCompositeForeignKey("posting", "beat"),
        AddCompositeForeignKey("posting", "station"),
    ]
