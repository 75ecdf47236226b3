"""Opening an act beside a record, looking on the way, saving it."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect

from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents import policies
from weijing.residents.models import Resident
from weijing.residents.record import changing, homes
from weijing.web.records.acts import BUTTONS, FORMS
from weijing.web.records.form import ActForm, Acting

Show = Callable[[ActForm, int], HttpResponse]


def change(
    request: HttpRequest, acting: Acting, act: str, *, show: Show, back: str
) -> HttpResponse:
    """`show(form, status)` is the record's page with the form open; `back` the page without."""
    kind = FORMS.get(act) or BUTTONS.get(act)
    if kind is None:
        raise Http404
    if not policies.can_change(acting.scope, acting.person):
        raise PermissionDenied
    if act in BUTTONS:
        return _press(request, kind(acting, request.POST), back=back)
    if request.method != "POST":
        return show(kind(acting), 200)
    form = kind(acting, request.POST)
    if request.POST.get("action") != "save":
        # Looking on the way: another village, who lives there, more people. Nothing is judged.
        return show(kind(acting, initial=_as_typed(form)), 200)
    return _save(request, form, show=show, back=back)


def _save(request: HttpRequest, form: ActForm, *, show: Show, back: str) -> HttpResponse:
    if not form.is_valid():
        return show(form, 422)
    try:
        said = form.save()
    except PermissionDenied:
        raise
    except changing.ChangedMeanwhile as stale:
        return show(_anew(form, stale), 422)
    except homes.SeveralHomes as several:
        form.add_error("house", str(several))
        return show(form, 422)
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return show(form, 422)
    _say(request, said)
    return redirect(back)


def _press(request: HttpRequest, form: ActForm, *, back: str) -> HttpResponse:
    if request.method != "POST" or not form.is_valid():
        raise Http404
    try:
        _say(request, form.save())
    except PermissionDenied:
        raise
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect(back)


def _say(request: HttpRequest, said: str) -> None:
    done, _, warning = said.partition("\n")
    messages.success(request, done)
    if warning:
        messages.warning(request, warning)


def _anew(form: ActForm, stale: changing.ChangedMeanwhile) -> ActForm:
    """What was typed, over the record as it is now: the next save knows what the officer saw."""
    acting = form.acting
    people = Resident.objects.select_related("division__parent", "household")
    fresh = people.get(county_id=acting.county_id, pk=acting.person.pk)
    typed = cast(QueryDict, form.data).copy()
    typed["seen"] = changing.version(fresh)
    now = Acting(fresh, acting.by, acting.scope, acting.at)
    again = type(form)(now, typed)
    if "seen_home" in again.fields:
        typed["seen_home"] = again.home_version()  # type: ignore[attr-defined]
    again.add_error(None, str(stale))
    return again


def _as_typed(form: ActForm) -> dict[str, Any]:
    return {name: form[name].value() for name in form.fields}
