"""Who is this contact? One person after the other, until nobody waits."""

from collections.abc import Sequence
from json import loads
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from weijing.accounts.models import FIELD_ROLES
from weijing.audit import trail
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.residents import consent, contacts, introducing, labelling, policies
from weijing.residents.labelling import Label, Suggestion
from weijing.residents.masking import masked_name, masked_phone
from weijing.residents.models import Contact, Resident
from weijing.residents.queries import visible_to
from weijing.residents.remarks import MAX_REMARK_CHARS
from weijing.tags import assigning, projecting
from weijing.tags import labelling as tag_labelling
from weijing.tags import queries as tags
from weijing.tags.models import Tag
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.officer.add_ways import ADD_WAYS
from weijing.web.officer.label_form import LabelForm, Places
from weijing.web.officer.own_grid import own_grid
from weijing.web.phone import phone_page

PURPOSE = "contact.label"
MAX_TAGS = 12
USUAL_TAGS = 5
SHOWN_MATCHES = 4
LARGEST_ID = 2**63 - 1  # what the database can compare with


@for_roles(*FIELD_ROLES)
def label(request: OfficerRequest, pk: int) -> HttpResponse:
    contact = _own_contact(request, pk)
    page = _Page(request, contact, _resident(request, contact))
    if request.method != "POST":
        return page.show(page.form())
    form = page.form(request.POST)
    if page.wants_to_save():
        return page.save(form)
    # Looking on the way: the preview, other groups, more tags. Nothing is judged yet.
    return page.show(page.form(initial=_as_typed(form)))


def _own_contact(request: OfficerRequest, pk: int) -> Contact:
    officer = request.user
    mine = contacts.live(officer.county_id).filter(officer=officer, pk=pk)
    contact = mine.select_related("identity", "officer").first()
    if contact is None:
        raise Http404
    return contact


def _resident(request: OfficerRequest, contact: Contact) -> Resident:
    """The person behind the contact; opening the page is a reading, typing on it is not one more.

    Who lives in another officer's grid is for that officer: 404.
    """
    resident_id = contact.identity.resident_id
    try:
        if request.method == "POST":
            people = visible_to(request.scope).select_related("division__parent", "household")
            return people.get(pk=resident_id)
        return policies.access_resident(
            request.scope, request.user, resident_id, purpose=PURPOSE, at=clock.now()
        )
    except Resident.DoesNotExist:
        raise Http404 from None


def _as_typed(form: LabelForm) -> dict[str, Any]:
    return {name: form[name].value() for name in form.fields}


class _Page:
    """One request about one contact."""

    def __init__(self, request: OfficerRequest, contact: Contact, resident: Resident) -> None:
        self.request, self.contact, self.resident = request, contact, resident
        self.grid = own_grid(request.scope)
        self.is_on_roll = resident.roll_digest is not None
        self.already_told = consent.CONTACT in resident.consents
        self.offered = self._offered_tags()

    def form(self, data: Any = None, initial: dict[str, Any] | None = None) -> LabelForm:
        return LabelForm(
            data,
            initial=self._known() if initial is None else initial,
            places=Places.of(self.grid.places()),
            tags=self.offered,
            is_on_roll=self.is_on_roll,
            already_told=self.already_told,
            auto_id="%s",
        )

    def wants_to_save(self) -> bool:
        return self.request.POST.get("action") == "save" or "same_as" in self.request.POST

    def save(self, form: LabelForm) -> HttpResponse:
        same_as = self._same_as()
        if same_as is not None:  # the roll knows name and address
            form.is_on_roll = True
        if not form.is_valid():
            return self.show(form, status=422)
        given = form.label(
            resident=same_as or self.resident,
            description=self.contact.description,
            extra=self.request.POST.getlist("consents"),
        )
        nobody_yet = self.contact.labelled_at is None
        try:
            tag_labelling.label(
                self.contact,
                given,
                form.chosen(),
                by=self.request.user,
                scope=self.request.scope,
                at=clock.now(),
                same_as=same_as,
                is_shared_phone=form.cleaned_data["is_shared"],
            )
        except DomainError as wrong:
            form.say(wrong)
            return self.show(form, status=422, phone_taken=isinstance(wrong, labelling.PhoneTaken))
        messages.success(self.request, f"已保存 {given.name}，企业微信备注稍后更新")
        following = self._following() if nobody_yet else None
        if following is not None:
            return redirect("officer:label", pk=following.pk)
        return redirect("officer:today" if nobody_yet else "officer:contacts")

    def show(
        self, form: LabelForm, *, status: int = 200, phone_taken: bool = False
    ) -> HttpResponse:
        matches, matches_more = self._matches(form)
        text = self.request.POST.get("tag_q", "").strip()
        found, more = self._found_tags(text)
        chosen = form.chosen()
        asked = self.request.POST.getlist("consents")
        context = {
            "form": form,
            "contact": self.contact,
            "resident": self.resident,
            "nickname": self.contact.identity.nickname or introducing.UNNAMED,
            "came_by": ADD_WAYS.get(self.contact.add_way, "添加"),
            "is_on_roll": self.is_on_roll,
            "phone_known": masked_phone(self.resident.phone),
            "already_told": self.already_told,
            "already_publicity": consent.PUBLICITY in self.resident.consents,
            "phone_taken": phone_taken or bool(self.request.POST.get("is_shared")),
            "matches": matches,
            "matches_more": matches_more,
            "tag_q": text,
            "tag_boxes": _boxes(chosen, found),
            "tags_more": more,
            "tags_not_found": bool(text) and not found,
            "carried": list(tags.carried_by(self.resident, on=clock.today())),
            "consents": [
                (scope, name, scope in asked)
                for scope, name in form.consents_wanted().items()
                if scope not in self.resident.consents
            ],
            "remark": self._remark(form),
            "remark_max": MAX_REMARK_CHARS,
            "synced": sum(projecting.is_projected(tag) for tag in chosen),
            "is_waiting": self.contact.labelled_at is None,
            "following": self._following(),
            "left": self._others().count(),
        }
        back = reverse("officer:contacts")
        return phone_page(self.request, "officer/label.html", context, back=back, status=status)

    def _known(self) -> dict[str, Any]:
        """What we know already, to begin with. A phone on record is not shown, only asked anew."""
        resident, place = self.resident, self.resident.division
        if resident.lifecycle == Resident.Lifecycle.PROVISIONAL or place is None:
            noted = loads(self.contact.remark_mobiles_text or "[]")
            return {"phone": noted[0] if noted else ""}
        is_group = place.level == "group" and place.parent is not None
        return {
            "name": resident.name,
            "village": place.parent.code if is_group and place.parent else place.code,
            "group": place.code if is_group else "",
            "house": resident.household.address.removesuffix("号") if resident.household else "",
            "role": resident.household_role,
        }

    def _same_as(self) -> Resident | None:
        given = self.request.POST.get("same_as", "")
        if not given:
            return None
        if not given.isdecimal() or int(given[:20]) > LARGEST_ID:
            raise Http404
        roll = visible_to(self.request.scope).filter(lifecycle=Resident.Lifecycle.ROLL)
        person = roll.select_related("division__parent").filter(pk=int(given)).first()
        if person is None or person.division is None:
            raise Http404
        return person

    def _typed(self, form: LabelForm) -> Label | None:
        division = self.resident.division if self.is_on_roll else form.division()
        if division is None:
            return None
        name = self.resident.name if self.is_on_roll else str(form["name"].value() or "")
        role = str(form["role"].value() or "")
        return Label(
            name=name.strip(),
            phone=str(form["phone"].value() or ""),
            division=division,
            house_number=str(form["house"].value() or ""),
            role=role if role in Resident.HouseholdRole.values else "",
        )

    def _remark(self, form: LabelForm) -> str:
        typed = self._typed(form)
        return labelling.preview(typed) if typed and typed.name else ""

    def _matches(self, form: LabelForm) -> tuple[list[dict[str, Any]], int]:
        """People on the roll who may be this one, and how many more; showing them is a reading."""
        if self.resident.lifecycle != Resident.Lifecycle.PROVISIONAL:
            return [], 0
        typed = self._typed(form) or self._typed_somewhere(form)
        found = labelling.suggestions(typed, scope=self.request.scope) if typed else []
        shown = found[:SHOWN_MATCHES]
        trail.viewed(
            self.request.user,
            Resident._meta.label_lower,
            [match.resident.pk for match in shown],
            purpose=PURPOSE,
            at=clock.now(),
        )
        name = str(form["name"].value() or "").strip()
        return [_match(match, name) for match in shown], len(found) - len(shown)

    def _typed_somewhere(self, form: LabelForm) -> Label | None:
        """Before a group is chosen the village is enough to look for the phone and the name."""
        village = next((v for v in form.places.villages if v.code == form.village_code), None)
        if village is None:
            return None
        name, phone = (str(form[field].value() or "") for field in ("name", "phone"))
        return Label(name=name, phone=phone, division=village)

    def _offered_tags(self) -> list[Tag]:
        """Of the catalogue: what was ticked, and what the search finds."""
        offered = tags.offered_to_officers(self.resident.county_id)
        ticked = self.request.POST.getlist("tags")
        return list(offered.filter(code__in=ticked)) if ticked else []

    def _found_tags(self, text: str) -> tuple[list[Tag], int]:
        """Tags to show, and how many more there are."""
        county_id = self.resident.county_id
        if not text:
            usual = tags.usual_among(self.grid.scope, on=clock.today(), limit=USUAL_TAGS)
            return usual, 0
        offered = tags.offered_to_officers(county_id)
        found = tags.search(text, county_id=county_id).filter(pk__in=offered.values("pk"))
        return list(found[:MAX_TAGS]), max(found.count() - MAX_TAGS, 0)

    def _others(self) -> Any:
        officer = self.request.user
        waiting = contacts.waiting_to_be_labelled(officer.county_id, officer.pk)
        return waiting.filter(~Q(pk=self.contact.pk)).order_by("added_at", "pk")

    def _following(self) -> Contact | None:
        """The one who has waited longest after this one; round again from the beginning."""
        added_at, pk = self.contact.added_at, self.contact.pk
        after = Q(added_at__gt=added_at) | Q(added_at=added_at, pk__gt=pk)
        others = self._others()
        following: Contact | None = others.filter(after).first() or others.first()
        return following


def _boxes(chosen: Sequence[Tag], found: Sequence[Tag]) -> list[dict[str, Any]]:
    ticked = {tag.pk for tag in chosen}
    rest = [tag for tag in found if tag.pk not in ticked]
    return [
        {"tag": tag, "checked": tag.pk in ticked, "locked": assigning.needs_consent(tag)}
        for tag in [*chosen, *rest]
    ]


def _match(match: Suggestion, typed_name: str) -> dict[str, Any]:
    """The name in full only when the officer has typed just that."""
    person = match.resident
    home = f" {person.household.address}" if person.household else ""
    return {
        "pk": person.pk,
        "name": person.name if person.name == typed_name else masked_name(person.name),
        "place": f"{person.division.name}{home}" if person.division else "",
        "born": person.born_on.year if person.born_on else None,
        "reason": match.reason,
    }
