"""Residents at the desk: found by what one remembers, filtered, masked."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from weijing.accounts.models import Role
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core import clock
from weijing.residents import policies
from weijing.residents.consent import PUBLICITY, age_on
from weijing.residents.finding import favourites, saved_views
from weijing.residents.finding import filters as words
from weijing.residents.masking import masked_name, masked_phone
from weijing.residents.mirror.contacts import live
from weijing.residents.models import Resident
from weijing.tags import queries as tags
from weijing.territory import queries as territory
from weijing.territory.models import Division
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.contacts.as_audience import Addressed, as_audience
from weijing.web.desk.contacts.chips import chips, officers_in
from weijing.web.desk.contacts.choosing import Chosen, chosen, doubts, or_nearly, remaining
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import page_of, show

PAGE = "desk.contacts"
SORTS = {
    "": "按登记先后",
    "name": "按拼音",
    "age": "从小到大",
    "-age": "从大到小",
    "place": "按住址",
    "-added": "最近添加在前",
}
COLUMNS = {"age": "年龄", "tags": "标签", "consent": "同意"}
LATELY = 6


@for_roles(*COMMAND)
@require_GET
def contacts(request: OfficerRequest) -> HttpResponse:
    scope = request.scope
    who = or_nearly(request, chosen(request))
    place = territory.by_code(scope.county_id, who.filters.place) if who.filters.place else None
    place = place if place and scope.covers(place) else None
    page = page_of(request, who.people.values_list("pk", flat=True))
    shown = _people(scope, list(page.object_list))
    note_shown(request, shown, purpose="contacts.list")
    columns = [key for key in COLUMNS if key in request.GET.getlist("col")]
    context = {
        "page": page,
        "rows": _rows(request, shown, columns),
        "who": who,
        "doubts": doubts(who),
        "filters": who.filters,
        "chips": chips(who.filters, who.tags, place, scope),
        "is_filtered": not who.filters.is_empty or who.is_unsure,
        "place": place,
        "may_change": policies.can_change_many(scope) and not who.nearly and not who.is_unsure,
        "addressed": _addressed(request, who, place),
        "views": saved_views.views_of(request.user, PAGE),
        "columns": columns,
        "hidden": remaining(request, "q", "division", "state"),
        "kept": remaining(request),
        **_choices(scope, who),
        **_known(request, who),
    }
    return show(request, "desk/contacts/list.html", context, part="rows")


def _addressed(request: OfficerRequest, who: Chosen, place: Division | None) -> Addressed | None:
    """The filters as the audience of a message, for who may draft one."""
    if not request.scope.has(Role.CAMPAIGN_AUTHOR) or who.nearly or who.is_unsure:
        return None
    addressed = as_audience(who.filters, who.tags, place)
    return addressed if addressed.text else None


def _people(scope: Scope, ids: list[int]) -> list[Resident]:
    """The rows of a page: with all they join, only fifty are fetched and not what was sorted."""
    rows = Resident.objects.filter(county_id=scope.county_id)
    found = rows.select_related("division__parent__parent", "household").in_bulk(ids)
    return [found[id] for id in ids if id in found]


def note_shown(request: OfficerRequest, people: list[Resident], *, purpose: str) -> None:
    ids = [person.pk for person in people]
    trail.viewed(request.user, Resident._meta.label_lower, ids, purpose=purpose, at=clock.now())


def _choices(scope: Scope, who: Chosen) -> dict[str, Any]:
    """What the form of the filters offers."""
    return {
        "townships": _townships(scope),
        "states": words.CONTACT_STATES,
        "lives": words.LIVES,
        "sexes": words.SEXES,
        "roles": words.ROLES,
        "consents": words.CONSENTS,
        "reaches": words.REACHES,
        "aways": words.AWAY,
        "sorts": SORTS,
        "all_columns": COLUMNS,
        "officers": officers_in(scope),
        "ages": "-".join("" if age is None else str(age) for age in who.filters.ages or ()),
    }


def _known(request: OfficerRequest, who: Chosen) -> dict[str, Any]:
    """Beside an unfiltered list: whom the officer opened lately, and marked."""
    if not who.filters.is_empty or request.htmx:
        return {}
    lately = favourites.opened_lately(request.scope, limit=LATELY, at=clock.now())
    marked = list(favourites.favourites_of(request.scope)[:LATELY])
    note_shown(request, [*lately, *marked], purpose="contacts.known")
    return {
        "lately": [(one.pk, masked_name(one.name)) for one in lately],
        "marked": [(one.pk, masked_name(one.name)) for one in marked],
    }


def _townships(scope: Scope) -> list[Division]:
    return [town for town in territory.townships(scope.county_id) if scope.covers(town)]


def _rows(
    request: OfficerRequest, people: list[Resident], columns: list[str]
) -> list[dict[str, Any]]:
    county_id, today = request.scope.county_id, clock.today()
    officers: dict[int, list[str]] = {}
    pairs = live(county_id).filter(identity__resident__in=people)
    for contact in pairs.select_related("officer", "identity").order_by("-added_at"):
        names = officers.setdefault(contact.identity.resident_id, [])
        if contact.officer.name not in names:
            names.append(contact.officer.name)
    marked = favourites.marked_among([person.pk for person in people], by=request.user)
    carried = tags.carried_by_many(people, on=today) if "tags" in columns else {}
    return [
        {
            "person": person,
            "name": masked_name(person.name),
            "phone": masked_phone(person.phone),
            "where": territory.path_name(person.division) if person.division else "",
            "officers": officers.get(person.pk, []),
            "is_marked": person.pk in marked,
            "age": age_on(person.born_on, today) if person.born_on else None,
            "tags": carried.get(person.pk, []),
            "publicity": PUBLICITY in person.consents,
        }
        for person in people
    ]
