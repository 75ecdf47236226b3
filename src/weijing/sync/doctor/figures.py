"""Coverage figures that are kept must equal the rows they were counted from."""

from weijing.residents.figures import keeping
from weijing.sync.doctor.checks import Check, Offenders, Patient


def kept_equal_rows(patient: Patient) -> Offenders:
    """By division. Places touched since the last count are not believed anyhow."""
    found = Offenders()
    for division_id in keeping.wrong_figures(patient.county.pk, at=patient.at):
        found.add(division_id)
    return found


CHECKS = (
    Check(
        "figures.coverage", "",
        "Every kept coverage figure equals the rows (cure: weijing coverage count --all).",
        kept_equal_rows,
    ),
)  # fmt: skip
