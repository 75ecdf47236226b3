"""Codes that residents scan: made, taken down, and in WeCom exactly as our rows say."""

from weijing.residents.ways import comparing
from weijing.sync.doctor.checks import Check, Offenders, Patient, by_sql


def codes_equal(patient: Patient) -> Offenders:
    """Rows by id, and codes of our making that no row knows by `config_id`."""
    assert patient.wecom is not None  # deep checks run with a line only
    found = Offenders()
    for piece in comparing.compare(patient.county.pk, wecom=patient.wecom):
        for one in (*piece.missing, *piece.other, *piece.stray):
            found.add(one)
    return found


CHECKS = (
    Check(
        "ways.made", "I17",
        "Every code that was wanted an hour ago is made, or refused for a reason.",
        by_sql(
            "SELECT id FROM residents_contactway WHERE county_id = %(county)s "
            "AND ended_at IS NULL AND config_id = '' AND refused_because = '' "
            "AND created_at < %(at)s - interval '1 hour'"
        ),
    ),
    Check(
        "ways.ended", "I17",
        "Every code that was ended an hour ago is gone from WeCom.",
        by_sql(
            "SELECT id FROM residents_contactway WHERE county_id = %(county)s "
            "AND ended_at < %(at)s - interval '1 hour' AND config_id <> '' "
            "AND NOT (due_at IS NULL AND refused_because <> '')"
        ),
    ),
    Check(
        "ways.parked", "I17",
        "No deletion of an ended code was given up after WeCom rejected it five times "
        "(cure: weijing doctor --repair parked).",
        by_sql(
            "SELECT id FROM residents_contactway WHERE county_id = %(county)s "
            "AND ended_at IS NOT NULL AND due_at IS NULL AND refused_because <> ''"
        ),
    ),
    Check(
        "ways.refused", "",
        "WeCom has refused no code that somebody wants.",
        by_sql(
            "SELECT id FROM residents_contactway WHERE county_id = %(county)s "
            "AND ended_at IS NULL AND refused_because <> ''"
        ),
        is_notice=True,
    ),
)  # fmt: skip
WITH_WECOM = (
    Check(
        "mirror.ways", "I16",
        "Every code leads in WeCom to whom our row says, and there is no other of ours "
        "(cure: weijing doctor --repair ways).",
        codes_equal, is_deep=True,
    ),
)  # fmt: skip
