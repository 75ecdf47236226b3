"""What everybody sees of a missing person: what the family agreed to, and nothing else."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.requests.lost.notices import whereabouts
from weijing.requests.missing import consenting, photos, publishing
from weijing.requests.missing.opening import State
from weijing.requests.models import MissingPerson, PublicConsent
from weijing.requests.wording import CARE, redacted
from weijing.residents.models import Resident

Field = PublicConsent.Field


@dataclass(frozen=True)
class Notice:
    """Empty where nobody agreed."""

    number: str
    title: str
    name: str
    age: str
    looks: str
    place: str
    last_seen_at: datetime | None
    help: str
    has_photo: bool
    care: str
    expires_at: datetime
    fields: frozenset[str]


def notice(missing: MissingPerson) -> Notice:
    """As agreed at this moment; `publishing.is_shown` says whether it may be shown at all.

    A name that may not be shown is not hinted at either, and is taken out of the other texts.
    """
    fields = consenting.in_force(missing)
    hidden = [missing.family_name] + ([] if Field.NAME in fields else [missing.name])
    name = redacted(missing.name) if Field.NAME in fields else ""

    def text(field: str, said: str) -> str:
        return redacted(said, hidden) if field in fields else ""

    assert missing.expires_at is not None
    where = f"{whereabouts(missing.division)} {missing.place}".strip()
    return Notice(
        number=missing.number,
        title=f"寻找{name}" if name else f"寻人 {missing.number}",
        name=name,
        age=_age(missing) if Field.AGE in fields else "",
        looks=text(Field.LOOKS, missing.looks),
        place=text(Field.PLACE, where),
        last_seen_at=missing.last_seen_at if Field.PLACE in fields else None,
        help=text(Field.HELP, missing.help),
        has_photo=Field.PHOTO in fields and photos.is_looked_at(missing),
        care=CARE if missing.needs_care and Field.HELP in fields else "",
        expires_at=missing.expires_at,
        fields=fields,
    )


def public(county_id: int, *, at: datetime) -> QuerySet[MissingPerson]:
    """Searches with a notice that is shown now, the latest first."""
    rows = MissingPerson.objects.filter(
        county_id=county_id, state=State.SEARCHING, expires_at__gt=at, taken_down_at=None
    )
    return rows.select_related("division__parent__parent__parent").order_by("-published_at", "pk")


def shown(
    missing: MissingPerson, *, to: Resident | None = None, officer: Officer | None = None,
    at: datetime,
) -> None:  # fmt: skip
    """Note who saw it and what: residents and officers we know by name, others by number."""
    fields = sorted(consenting.in_force(missing))
    if officer is not None:
        trail.record(officer, "missing.notice_shown", missing, at=at, fields=fields)
    elif to is not None:
        details = {"fields": fields, "resident": to.pk}
        trail.record(None, "missing.notice_shown", missing, at=at, **details)
    else:
        rows = MissingPerson.objects.filter(county_id=missing.county_id, pk=missing.pk)
        rows.update(times_shown=F("times_shown") + 1)


def sentence(missing: MissingPerson, *, at: datetime) -> str:
    """To pass on by hand with the page's address; empty unless a notice is shown."""
    if not publishing.is_shown(missing, at=at):
        return ""
    told = notice(missing)
    parts = [told.title, told.age, told.looks, told.place]
    return "，".join(part for part in parts if part) + "。看到请留在原地陪着，马上打 110。"


def _age(missing: MissingPerson) -> str:
    sex = missing.get_sex_display() if missing.sex else ""
    return "，".join(part for part in (sex, f"{missing.age} 岁") if part)
