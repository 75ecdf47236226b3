"""`weijing doctor`: prove that what must hold holds."""

import json
import sys
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from wecom_api import WeCom, WeComError
from weijing.audit.models import AuditEntry
from weijing.core import clock, line
from weijing.core.env import environment
from weijing.sync.doctor import examining
from weijing.sync.doctor.checks import Patient
from weijing.sync.doctor.examining import Result
from weijing.sync.doctor.repairs import NEED_WECOM, REPAIRS
from weijing.territory.models import County


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.option("--deep", is_flag=True, help="Also compare everything with WeCom, read afresh.")
@click.option("--repair", type=click.Choice(sorted(REPAIRS)), help="Repair this, then look.")
@click.option("--county", "code", help="Six digits; WEIJING_COUNTY if not given.")
def doctor(as_json: bool, deep: bool, repair: str | None, code: str | None) -> None:
    """Prove that what must hold holds.

    Exits with 0 when all is well, 1 when a rule is broken, 2 when a rule could not be checked.
    """
    county = County.objects.filter(code=code or environment().county).first()
    if county is None:
        raise click.ClickException(f"There is no county {code or environment().county}.")
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
