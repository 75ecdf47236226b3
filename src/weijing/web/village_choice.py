"""Choosing the village where something happened: one list, the own places first."""

from typing import Any

from django import forms

from weijing.accounts.scope import Scope
from weijing.territory.models import Division

Groups = list[tuple[str, list[tuple[str, str]]]]


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%Y-%m-%d", **options)


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M", **options)


MOMENT_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]


def villages(county_id: int, scope: Scope | None = None, *, own: Division | None = None) -> Groups:
    """Every village by township, as a select's groups; those of `scope` or around `own` on top."""
    rows = Division.objects.filter(county_id=county_id, level=Division.Level.VILLAGE)
    groups: dict[str, list[tuple[str, str]]] = {}
    first: list[tuple[str, str]] = []
    for row in rows.select_related("parent").order_by("lo"):
        choice = (row.code, row.name)
        town = row.parent.name if row.parent else ""
        is_own = (own is not None and row.lo <= own.lo <= row.hi) or _reaches(scope, row)
        if is_own:
            first.append((row.code, f"{town} {row.name}"))
        else:
            groups.setdefault(town, []).append(choice)
    mine: Groups = [("您的村" if own else "我的网格", first)] if first else []
    return mine + list(groups.items())


def village_field(**options: Any) -> forms.ChoiceField:
    wrong = {"required": "请选村。", "invalid_choice": "请从列表里选村。"}
    return forms.ChoiceField(error_messages=wrong, **options)


def chosen(county_id: int, code: str) -> Division:
    """Raises `Division.DoesNotExist` for what the form did not offer."""
    rows = Division.objects.select_related("parent__parent__parent")
    return rows.get(county_id=county_id, code=code, level=Division.Level.VILLAGE)


def village_code(place: Division) -> str:
    """Of the village that `place` is or lies in, as the field takes it."""
    is_group = place.level == Division.Level.GROUP and place.parent is not None
    return place.parent.code if is_group and place.parent else place.code


def _reaches(scope: Scope | None, place: Division) -> bool:
    """A field officer's own villages; a desk's list is in order as it is."""
    return bool(
        scope
        and not scope.whole_county
        and any(lo <= place.hi and place.lo <= hi for lo, hi in scope.ranges)
    )
