"""The people an officer has as WeCom contacts: found by what one remembers of them."""

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse

from weijing.accounts.models import FIELD_ROLES
from weijing.audit import trail
from weijing.core import clock
from weijing.residents.finding import searching
from weijing.residents.masking import masked_name
from weijing.residents.mirror import contacts as known
from weijing.residents.mirror import introducing
from weijing.residents.models import Contact, Resident
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.officer.grid_people import beside, place_of
from weijing.web.phone import phone_page

PER_PAGE = 20


@for_roles(*FIELD_ROLES)
def contacts(request: OfficerRequest) -> HttpResponse:
    officer = request.user
    text = request.GET.get("q", "").replace("\x00", "").strip()
    only_waiting = request.GET.get("state") == "waiting"
    waiting = known.waiting_to_be_labelled(officer.county_id, officer.pk)
    mine = found(request, text)
    if only_waiting:
        mine = mine.filter(pk__in=waiting.values("pk"))
    page = Paginator(mine, PER_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    if text:
        note_search(request, shown)
    context = {
        "page": page,
        "rows": [row(request, contact) for contact in shown],
        "q": text,
        "only_waiting": only_waiting,
        "waiting": waiting.count(),
        "all": known.live(officer.county_id).filter(officer=officer).count(),
        **(_beside(request, text, mine) if page.number == 1 and not only_waiting else {}),
    }
    return phone_page(request, "officer/contacts.html", context, tab="contacts")


def _beside(request: OfficerRequest, text: str, mine: QuerySet[Contact]) -> dict[str, object]:
    friends = (
        set(mine.order_by().values_list("identity__resident_id", flat=True)) if text else set()
    )
    return beside(request, text, friends)


def found(request: OfficerRequest, text: str) -> QuerySet[Contact]:
    """The officer's live contacts that fit the text (all without one), the latest first."""
    officer = request.user
    mine = known.live(officer.county_id).filter(officer=officer)
    if text:
        people = searching.fitting(text, scope=request.scope)
        nickname = Q(identity__nickname__icontains=text[: searching.MAX_TEXT_CHARS])
        mine = mine.filter(Q(identity__resident__in=people) | nickname)
    people_and_places = mine.select_related(
        "identity__resident__division__parent", "identity__resident__household"
    )
    return people_and_places.order_by("-added_at", "pk")


def note_search(request: OfficerRequest, shown: list[Contact]) -> None:
    """Who searches for a phone learns whose it is, masked or not: that is a reading."""
    people = [
        contact.identity.resident_id
        for contact in shown
        if not _is_elsewhere(request, contact.identity.resident)
    ]
    purpose, at = "contact.search", clock.now()
    trail.viewed(request.user, Resident._meta.label_lower, people, purpose=purpose, at=at)


def row(request: OfficerRequest, contact: Contact) -> dict[str, object]:
    """One line of a list. Strangers have only their nickname; residents are masked."""
    resident = contact.identity.resident
    nickname = contact.identity.nickname or introducing.UNNAMED
    is_waiting = resident.lifecycle == Resident.Lifecycle.PROVISIONAL
    is_elsewhere = _is_elsewhere(request, resident)
    return {
        "contact": contact,
        "name": nickname if is_waiting or is_elsewhere else masked_name(resident.name),
        "place": "" if is_elsewhere else place_of(resident),
        "is_waiting": is_waiting and contact.labelled_at is None,
        "is_elsewhere": is_elsewhere,
    }


def _is_elsewhere(request: OfficerRequest, resident: Resident) -> bool:
    """On the roll of another officer's grid: only a nickname here, the record is theirs."""
    return resident.division is not None and not request.scope.covers(resident.division)
