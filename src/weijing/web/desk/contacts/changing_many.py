"""One change to everybody the filters mean: foreseen, confirmed with the count, ordered."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from weijing.accounts.models import Role
from weijing.accounts.scope import Scope
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.residents.bulk import officers, ordering
from weijing.tags import assigning, bulk_tagging
from weijing.tags import queries as tags
from weijing.tags.bulk_tagging import Foreseen
from weijing.tags.models import Tag
from weijing.territory import queries as territory
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.contacts.chips import chips, officers_in
from weijing.web.desk.contacts.choosing import Chosen, chosen, ticked
from weijing.web.desk.contacts.wishing import (
    ACTS,
    SOURCES,
    Wish,
    clean,
    is_as_foreseen,
    wish_of,
)
from weijing.web.desk.showing import show

TAGS_SHOWN = 8
UNSURE = "有条件没看懂，没有用上，还没有改动任何人。请回去改筛选再来。"
OTHER_WISH = "刚改了要做的事，还没有改动任何人。请看新的人数，再点一次。"


@for_roles(Role.STATION_COMMAND)
@require_http_methods(["GET", "POST"])
def bulk(request: OfficerRequest) -> HttpResponse:
    """The filters stand in the address, what to do in the form. `step`: look or order."""
    who, wish, said = ticked(request, chosen(request)), wish_of(request), ""
    is_order = request.POST.get("step") == "order" and wish.is_complete
    if is_order and who.is_unsure:
        said = UNSURE
    elif is_order and not is_as_foreseen(wish, request):
        said = OTHER_WISH
    elif is_order:
        try:
            work = _order(request, who, wish)
        except DomainError as wrong:
            said = str(wrong)
        else:
            return redirect("desk:job", pk=work.pk)
    return show(
        request, "desk/contacts/bulk.html", _context(request, who, wish, said), part="form",
        status=422 if said else 200,
    )  # fmt: skip


def _order(request: OfficerRequest, who: Chosen, wish: Wish) -> Any:
    if wish.act == bulk_tagging.ADD and wish.tag is not None:
        assigning.check_setter(wish.tag, request.user)
    return ordering.order(
        wish.act, who.people, parameters=wish.parameters(), query=who.lasting_query,
        seen=_number(request.POST.get("seen", "")), typed=_number(request.POST.get("typed", "")),
        by=request.user, scope=request.scope, at=clock.now(),
    )  # fmt: skip


def _context(request: OfficerRequest, who: Chosen, wish: Wish, said: str) -> dict[str, Any]:
    scope = request.scope
    place = territory.by_code(scope.county_id, who.filters.place) if who.filters.place else None
    count = who.people.count()
    is_ready = wish.is_complete and count and not who.is_unsure
    foreseen = _foresee(who, wish, scope) if is_ready else None
    text = clean(request.POST.get("tag_q", ""))
    return {
        "who": who,
        "count": count,
        "chips": chips(
            who.filters, who.tags, place if place and scope.covers(place) else None, scope
        ),
        "wish": wish,
        "said": said,
        "acts": ACTS,
        "act_words": ACTS[wish.act],
        "sources": SOURCES,
        "officers": officers_in(scope) if wish.act == officers.ASSIGN else [],
        "tag_q": text,
        "tags": _tags(request, text, wish.tag),
        "foreseen": foreseen,
        "typed": request.POST.get("typed", "") if is_as_foreseen(wish, request) else "",
        "must_type": count > ordering.TYPED_ABOVE,
        "needs_consent": wish.tag is not None and assigning.needs_consent(wish.tag),
    }


def _tags(request: OfficerRequest, text: str, picked: Tag | None) -> list[dict[str, Any]]:
    """The tag picked, and those found; without a word the usual ones of the place."""
    scope = request.scope
    if text:
        offered = tags.offered_to_officers(scope.county_id)
        found = tags.search(text, county_id=scope.county_id).filter(pk__in=offered.values("pk"))
        shown = list(found[:TAGS_SHOWN])
    else:
        shown = tags.usual_among(scope, on=clock.today(), limit=TAGS_SHOWN)
    rest = [tag for tag in shown if picked is None or tag.pk != picked.pk]
    return [
        {"tag": tag, "locked": assigning.needs_consent(tag)}
        for tag in ([picked] if picked else []) + rest
    ]


def _foresee(who: Chosen, wish: Wish, scope: Scope) -> Foreseen:
    if wish.act == officers.ASSIGN:
        officer_id = wish.officer.pk if wish.officer else None
        changed, left = officers.foresee(officer_id, who.people, scope=scope)
        return Foreseen(changed, left)
    assert wish.tag is not None
    return bulk_tagging.foresee(wish.act, wish.tag, who.people, scope=scope, on=clock.today())


def _number(text: str) -> int:
    """`17,412` as people type it; 0 when it is no number."""
    digits = text.replace(",", "").replace("，", "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0
