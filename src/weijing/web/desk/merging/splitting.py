"""One record that mixes two people: the officer says what belongs to the second."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from weijing.campaigns.models import Delivery
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents import policies
from weijing.residents.merges import choosing
from weijing.residents.merges.splitting import FACTS_THAT_GO, IDENTITIES, Part
from weijing.residents.models import Resident, WechatIdentity
from weijing.residents.policies import access_resident
from weijing.residents.record import changing
from weijing.tags import uniting
from weijing.tags.queries import carried_by
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import MERGERS
from weijing.web.records import merge_words

TAGS = "tags_tagassignment.resident_id"
DELIVERIES = "campaigns_delivery.resident_id"


@for_roles(*MERGERS)
@require_http_methods(["GET", "POST"])
def split(request: OfficerRequest, pk: int) -> HttpResponse:
    if not policies.can_unite(request.scope):
        raise PermissionDenied
    try:
        person = access_resident(
            request.scope, request.user, pk, purpose="desk.split", at=clock.now()
        )
    except Resident.DoesNotExist as unknown:
        raise Http404 from unknown
    wrong = ""
    if request.method == "POST":
        try:
            return _split(request, person)
        except DomainError as refusal:
            wrong = str(refusal)
    context = _context(request, person) | {"wrong": wrong}
    return render(request, "desk/merging/split.html", context, status=422 if wrong else 200)


def _split(request: OfficerRequest, person: Resident) -> HttpResponse:
    accounts = _chosen(request, "account")
    part = Part(
        name=request.POST.get("name", "").replace("\x00", ""),
        rows={
            IDENTITIES: accounts,
            TAGS: _chosen(request, "tag"),
            # What was sent to an account was received by whoever it belongs to.
            DELIVERIES: _sent_to(request.scope.county_id, person, accounts),
        },
        facts=request.POST.getlist("fact"),
        same_home=request.POST.get("home") == "same",
    )
    record = uniting.split(
        person,
        part,
        seen=request.POST.get("seen", ""),
        by=request.user,
        scope=request.scope,
        at=clock.now(),
    )
    number = sum(map(len, record.moved.values()))
    messages.success(request, f"已拆成两份，{number} 项归新资料。", extra_tags="undo-merge")
    return redirect("desk:merge", pk=record.pk)


def _chosen(request: OfficerRequest, name: str) -> list[int]:
    return [int(pk) for pk in request.POST.getlist(name) if pk.isdecimal()]


def _sent_to(county_id: int, person: Resident, accounts: Sequence[int]) -> list[int]:
    userids = _accounts(person).filter(pk__in=accounts).values_list("external_userid", flat=True)
    deliveries = Delivery.objects.filter(
        county_id=county_id, resident=person, external_userid__in=list(userids)
    )
    return list(deliveries.values_list("pk", flat=True))


def _accounts(person: Resident) -> QuerySet[WechatIdentity]:
    return WechatIdentity.objects.filter(county_id=person.county_id, resident=person)


def _context(request: OfficerRequest, person: Resident) -> dict[str, Any]:
    given = request.POST
    accounts = _accounts(person).prefetch_related("contacts__officer").order_by("pk")
    return {
        "person": person,
        "seen": changing.version(person),
        "name": given.get("name", ""),
        "accounts": [
            (row, "、".join(sorted({pair.officer.name for pair in row.contacts.all()})))
            for row in accounts
        ],
        "tags": carried_by(person, on=clock.today()),
        "facts": [
            (name, choosing.FACTS[name].label, merge_words.shown(person, name))
            for name in FACTS_THAT_GO
            if merge_words.shown(person, name)
        ],
        "has_home": person.household_id is not None
        and person.lifecycle != Resident.Lifecycle.PROVISIONAL,
        "home": merge_words.address(person),
        "chosen": {
            "account": set(given.getlist("account")),
            "tag": set(given.getlist("tag")),
            "fact": set(given.getlist("fact")),
        },
        "same_home": given.get("home") == "same",
    }
