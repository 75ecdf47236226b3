"""Figures and audiences that are kept must equal the rows they were counted from."""

from weijing.audiences import comparing_saved
from weijing.audiences.index import comparing
from weijing.residents.figures import keeping
from weijing.sync.doctor.checks import Check, Offenders, Patient


def kept_equal_rows(patient: Patient) -> Offenders:
    """By division. Places touched since the last count are not believed anyhow."""
    found = Offenders()
    for division_id in keeping.wrong_figures(patient.county.pk, at=patient.at):
        found.add(division_id)
    return found


def index_equals_rows(patient: Patient) -> Offenders:
    """By name of the set: as a new process would have it, from checkpoint and log."""
    found = Offenders()
    for name in comparing.differences(patient.county.pk):
        found.add(name)
    return found


def saved_audiences_mean_the_rows(patient: Patient) -> Offenders:
    """By id."""
    found = Offenders()
    for saved_id in comparing_saved.differing(patient.county.pk):
        found.add(saved_id)
    return found


CHECKS = (
    Check(
        "figures.coverage", "",
        "Every kept coverage figure equals the rows (cure: weijing coverage count --all).",
        kept_equal_rows,
    ),
    Check(
        "figures.audiences", "",
        "The audience index, from its checkpoint and the log, equals the rows.",
        index_equals_rows,
    ),
    Check(
        "figures.saved_audiences", "",
        "Every saved audience means by the index whom it means by the rows.",
        saved_audiences_mean_the_rows, is_deep=True,
    ),
)  # fmt: skip
