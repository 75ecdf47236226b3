from django.db import migrations

from weijing.core.tenancy import AddCompositeForeignKey


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("residents", "0001_initial"),
        ("tags", "0001_initial"),
    ]

    operations = [
        AddCompositeForeignKey("taggroup", "category"),
        AddCompositeForeignKey("tag", "group"),
        AddCompositeForeignKey("tagassignment", "resident"),
        AddCompositeForeignKey("tagassignment", "tag"),
        AddCompositeForeignKey("tagassignment", "set_by"),
        AddCompositeForeignKey("tagprojection", "contact"),
    ]
