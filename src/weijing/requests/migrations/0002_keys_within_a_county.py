from django.db import migrations

from weijing.core.tenancy import AddCompositeForeignKey

KEYS = {
    "lostitem": ("division", "resident", "taken_in_by", "held_by", "closed_by"),
    "lostmatch": ("lost", "found", "matched_by", "undone_by", "verified_by", "returned_by"),
    "missingperson": (
        *("resident", "division", "family", "reported_by", "in_charge", "confirmed_by"),
        *("searching_by", "published_by", "minors_law_by", "found_by", "returned_by", "closed_by"),
    ),
    "publicconsent": ("missing", "recorded_by", "withdrawn_by"),
    "missingphoto": ("missing", "added_by"),
    "sighting": ("missing", "resident", "told_by", "decided_by"),
}


class Migration(migrations.Migration):
    dependencies = [
        ("requests", "0001_initial"),
    ]

    operations = [AddCompositeForeignKey(model, field) for model in KEYS for field in KEYS[model]]
