"""One search: what is known, what may be shown, what was seen, and the step that is next."""

from datetime import datetime
from typing import Any

from weijing.accounts.models import Role
from weijing.accounts.scope import Scope
from weijing.requests.missing import (
    consenting,
    finding,
    notices,
    opening,
    photos,
    publishing,
    reporting,
    sightings,
)
from weijing.requests.models import MissingPerson, PublicConsent, Sighting
from weijing.requests.wording import CARE
from weijing.territory.queries import path_name
from weijing.web.missing.rows import badge

State, Field = MissingPerson.State, PublicConsent.Field


def record(missing: MissingPerson, scope: Scope, *, at: datetime) -> dict[str, Any]:
    """Context of both templates."""
    fields = consenting.in_force(missing)
    is_shown = publishing.is_shown(missing, at=at)
    is_open = missing.state in opening.OPEN
    is_minor = opening.is_minor(missing)
    may_act = opening.may_act(scope, missing)
    return {
        "missing": missing,
        "badge": badge(missing),
        "where": path_name(missing.division),
        "care": CARE if missing.needs_care else "",
        "answer_by": missing.reported_at + reporting.ANSWER_WITHIN,
        "is_open": is_open,
        "is_minor": is_minor,
        "is_in_charge": missing.in_charge_id == scope.officer_id,
        "may_act": may_act,
        "may_publish": not is_minor or scope.has(Role.STATION_COMMAND),
        "hows": _choices(MissingPerson.ConfirmedHow),
        "consents": _consents(missing),
        "to_agree": [(one.value, one.label) for one in Field if one.value not in fields],
        "relations": consenting.GUARDIANS if is_minor else consenting.RELATIONS,
        "channels": [
            (one.value, one.label)
            for one in (PublicConsent.Channel.PAPER, PublicConsent.Channel.CHAT)
        ],
        "has_photo": is_open and photos.has_photo(missing),
        "is_shown": is_shown,
        "seen": publishing.as_it_is(missing) if is_open and may_act else "",
        "photo_waits": is_shown and Field.PHOTO in fields and photos.has_waiting(missing),
        "new_photo": is_open and may_act and bool(photos.photo(missing, waiting=True)),
        "sentence": notices.sentence(missing, at=at),
        "sightings": sightings.of(missing) if may_act else [],
        "verdicts": _choices(Sighting.Verdict),
        "outcomes": [(one.value, one.label) for one in finding.possible_outcomes(missing)],
        "steps": _steps(missing),
    }


def _choices(kinds: Any) -> list[tuple[str, str]]:
    return [(one.value, one.label) for one in kinds if one.value]


def _consents(missing: MissingPerson) -> list[PublicConsent]:
    rows = PublicConsent.objects.filter(county_id=missing.county_id, missing=missing)
    return list(rows.filter(withdrawn_at=None).order_by("given_at", "pk"))


def _steps(missing: MissingPerson) -> list[dict[str, Any]]:
    def who(officer: Any, note: str = "") -> str:
        return " · ".join(part for part in (officer.name if officer else "", note) if part)

    reported = who(missing.reported_by) or "家属手机页面"
    rows = [
        ("接报", missing.reported_at, reported),
        (
            "核实",
            missing.confirmed_at,
            who(missing.confirmed_by, missing.get_confirmed_how_display()),
        ),
        ("查找", missing.searching_at, who(missing.searching_by)),
        ("公开启事", missing.published_at, who(missing.published_by)),
        ("找到", missing.found_at, who(missing.found_by, missing.found_place)),
        ("回家", missing.returned_at, who(missing.returned_by, missing.handed_to)),
        ("办结", missing.closed_at, missing.get_outcome_display() if missing.closed_at else ""),
    ]
    is_over = bool(missing.found_at or missing.closed_at)
    skipped = {"公开启事", *(["核实", "查找"] if is_over else [])}
    rows = [row for row in rows if row[1] or row[0] not in skipped]
    if missing.closed_at:
        rows = [row for row in rows if row[1]]
    shown, is_now = [], True
    for what, at, note in rows:
        state = "done" if at else "now" if is_now else "future"
        is_now = is_now and bool(at)
        shown.append({"what": what, "state": state, "at": at, "note": note if at else ""})
    return shown
