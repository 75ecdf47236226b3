"""Somebody came to the station, or wrote: their request about their own data is taken in."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from weijing.accounts.models import Role
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.privacy import requesting
from weijing.privacy.models import RightsRequest
from weijing.privacy.requesting import AlreadyAsked
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.officer.consents import opened

Kind, Field, Channel = RightsRequest.Kind, RightsRequest.Field, RightsRequest.Channel
CHANNELS = [(each.value, each.label) for each in (Channel.IN_PERSON, Channel.LETTER)]


class NewRequestForm(forms.Form):
    kind = forms.ChoiceField(label="要求", choices=Kind.choices, widget=forms.RadioSelect)
    field = forms.ChoiceField(label="更正哪一项", choices=Field.choices, required=False)
    wanted = forms.CharField(label="改成", max_length=500, required=False)
    words = forms.CharField(label="本人的话", max_length=500, required=False, widget=forms.Textarea)
    channel = forms.ChoiceField(label="怎么提出的", choices=CHANNELS, widget=forms.RadioSelect)


@for_roles(Role.STATION_COMMAND)
@require_http_methods(["GET", "POST"])
def new(request: OfficerRequest, pk: int) -> HttpResponse:
    person = opened(request, pk, purpose="request")
    form = NewRequestForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            taken = requesting.submit(person, by=request.user, at=clock.now(), **form.cleaned_data)
            return redirect("desk:rights-request", number=taken.number)
        except AlreadyAsked as waiting:
            messages.warning(request, f"同样的申请正在办理，编号 {waiting.request.number}。")
            return redirect("desk:rights-request", number=waiting.request.number)
        except DomainError as wrong:
            form.add_error(None, str(wrong))
    status = 422 if form.errors else 200
    return render(request, "desk/rights/new.html", {"form": form, "person": person}, status=status)
