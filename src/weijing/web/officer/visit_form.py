"""登记走访: what was found, on a plain page, in a sheet, or sent later by a phone."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from django import forms

from weijing.core import clock
from weijing.residents.adding.visiting import MAX_NOTE_CHARS, WITHOUT_ASKING
from weijing.residents.models import DoorVisit

MOST_SECONDS = 10**9  # a phone whose clock jumped; the use case finds it too long


class FindingForm(forms.Form):
    """What there is to correct."""

    outcome = forms.ChoiceField(
        label="走访结果",
        choices=DoorVisit.Outcome.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "请选走访结果。", "invalid_choice": "请选走访结果。"},
    )
    note = forms.CharField(label="备注", required=False, max_length=MAX_NOTE_CHARS)

    def offer_without_asking(self) -> None:
        """At a door that is left in peace. What is sent all the same, the use case answers."""
        known = [outcome for outcome in DoorVisit.Outcome if outcome in WITHOUT_ASKING]
        widget = self.fields["outcome"].widget
        assert isinstance(widget, forms.RadioSelect)
        widget.choices = [(outcome.value, outcome.label) for outcome in known]


class VisitForm(FindingForm):
    """`seconds_ago` is how long the phone kept it, by its own clock; that clock may be wrong.

    `changed`: the officer put it right on the phone, which did not know whether it had arrived.
    """

    key = forms.UUIDField(widget=forms.HiddenInput)
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=10**14)
    seconds_ago = forms.IntegerField(required=False, min_value=0, max_value=MOST_SECONDS)
    changed = forms.BooleanField(required=False)

    @property
    def phone_key(self) -> UUID:
        found: UUID = self.cleaned_data["key"]
        return found

    def seen_at(self) -> datetime:
        return datetime.fromtimestamp(self.cleaned_data["seen"] / 1000, UTC)

    def visited_at(self, *, at: datetime) -> datetime:
        return at - timedelta(seconds=self.cleaned_data["seconds_ago"] or 0)


def blank() -> VisitForm:
    """For a plain page: the key makes two taps one visit."""
    return VisitForm(initial={"key": uuid4(), "seen": milliseconds(clock.now())})


def milliseconds(at: datetime) -> int:
    """Since 1970, as the phone's clock counts."""
    return int(at.timestamp() * 1000)
