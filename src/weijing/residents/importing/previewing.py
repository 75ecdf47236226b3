"""What an import would do, as a page shows it: counts by column and masked samples."""

from typing import Any

import polars as pl

from weijing.residents.importing.differing import Difference
from weijing.residents.importing.gathering import Gathered
from weijing.residents.importing.homes_differing import words
from weijing.residents.importing.noting import shown
from weijing.residents.importing.reports import RollReport
from weijing.residents.importing.verdicts import TITLES, Verdict
from weijing.residents.importing.weighing import Weighed
from weijing.residents.masking import masked_name

NEW_SHOWN = 10


def preview(gathered: Gathered, weighed: Weighed, report: RollReport) -> dict[str, Any]:
    """Of `RollImport.preview`: JSON without a whole name or phone in it."""
    return {
        "fields": [_field(weighed, name) for name in TITLES if _seen(weighed, name)],
        "samples": [_sample(one) for one in weighed.samples],
        "new": _new(gathered, weighed),
        "reasons": report.reasons,
        "ignored_columns": report.ignored_columns,
        "ignored_sheets": report.ignored_sheets,
        "households_created": report.households_created,
        "households_updated": report.households_updated,
        "groups_created": report.groups_created,
        "partial_villages": report.partial_villages,
    }


def _seen(weighed: Weighed, name: str) -> bool:
    return any(weighed.counts[name, verdict] for verdict in Verdict)


def _field(weighed: Weighed, name: str) -> dict[str, Any]:
    counts = {verdict.value: weighed.counts[name, verdict] for verdict in Verdict}
    return {"title": TITLES[name], **counts}


def _sample(one: Difference) -> dict[str, Any]:
    return {
        "row": one.row,
        "name": masked_name(one.name),
        "title": TITLES[one.field],
        "ours": _masked(one.field, one.ours),
        "theirs": _masked(one.field, one.theirs),
        "verdict": one.verdict.value,
    }


def _masked(field: str, text: str) -> str:
    return masked_name(text) if field == "name" else shown(field, text)


def _new(gathered: Gathered, weighed: Weighed) -> list[dict[str, Any]]:
    numbers = gathered.rows["n"].to_numpy()
    new = gathered.rows.filter(pl.Series(weighed.ids[numbers] == 0)).head(NEW_SHOWN)
    return [
        {"row": row, "name": masked_name(name), "place": words(gathered.places[place])}
        for row, name, place in new.select("row", "name", "place").iter_rows()
    ]
