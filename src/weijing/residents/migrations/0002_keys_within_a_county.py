from django.db import migrations

from weijing.core.tenancy import AddCompositeForeignKey


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("residents", "0001_initial"),
        ("territory", "0001_initial"),
    ]

    operations = [
        AddCompositeForeignKey("household", "division"),
        AddCompositeForeignKey("resident", "household"),
        AddCompositeForeignKey("resident", "division"),
        AddCompositeForeignKey("wechatidentity", "resident"),
        AddCompositeForeignKey("contact", "officer"),
        AddCompositeForeignKey("contact", "identity"),
        AddCompositeForeignKey("contact", "labelled_by"),
        AddCompositeForeignKey("consentrecord", "resident"),
        AddCompositeForeignKey("consentrecord", "recorded_by"),
        AddCompositeForeignKey("rollimport", "started_by"),
    ]
