"""A roll is handed in, and its columns are said."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents.importing import mapping, running, uploads, verdicts
from weijing.residents.importing.columns import HEADINGS, TITLES, plain
from weijing.residents.importing.opening import BadRoll
from weijing.residents.models import ImportProfile, RollImport
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.importing.rights import LOOKERS, importable, may_import
from weijing.web.desk.showing import show


class NoFile(DomainError):
    """The form was sent without a file."""


class TwoColumns(DomainError):
    """Two columns cannot both be the name."""


@dataclass(frozen=True)
class Line:
    """A column of the file on the form; `field` is what it is taken for, `name` the control's."""

    name: str
    column: mapping.Column
    field: str


@for_roles(*LOOKERS)
@require_POST
def upload(request: OfficerRequest) -> HttpResponse:
    if not may_import(request.scope):
        raise PermissionDenied
    file = request.FILES.get("roll")
    if file is None:
        raise NoFile("没有选文件，没有上传。请选一个 .xlsx 或 CSV 文件。")
    record = uploads.keep(
        file.name or "", file.chunks(), county_id=request.scope.county_id, by=request.user,
        at=clock.now(),
    )  # fmt: skip
    return redirect("desk:import-columns", pk=record.pk)


@for_roles(*LOOKERS)
def columns(request: OfficerRequest, pk: int) -> HttpResponse:
    record = importable(request, pk)
    ready = (RollImport.State.UPLOADED, RollImport.State.CHECKED, RollImport.State.STOPPED)
    if record.state not in ready or not uploads.is_kept(record):
        return redirect("desk:import", pk=pk)
    try:
        there = mapping.look(record)
    except BadRoll as refusal:
        running.refuse(record, refusal, by=request.user, at=clock.now())
        return redirect("desk:import", pk=pk)
    if request.method == "POST":
        try:
            _start(request, record, there)
            return redirect("desk:import", pk=pk)
        except DomainError as refusal:
            context = _as_sent(request, there) | {"wrong": str(refusal)}
            return _show(request, record, context, status=422)
    return _show(request, record, _as_guessed(request, record, there))


def _start(request: OfficerRequest, record: RollImport, there: list[mapping.Column]) -> None:
    said = _said(request, there)
    policies = {f: request.POST.get(f"policy-{f}", verdicts.Policy.ASK) for f in verdicts.TITLES}
    at, profile = clock.now(), None
    if request.POST.get("source", "").strip():
        profile = mapping.save(
            request.POST["source"], said, policies, county_id=record.county_id, by=request.user,
            at=at,
        )  # fmt: skip
    running.start(
        record, by=request.user, at=at, apply=False, columns=said, policies=policies,
        profile=profile, is_whole=request.POST.get("whole") != "some",
    )  # fmt: skip


def _said(request: OfficerRequest, there: list[mapping.Column]) -> dict[str, str]:
    """Every field with its heading; "" for one that no column is.

    Raises `TwoColumns`.
    """
    chosen = [(request.POST.get(f"c{n}", ""), one.heading) for n, one in enumerate(there)]
    counts = Counter(field for field, _ in chosen if field)
    if doubled := next((field for field, count in counts.items() if count > 1), ""):
        raise TwoColumns(f"有两列都选了“{TITLES.get(doubled, doubled)}”，还没有检查。请只留一列。")
    by_field = {field: heading for field, heading in chosen if field in HEADINGS}
    return {field: by_field.get(field, "") for field in HEADINGS}


def _as_guessed(
    request: OfficerRequest, record: RollImport, there: list[mapping.Column]
) -> dict[str, Any]:
    profiles = ImportProfile.objects.filter(county_id=record.county_id).order_by("name")
    fitting = mapping.fitting(record.county_id, [one.heading for one in there])
    wanted = request.GET.get("source", "")
    profile = next((one for one in profiles if one.name == wanted), fitting)
    known = {plain(h): f for f, h in profile.columns.items() if h} if profile else {}
    return {
        "lines": [
            Line(f"c{n}", one, known.get(plain(one.heading), "") if profile else one.guess)
            for n, one in enumerate(there)
        ],
        "profile": profile,
        "profiles": profiles,
        "source": profile.name if profile else "",
        "policies": _policies(profile.policies if profile else {}),
        "whole": "whole",
    }


def _as_sent(request: OfficerRequest, there: list[mapping.Column]) -> dict[str, Any]:
    sent = request.POST
    return {
        "lines": [Line(f"c{n}", one, sent.get(f"c{n}", "")) for n, one in enumerate(there)],
        "source": sent.get("source", ""),
        "policies": _policies({f: sent.get(f"policy-{f}", "") for f in verdicts.TITLES}),
        "whole": sent.get("whole", "whole"),
    }


def _policies(said: dict[str, str]) -> list[tuple[str, str, str]]:
    ask = verdicts.Policy.ASK
    return [(f, title, said.get(f) or ask) for f, title in verdicts.TITLES.items()]


def _show(
    request: OfficerRequest, record: RollImport, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    words = [(policy.value, word) for policy, word in verdicts.WORDS.items()]
    choices = list(TITLES.items())
    every = {"record": record, "fields": choices, "words": words, **context}
    return show(request, "desk/imports/columns.html", every, status=status)
