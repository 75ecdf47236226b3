"""Running the checks. One that cannot be made does not keep the others from being made."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import Error as DatabaseTrouble
from django.db import transaction

from wecom_api import WeComError
from weijing.sync.doctor import (
    callbacks,
    emergencies,
    figures,
    machine,
    mirror,
    people,
    sending,
    trail,
    ways,
)
from weijing.sync.doctor.checks import Check, Offenders, Patient

CHECKS: tuple[Check, ...] = (
    *callbacks.CHECKS,
    *people.CHECKS,
    *figures.CHECKS,
    *sending.CHECKS,
    *emergencies.CHECKS,
    *machine.CHECKS,
    *trail.CHECKS,
    *ways.CHECKS,
    *mirror.CHECKS,
    *ways.WITH_WECOM,
)
NEED_WECOM = (*mirror.CHECKS, *ways.WITH_WECOM)

CLEAN, VIOLATED, COULD_NOT_CHECK = 0, 1, 2


@dataclass(frozen=True)
class Result:
    """`could_not` says why the check was not made, "" when it was."""

    check: Check
    offenders: Offenders
    could_not: str = ""

    @property
    def is_violated(self) -> bool:
        return bool(self.offenders.count) and not self.check.is_notice


def examine(
    patient: Patient,
    *,
    deep: bool,
    before: Callable[[Check], None] = lambda check: None,
) -> list[Result]:
    """Make every check; deep ones only with `deep`. `before` hears of each."""
    results = []
    for check in CHECKS:
        if deep or not check.is_deep:
            before(check)
            results.append(_made(check, patient))
    return results


def exit_code(results: Iterable[Result]) -> int:
    """A violation outweighs a check that could not be made."""
    results = list(results)
    if any(result.is_violated for result in results):
        return VIOLATED
    return COULD_NOT_CHECK if any(result.could_not for result in results) else CLEAN


def _made(check: Check, patient: Patient) -> Result:
    if check in NEED_WECOM and patient.wecom is None:
        return Result(check, Offenders(), "WeCom is not configured")
    try:
        with transaction.atomic():  # a failed query must not spoil the next check
            return Result(check, check.look(patient))
    except (WeComError, DatabaseTrouble, OSError) as error:
        return Result(check, Offenders(), f"{type(error).__name__}: {error}"[:200])
