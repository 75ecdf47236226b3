"""What pages are composed of; `docs/howto/pages.md` lists every tag with its parameters.

Wrappers are block tags, leaves are single tags. None writes an inline style or script: the
security policy stays strict, and a width is an attribute of an SVG rectangle.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.forms import BaseForm, BoundField, CheckboxInput, Select, Textarea
from django.forms.widgets import CheckboxSelectMultiple, ChoiceWidget, RadioSelect
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from weijing.core import clock
from weijing.web import numerals, stylesheets
from weijing.web.drawing import bars, hexmap, icons, lines, sparkline
from weijing.web.states import LOOKS
from weijing.web.templatetags.wrappers import slot, wrapper

register = template.Library()

# --- wrappers ---------------------------------------------------------------------------------

wrapper(register, "card", title="", note="", id="", level=2, flush=False, live=False, tone="")
wrapper(register, "sheet", title="", id="", open=False, close_url="")
wrapper(register, "drawer", title="", id="", open=False, close_url="")
wrapper(register, "note", tone="", icon="", id="")
wrapper(register, "field_box", label="", id="", hint="", error="", optional=False)
wrapper(register, "filter_bar", action="", target="", count="", unit="")
wrapper(register, "data_table", caption="", cells=True, id="")
wrapper(register, "approval_bar", title="", text="")
wrapper(register, "demo_frame", word="演练")
wrapper(register, "urgent", title="", deadline=None, deadline_label="", state="critical")
wrapper(register, "condition_group", kind="all", note="", legend="", root=False)
wrapper(register, "condition", hits=None, remove_url="", remove_name="", label="", locked=False)
wrapper(register, "message_preview", sender="", initial="", care=False)
register.tag("slot", slot)

# --- numbers, dates, spans --------------------------------------------------------------------

register.filter("num", numerals.thousands)
register.filter("signed", numerals.signed)
register.filter("wan", numerals.in_wan)
register.filter("percent1", numerals.percent)
register.filter("share1", numerals.share)
register.filter("duration", numerals.span)


@register.filter
def plain(value: Any) -> str:
    """A coordinate inside an SVG attribute: never localised, whatever the language."""
    return str(value)


@register.filter
def cn_date(value: Any) -> str:
    return numerals.day(value)


@register.filter
def cn_datetime(value: Any) -> str:
    return numerals.moment(value)


@register.filter
def iso_minute(value: Any) -> str:
    return numerals.minute(value)


@register.filter
def clock_time(value: Any) -> str:
    return numerals.clock_time(value)


@register.filter
def lately(value: Any) -> str:
    return numerals.lately(value)


# --- page -------------------------------------------------------------------------------------


@register.simple_tag
def styles(shell: str) -> SafeString:
    """Links to the style sheets of a shell: desk, phone or plain."""
    links = ((static(path), stylesheets.VERSION) for path in stylesheets.paths(shell))
    return format_html_join("\n", '<link rel="stylesheet" href="{}?v={}">', links)


@register.simple_tag
def script(path: str) -> SafeString:
    return format_html('<script src="{}?v={}" defer></script>', static(path), stylesheets.VERSION)


@register.simple_tag
def icon(name: str, size: int = 20, label: str = "", extra: str = "") -> SafeString:
    """One of our own icons; hidden from screen readers unless `label` is given."""
    return mark_safe(icons.svg(name, size=size, label=label, extra=extra))


@register.inclusion_tag("components/size_switch.html", takes_context=True)
def size_switch(context: template.Context) -> dict[str, Any]:
    """标准 / 大字 / 关怀, remembered in a cookie; plain links without JavaScript."""
    sizes = [("std", "标准"), ("large", "大字"), ("care", "关怀")]
    return {"sizes": sizes, "size": context.get("size") or "std"}


# --- states -----------------------------------------------------------------------------------


@register.inclusion_tag("components/badge.html")
def badge(word: str, state: str = "off") -> dict[str, Any]:
    """A state: its word, in the shape and colour of `state` (a key of `states.LOOKS`)."""
    return {"word": word, "look": LOOKS[state]}


@register.inclusion_tag("components/badge.html")
def due_badge(deadline: datetime, started: datetime | None = None) -> dict[str, Any]:
    """How long is left until a deadline; amber in its last quarter, or its last ten minutes."""
    now = clock.now()
    remaining = deadline - now
    quarter = (deadline - started) / 4 if started else timedelta(minutes=10)
    if remaining < timedelta(0):
        return {"word": numerals.left(remaining), "look": LOOKS["overdue"]}
    word = f"剩 {numerals.span(remaining)}"
    return {"word": word, "look": LOOKS["due_soon" if remaining <= quarter else "on_time"]}


@register.inclusion_tag("components/countdown.html")
def countdown(deadline: datetime, size: str = "") -> dict[str, Any]:
    """A clock that runs down to a server deadline; `size` is "", medium or big."""
    remaining = deadline - clock.now()
    return {
        "deadline": deadline,
        "size": size,
        "over": remaining < timedelta(0),
        "shown": numerals.left(remaining),
    }


@register.inclusion_tag("components/stepper.html")
def stepper(steps: Iterable[str], current: int) -> dict[str, Any]:
    """Where we are among three to five words; `current` counts from 1."""
    return {
        "steps": [
            {"number": number, "word": word, "done": number < current, "now": number == current}
            for number, word in enumerate(steps, start=1)
        ]
    }


@register.inclusion_tag("components/timeline.html")
def timeline(steps: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Steps with what, state (done, now, problem, future), and optionally at, when, note."""
    return {"steps": steps}


@register.inclusion_tag("components/stars.html")
def star_award(word: str, count: int) -> dict[str, Any]:
    return {"word": word, "count": count}


# --- numbers as pictures ----------------------------------------------------------------------


@register.inclusion_tag("components/stat_tile.html")
def stat_tile(
    label: str,
    value: str | int,
    unit: str = "",
    note: str = "",
    tone: str = "",
    url: str = "",
    trend: Sequence[float] = (),
) -> dict[str, Any]:
    """One number, its unit, what to compare it with in words, and a link to the rows behind it."""
    shown = numerals.thousands(value) if isinstance(value, int) else value
    line = sparkline.draw(trend)
    return {
        "label": label,
        "value": shown,
        "unit": unit,
        "note": note,
        "tone": tone,
        "url": url,
        "line": line,
    }


@register.inclusion_tag("components/sparkline.html", name="sparkline")
def sparkline_tag(values: Sequence[float]) -> dict[str, Any]:
    """A decorative trend; the numbers must be said elsewhere."""
    return {"line": sparkline.draw(values)}


@register.inclusion_tag("components/progress_bar.html")
def progress_bar(
    done: int,
    total: int | None,
    label: str = "",
    unit: str = "",
    tone: str = "",
    thin: bool = False,
    bare: bool = False,
) -> dict[str, Any]:
    """How much is done. Without a known total it shows the count and no made-up percentage.

    `bare` leaves out the line of words; say the numbers beside it then.
    """
    return {
        "done": done,
        "total": total,
        "label": label,
        "unit": unit,
        "tone": tone,
        "thin": thin,
        "bare": bare,
        "width": _width(done, total or 0),
    }


@register.inclusion_tag("components/bar_list.html")
def bar_list(
    rows: Iterable[tuple[str, int]], caption: str, unit: str = "", wide: bool = False
) -> dict[str, Any]:
    """Named amounts as bars; the longest fills the width."""
    amounts = list(rows)
    longest = max((amount for _, amount in amounts), default=0)
    drawn = [(name, amount, _width(amount, longest)) for name, amount in amounts]
    return {"rows": drawn, "caption": caption, "unit": unit, "wide": wide}


@register.inclusion_tag("components/bar_chart.html")
def bar_chart(days: Sequence[tuple[str, int | None]], label: str, unit: str = "") -> dict[str, Any]:
    """Bars by day with a 数据表 beneath; (label, amount) pairs, `None` for a day not known."""
    return {"chart": bars.draw(days), "label": label, "unit": unit, "base": bars.BASE}


@register.inclusion_tag("components/line_chart.html")
def line_chart(
    days: Sequence[tuple[str, float | None]], label: str, unit: str = "%"
) -> dict[str, Any]:
    """A line by day for (label, percentage) pairs, `None` for a day not known; with two at least.

    The page puts the same numbers into a table beneath.
    """
    return {"chart": lines.draw(days), "label": label, "unit": unit}


@register.inclusion_tag("components/hexmap.html", name="hexmap")
def hexagons(townships: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Townships (name, col, row, value in percent or None, url, flagged) as equal hexagons."""
    return {"map": hexmap.draw(townships), "legend": hexmap.LEGEND}


@register.inclusion_tag("components/audience_meter.html")
def audience_meter(meter: Mapping[str, Any]) -> dict[str, Any]:
    """How many will get it and who will not; the shape of `meter` is in `docs/howto/pages.md`."""
    matched = meter["matched"]
    left = 100.0 * meter["reachable"] / matched if matched else 0.0
    # More than four reasons share the last colour: the table names each of them.
    parts = []
    for number, (reason, count) in enumerate(meter.get("deductions", ()), start=1):
        width = 100.0 * count / matched if matched else 0.0
        part = {"reason": reason, "count": count, "kind": min(number, 4)}
        parts.append({**part, "x": f"{left:.2f}%", "width": f"{width:.2f}%"})
        left += width
    summary = "，".join(
        [f"命中 {matched} 人", f"可发送 {meter['reachable']} 人"]
        + [f"{part['reason']} {part['count']} 人" for part in parts]
    )
    return {
        "meter": meter,
        "parts": parts,
        "summary": summary,
        "width": _width(meter["reachable"], matched),
    }


@register.inclusion_tag("components/coverage_strip.html")
def coverage_strip(
    name: str, linked: int, households: int, today: Any, url: str = ""
) -> dict[str, Any]:
    """My grid at the top of the officer's day: households reached of all, and who is left."""
    return {
        "name": name,
        "linked": linked,
        "households": households,
        "missing": max(households - linked, 0),
        "today": today,
        "url": url,
        "width": _width(linked, households),
    }


def _width(part: int, whole: int) -> str:
    return f"{min(100.0 * part / whole, 100.0):.1f}%" if whole > 0 else "0%"


# --- lists ------------------------------------------------------------------------------------


@register.inclusion_tag("components/empty_state.html")
def empty_state(
    sentence: str, action: str = "", url: str = "", icon: str = "check-circle"
) -> dict[str, Any]:
    """Nothing here: one sentence, one thing to do."""
    return {"sentence": sentence, "action": action, "url": url, "icon": icon}


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(context: template.Context, page: Any, unit: str = "条") -> dict[str, Any]:
    """Links to the other pages of a Django `Page`, keeping the filters, with the total."""
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    return {
        "page": page,
        "unit": unit,
        "links": [
            (number, _address(context, page=number) if isinstance(number, int) else "")
            for number in numbers
        ],
        "previous": _address(context, page=page.number - 1) if page.has_previous() else "",
        "next": _address(context, page=page.number + 1) if page.has_next() else "",
    }


@register.inclusion_tag("components/sort_th.html", takes_context=True)
def sort_th(context: template.Context, label: str, key: str, end: bool = False) -> dict[str, Any]:
    """A column heading that sorts by `?sort=key`, then `?sort=-key`; `end` for numbers."""
    sort = context["request"].GET.get("sort", "")
    ascending = sort == key
    return {
        "label": label,
        "end": end,
        "url": _address(context, sort=f"-{key}" if ascending else key, page=None),
        "order": "ascending" if ascending else "descending" if sort == f"-{key}" else "none",
    }


@register.inclusion_tag("components/filter_chip.html", takes_context=True)
def filter_chip(
    context: template.Context, label: str, value: str, parameter: str, item: str = ""
) -> dict[str, Any]:
    """`字段: 值 ×`; × drops `parameter` from the address, or only `item` of several."""
    query = context["request"].GET.copy()
    kept = [each for each in query.getlist(parameter) if item and each != item]
    return {
        "label": label,
        "value": value,
        "url": _address(context, page=None, **{parameter: kept}),
    }


def _address(context: template.Context, **changes: Any) -> str:
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None or value == []:
            query.pop(name, None)
        elif isinstance(value, list):
            query.setlist(name, value)
        else:
            query[name] = str(value)
    # "?" and not "": an empty href keeps the present query.
    return f"?{query.urlencode()}"


@register.inclusion_tag("components/masked.html", takes_context=True)
def masked(
    context: template.Context, shown: str, action: str = "", label: str = "", revealed: bool = False
) -> dict[str, Any]:
    """138****0417 with 显示, which posts to `action`.

    The answer to that post is this tag again with the full value and `revealed=True`; after 60 s it
    asks `action` (GET) for the masked one.
    """
    return {
        "shown": shown,
        "action": action,
        "label": label,
        "revealed": revealed,
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("components/chip.html")
def chip(
    word: str, remove_url: str = "", name: str = "", value: str = "", locked: bool = False
) -> dict[str, Any]:
    """A chosen value. With `name` its × is a submit button name=value, with `remove_url` a link."""
    return {"word": word, "remove_url": remove_url, "name": name, "value": value, "locked": locked}


@register.inclusion_tag("components/tag_box.html")
def tag_box(
    word: str, name: str, value: str, checked: bool = False, locked: bool = False
) -> dict[str, Any]:
    """A checkbox that looks like a tag; `locked` for sensitive ones, dashed with a lock."""
    return {"word": word, "name": name, "value": value, "checked": checked, "locked": locked}


# --- forms ------------------------------------------------------------------------------------

_LOOKS = {"list", "cards", "segments", "tags"}


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField,
    label: str = "",
    hint: str = "",
    optional: bool = False,
    look: str = "list",
    details: Mapping[str, str] | None = None,
    hide_label: bool = False,
    **attributes: Any,
) -> dict[str, Any]:
    """A form field with its label, hint and errors tied to it.

    `look` is for radio buttons and check boxes: list, cards, segments or tags; `details` gives a
    second line per value; `hide_label` is for where the card's title asks already. Other keywords
    become attributes of the control (`hx_get` → `hx-get`).
    """
    if look not in _LOOKS:
        raise template.TemplateSyntaxError(f"look is one of {', '.join(sorted(_LOOKS))}: {look}")
    hint = hint or str(bound.help_text)
    described = [f"{bound.auto_id}-hint"] if hint else []
    described += [f"{bound.auto_id}-error"] if bound.errors else []
    kind = _kind(bound)
    return {
        "field": bound,
        "kind": kind,
        "label": label or bound.label,
        "hint": hint,
        "optional": optional,
        "hide_label": hide_label,
        "look": look,
        "described": " ".join(described),
        "control": "" if kind == "choices" else _control(bound, kind, described, attributes),
        "options": _options(bound, details or {}) if kind == "choices" else [],
    }


def _kind(bound: BoundField) -> str:
    widget = bound.field.widget
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        return "choices"
    if isinstance(widget, CheckboxInput):
        return "check"
    if isinstance(widget, Select):
        return "select"
    return "textarea" if isinstance(widget, Textarea) else "input"


def _control(
    bound: BoundField, kind: str, described: list[str], attributes: Mapping[str, Any]
) -> SafeString:
    given = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    if kind != "check":
        given["class"] = f"{kind} {given.get('class', '')}".strip()
    if described:
        given["aria-describedby"] = " ".join(described)
    return bound.as_widget(attrs=given)


def _options(bound: BoundField, details: Mapping[str, str]) -> list[dict[str, Any]]:
    widget = bound.field.widget
    assert isinstance(widget, ChoiceWidget)
    kind = "radio" if isinstance(widget, RadioSelect) else "checkbox"
    options = []
    for option in bound.subwidgets:
        value = str(option.data["value"])
        chosen = {"kind": kind, "value": value, "name": option.data["name"]}
        options.append(
            {
                **chosen,
                "id": option.data["attrs"]["id"],
                "label": option.data["label"],
                "checked": option.data["selected"],
                "detail": details.get(value, ""),
            }
        )
    return options


@register.inclusion_tag("components/error_summary.html")
def error_summary(form: BaseForm) -> dict[str, Any]:
    """Everything wrong with a form, at the top, each entry a link to its field; empty when fine."""
    wrong = [(bound, error) for bound in form for error in bound.errors] if form.is_bound else []
    return {
        "general": list(form.non_field_errors()) if form.is_bound else [],
        "wrong": [{"id": _target(bound), "text": error} for bound, error in wrong],
    }


def _target(bound: BoundField) -> str:
    # A group of choices has no control of its own; its first option takes the focus.
    return f"{bound.auto_id}_0" if _kind(bound) == "choices" else bound.auto_id
