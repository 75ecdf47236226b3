"""The audit trail: sealed in time, and as it was written."""

from weijing.audit import verifying
from weijing.sync.doctor.checks import Check, Offenders, Patient, by_sql


def trail_is_as_written(patient: Patient) -> Offenders:
    found = Offenders()
    for wrong in verifying.verify(patient.county).wrong:
        found.add(wrong)
    return found


CHECKS = (
    Check(
        "audit.sealed", "I10",
        "What was written into the audit trail is under a seal within three minutes.",
        by_sql(
            "SELECT id FROM audit_auditentry WHERE county_id = %(county)s AND seal IS NULL "
            "AND at < %(at)s - interval '3 minutes'"
        ),
    ),
    Check(
        "audit.as_written", "I10",
        "No entry of the audit trail was changed, added or taken away; `weijing doctor audit`.",
        trail_is_as_written, is_deep=True,
    ),
)  # fmt: skip
