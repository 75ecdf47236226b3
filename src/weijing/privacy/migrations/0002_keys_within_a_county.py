from django.db import migrations

from weijing.core.tenancy import AddCompositeForeignKey


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0001_initial"),
    ]

    operations = [
        AddCompositeForeignKey("rightsrequest", "resident"),
        AddCompositeForeignKey("rightsrequest", "received_by"),
        AddCompositeForeignKey("rightsrequest", "checked_by"),
        AddCompositeForeignKey("rightsrequest", "decided_by"),
        AddCompositeForeignKey("rightsrequest", "executed_by"),
        AddCompositeForeignKey("rightsrequest", "answered_by"),
    ]
