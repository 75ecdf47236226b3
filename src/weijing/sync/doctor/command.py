"""`weijing doctor`: prove that what must hold holds."""

import json
import sys
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from wecom_api import WeCom, WeComError
from weijing.audit import checkpoints, verifying
from weijing.audit.models import AuditEntry
from weijing.core import clock, line
from weijing.core.env import environment
from weijing.sync.doctor import examining
from weijing.sync.doctor.checks import Patient
from weijing.sync.doctor.examining import Result
from weijing.sync.doctor.repairs import NEED_WECOM, REPAIRS
from weijing.territory.models import County


@click.group(invoke_without_command=True)
@click.pass_context
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.option("--deep", is_flag=True, help="Also compare everything with WeCom, read afresh.")
@click.option("--repair", type=click.Choice(sorted(REPAIRS)), help="Repair this, then look.")
@click.option("--county", "code", help="Six digits; WEIJING_COUNTY if not given.")
def doctor(
    context: click.Context, as_json: bool, deep: bool, repair: str | None, code: str | None
) -> None:
    """Prove that what must hold holds.

    Exits with 0 when all is well, 1 when a rule is broken, 2 when a rule could not be checked.
    """
    if context.invoked_subcommand is not None:
        context.obj = code
        return
    county = _county(code)
    patient = Patient(county, clock.now(), _line(county))
    if repair:
        click.echo(f"Repaired: {_repair(repair, patient):,}.", err=True)
        patient = Patient(county, clock.now(), patient.wecom)
    status = Console(stderr=True)
    with status.status("Looking") as shown:
        results = examining.examine(
            patient, deep=deep, before=lambda check: shown.update(f"Looking: {check.name}")
        )
    if as_json:
        click.echo(json.dumps(_as_json(results), ensure_ascii=False))
    else:
        _print(results)
    sys.exit(examining.exit_code(results))


def _county(code: str | None) -> County:
    county = County.objects.filter(code=code or environment().county).first()
    if county is None:
        raise click.ClickException(f"There is no county {code or environment().county}.")
    return county


@doctor.command()
@click.pass_obj
def audit(code: str | None) -> None:
    """Read the whole audit trail: is every entry and every seal as it was written?

    Exits with 0 when it is, 1 when not, 2 when the checkpoints cannot be read.
    """
    county = _county(code)
    status = Console(stderr=True)
    try:
        with status.status("Reading") as shown:
            verdict = verifying.verify(
                county, on_progress=lambda entries: shown.update(f"Reading: {entries:,} entries")
            )
    except (OSError, ValueError) as error:
        click.echo(f"{checkpoints.path()}: {error}", err=True)
        sys.exit(examining.COULD_NOT_CHECK)
    for wrong in verdict.wrong:
        click.echo(wrong)
    click.echo(
        f"{verdict.entries:,} entries, {verdict.unsealed:,} of them not sealed yet; "
        f"{verdict.seals:,} seals, {verdict.checkpoints:,} of them in {checkpoints.path()}: "
        + (f"{len(verdict.wrong):,} WRONG" if verdict.wrong else "all as it was written")
    )
    sys.exit(examining.VIOLATED if verdict.wrong else examining.CLEAN)


def _line(county: County) -> WeCom | None:
    try:
        return line.wecom(county.pk)
    except WeComError:
        return None


def _repair(name: str, patient: Patient) -> int:
    if name in NEED_WECOM and patient.wecom is None:
        raise click.ClickException("WeCom is not configured.")
    try:
        count = REPAIRS[name](patient)
    except WeComError as error:
        raise click.ClickException(f"WeCom: {error}") from error
    AuditEntry.objects.create(
        county_id=patient.county.pk, at=patient.at, action="doctor.repaired",
        object_type="territory.county", object_id=patient.county.pk,
        details={"repair": name, "count": count},
    )  # fmt: skip
    return count


def _state(result: Result) -> str:
    if result.could_not:
        return "not checked"
    if not result.offenders.count:
        return "holds"
    return "notice" if result.check.is_notice else "BROKEN"


COLOURS = {"holds": "green", "notice": "yellow", "BROKEN": "bold red", "not checked": "magenta"}


def _print(results: list[Result]) -> None:
    table = Table("Rule", "State", "Count", "What must hold, and who breaks it", box=None)
    for result in results:
        state = _state(result)
        says = result.check.says
        if result.could_not:
            says = f"{says}\n  {result.could_not}"
        elif result.offenders.count:
            says = f"{says}\n  {', '.join(result.offenders.examples)}"
        table.add_row(
            result.check.name,
            f"[{COLOURS[state]}]{state}[/]",
            f"{result.offenders.count:,}" if result.offenders.count else "",
            says,
        )
    Console().print(table)


def _as_json(results: list[Result]) -> dict[str, Any]:
    return {
        "exit_code": examining.exit_code(results),
        "checks": [
            {
                "name": result.check.name,
                "invariant": result.check.invariant,
                "says": result.check.says,
                "state": _state(result).lower(),
                "count": result.offenders.count,
                "examples": result.offenders.examples,
                "could_not": result.could_not,
            }
            for result in results
        ],
    }
