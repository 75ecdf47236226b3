"""Taking down an emergency: what, where, since when. The same for the desk and for a phone."""

from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.http import QueryDict

from weijing.accounts.scope import Scope
from weijing.campaigns.emergency.models import EmergencyEvent
from weijing.campaigns.emergency.reporting import Report
from weijing.core import clock
from weijing.core.clock import COUNTY_TIME
from weijing.territory.models import Division, RoadSection
from weijing.web.sent_once import once_field
from weijing.web.village_choice import MOMENT_FORMATS, MomentInput


class EventForm(forms.Form):
    once = once_field()
    kind = forms.ChoiceField(label="什么险情", choices=[("", "请选"), *EmergencyEvent.Kind.choices])
    road = forms.ChoiceField(
        label="在哪条路", required=False, help_text="选了路段，紧挨的村自动算在内"
    )
    place = forms.CharField(
        label="地点", max_length=100, help_text="桩号、方向或明显标志，如「K23+400，往县城方向」"
    )
    happened_at = forms.DateTimeField(
        label="什么时候发生", widget=MomentInput, input_formats=MOMENT_FORMATS
    )
    source = forms.ChoiceField(
        label="消息从哪里来", choices=EmergencyEvent.Source.choices, initial="patrol"
    )
    note = forms.CharField(
        label="现场情况", required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="有没有人被困、路还能不能走；不写群众姓名、电话",
    )  # fmt: skip
    is_drill = forms.BooleanField(
        label="这是演练", required=False, help_text="每条消息都带「演练」，只在模拟器上发"
    )

    optional = ("road", "note")

    def __init__(self, scope: Scope, data: QueryDict | None = None) -> None:
        self.scope = scope
        now = clock.now().astimezone(COUNTY_TIME).replace(tzinfo=None)
        super().__init__(data, initial={"happened_at": now}, auto_id="%s")
        self.picked = data.getlist("places") if data is not None else []
        self.fields["road"].choices = [  # type: ignore[attr-defined]
            ("", "不在列出的路上"),
            *((str(row.pk), row.name) for row in roads(scope.county_id)),
        ]

    def report(self) -> Report:
        """Raises `RoadSection.DoesNotExist` never: the field offers what there is."""
        said = {k: v for k, v in self.cleaned_data.items() if k != "road"}
        chosen = self.cleaned_data["road"]
        road = roads(self.scope.county_id).get(pk=int(chosen)) if chosen else None
        return Report(road=road, divisions=places_of(self.scope.county_id, self.picked), **said)


def roads(county_id: int) -> Any:
    return RoadSection.objects.filter(county_id=county_id, retired_at=None).order_by("name")


def places_of(county_id: int, codes: list[str]) -> list[Division]:
    """The divisions of these codes, unknown ones left out; a township swallows its villages."""
    known = [code for code in codes if code.isdigit() and len(code) <= 15]
    rows = Division.objects.filter(
        county_id=county_id,
        code__in=known[:1_000],
        level__in=[Division.Level.TOWNSHIP, Division.Level.VILLAGE],
    ).order_by("lo")
    found: list[Division] = []
    for row in rows:
        if not any(big.lo <= row.lo <= big.hi for big in found):
            found.append(row)
    return found


@dataclass
class Town:
    """One township of the area picker, open when something in it is ticked."""

    division: Division
    checked: bool = False
    villages: list[tuple[Division, bool]] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(checked for _, checked in self.villages)

    @property
    def is_open(self) -> bool:
        return self.checked or self.count > 0


def picker(county_id: int, ticked: list[str]) -> list[Town]:
    """Every township with its villages, the ticked ones marked."""
    rows = Division.objects.filter(
        county_id=county_id, level__in=[Division.Level.TOWNSHIP, Division.Level.VILLAGE]
    ).order_by("lo", "-hi")
    towns: list[Town] = []
    for row in rows:
        if row.level == Division.Level.TOWNSHIP:
            towns.append(Town(row, row.code in ticked))
        elif towns:
            towns[-1].villages.append((row, row.code in ticked))
    return towns
