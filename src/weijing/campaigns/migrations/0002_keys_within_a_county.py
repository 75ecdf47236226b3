from django.db import migrations

from weijing.core.tenancy import AddCompositeForeignKey


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("campaigns", "0001_initial"),
        ("residents", "0001_initial"),
    ]

    operations = [
        AddCompositeForeignKey("campaign", "drafted_by"),
        AddCompositeForeignKey("campaign", "released_by"),
        AddCompositeForeignKey("share", "campaign"),
        AddCompositeForeignKey("share", "officer"),
        AddCompositeForeignKey("delivery", "share"),
        AddCompositeForeignKey("delivery", "resident"),
    ]
