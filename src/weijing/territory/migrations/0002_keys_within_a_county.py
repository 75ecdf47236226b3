from django.db import migrations

from weijing.core.tenancy import AddCompositeForeignKey


class Migration(migrations.Migration):
    dependencies = [
        ("territory", "0001_initial"),
    ]

    operations = [
        AddCompositeForeignKey("division", "parent"),
        AddCompositeForeignKey("stationtownship", "station"),
        AddCompositeForeignKey("stationtownship", "township"),
        AddCompositeForeignKey("beat", "station"),
        AddCompositeForeignKey("beatdivision", "beat"),
        AddCompositeForeignKey("beatdivision", "division"),
    ]
