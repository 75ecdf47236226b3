"""What a person agreed to: read aloud and written down by the officer who heard the answer."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from weijing.accounts.models import FIELD_ROLES, Role
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.residents import consent, notices
from weijing.residents.adding import refusals
from weijing.residents.models import ConsentRecord, Resident
from weijing.residents.policies import access_resident
from weijing.tags.models import TagGroup
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.phone import phone_page

PURPOSE = "contact.consents"
SAID_WITHIN = timedelta(days=7)  # older words are asked again, not remembered
CHANNELS = [
    (ConsentRecord.Channel.FACE_TO_FACE.value, "当面"),
    (ConsentRecord.Channel.WECOM.value, "企业微信里"),
]


class ConsentForm(forms.Form):
    given = forms.ChoiceField(
        label="本人怎么说",
        choices=[("yes", "同意"), ("no", "不同意或撤回")],
        widget=forms.RadioSelect,
    )
    channel = forms.ChoiceField(label="在哪里说的", choices=CHANNELS, widget=forms.RadioSelect)
    said_at = forms.DateTimeField(
        label="什么时候说的",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
    )
    read_aloud = forms.BooleanField(
        label="已把上面的话念给本人听，或给本人看过",
        error_messages={"required": "请先把上面的话念给本人听，再登记。"},
    )
    own_wish = forms.BooleanField(label="是本人主动来说的", required=False)

    def clean_said_at(self) -> datetime:
        said_at: datetime = self.cleaned_data["said_at"]
        now = clock.now()
        if said_at > now + timedelta(minutes=1) or said_at < now - SAID_WITHIN:
            raise forms.ValidationError("时间应在最近 7 天内，不能晚于现在。")
        return min(said_at, now)


@for_roles(*FIELD_ROLES, Role.STATION_COMMAND)
@require_http_methods(["GET", "POST"])
def consents(request: OfficerRequest, pk: int) -> HttpResponse:
    """What stands now, and every word that was noted."""
    person = opened(request, pk, purpose=PURPOSE)
    return phone_page(
        request, "officer/consents.html", _page(person), back=_record_url(request, person)
    )


@for_roles(*FIELD_ROLES, Role.STATION_COMMAND)
@require_http_methods(["GET", "POST"])
def consent_scope(request: OfficerRequest, pk: int, scope: str) -> HttpResponse:
    """The same page with the sheet of one choice open. POST writes the answer down."""
    person = opened(request, pk, purpose=PURPOSE)
    choice = next((one for one in _choices(person) if one["scope"] == scope), None)
    if choice is None:
        raise Http404
    form = ConsentForm(request.POST or None, initial=_initial())
    leave = refusals.may_ask(person, at=clock.now(), scope=scope)
    in_peace = not leave.given and not choice["given"]
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        if in_peace and said["given"] == "yes" and not said["own_wish"]:
            form.add_error("own_wish", leave.sentence)
        elif _written_down(request, person, scope, form):
            return redirect("officer:consents", pk=person.pk)
    context = {
        **_page(person),
        "choice": choice,
        "form": form,
        "in_peace": leave if in_peace else None,
    }
    status = 422 if form.errors else 200
    back = _record_url(request, person)
    return phone_page(request, "officer/consents.html", context, back=back, status=status)


def opened(request: OfficerRequest, pk: int, *, purpose: str) -> Resident:
    """The person, with the reading noted; those the officer may not know of are not found."""
    try:
        return access_resident(request.scope, request.user, pk, purpose=purpose, at=clock.now())
    except Resident.DoesNotExist as unknown:
        raise Http404 from unknown


def _written_down(request: OfficerRequest, person: Resident, scope: str, form: ConsentForm) -> bool:
    said = form.cleaned_data
    note = consent.give if said["given"] == "yes" else consent.withdraw
    try:
        note(person, [scope], by=request.user, at=said["said_at"], channel=said["channel"])
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, "已登记同意。" if said["given"] == "yes" else "已登记，马上生效。")
    return True


def _page(person: Resident) -> dict[str, Any]:
    names = {choice["scope"]: choice["name"] for choice in _choices(person)}
    records = ConsentRecord.objects.filter(county_id=person.county_id, resident=person)
    latest = records.select_related("recorded_by").order_by("-at", "-pk")[:50]
    return {
        "person": person,
        "choices": _choices(person),
        "records": [(row, names.get(row.scope, row.scope)) for row in latest],
        "version": notices.CURRENT,
    }


def _choices(person: Resident) -> list[dict[str, Any]]:
    groups = TagGroup.objects.filter(county_id=person.county_id, needs_separate_consent=True)
    scopes = [(consent.CONTACT, ""), (consent.PUBLICITY, "")]
    scopes += [(group.code, group.name) for group in groups.order_by("code")]
    bureau = person.county.bureau_name
    texts = [(scope, notices.choice(scope, bureau=bureau, group=group)) for scope, group in scopes]
    return [
        {
            "scope": scope,
            "name": text.name,
            "wording": text.wording,
            "given": scope in person.consents,
        }
        for scope, text in texts
    ]


def _initial() -> dict[str, Any]:
    return {"said_at": clock.now().astimezone(clock.COUNTY_TIME).replace(tzinfo=None)}


def _record_url(request: OfficerRequest, person: Resident) -> str:
    """Back to the record: the officer's phone page, or the desk's."""
    if request.scope.has(*FIELD_ROLES):
        return f"/o/contacts/{person.pk}/"
    return f"/desk/contacts/{person.pk}/"
