"""What the page about one contact shows, however much of it is filled in."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.urls import reverse

from weijing.core import clock
from weijing.residents import consent
from weijing.residents.labels import labelling, proposals, remark_troubles, remarks
from weijing.residents.labels.clues import Clues, clues, way_of
from weijing.residents.labels.labelling import Label
from weijing.residents.masking import masked_phone
from weijing.residents.mirror import contacts, introducing
from weijing.residents.models import Contact, Resident
from weijing.tags import assigning, projecting
from weijing.tags import queries as tags
from weijing.tags.models import Tag
from weijing.territory.naming import grid_name
from weijing.web.access import OfficerRequest
from weijing.web.corrections import row as correction_row
from weijing.web.officer import label_hints
from weijing.web.officer.add_ways import ADD_WAYS
from weijing.web.officer.label_form import LabelForm, Places
from weijing.web.officer.label_hints import PURPOSE as PURPOSE
from weijing.web.officer.own_grid import own_grid
from weijing.web.phone import phone_page

MAX_TAGS = 12
USUAL_TAGS = 5


class LabelPage:
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
            initial=self._known() if data is None and initial is None else initial,
            places=Places.of(self.grid.places()),
            tags=self.offered,
            is_on_roll=self.is_on_roll,
            already_told=self.already_told,
            auto_id="%s",
        )

    def wants_to_save(self) -> bool:
        return self.request.POST.get("action") == "save" or "same_as" in self.request.POST

    def show(
        self, form: LabelForm, *, status: int = 200, phone_taken: bool = False, said: str = ""
    ) -> HttpResponse:
        """`said`: what happened meanwhile, above the form."""
        known = self._clues(form)
        matches, matches_more = label_hints.matches(self.request, self.contact, known)
        text = self.request.POST.get("tag_q", "").strip()
        found, more = self._found_tags(text)
        chosen = form.chosen()
        asked = self.request.POST.getlist("consents")
        remark = self._remark(form)
        context = {
            "form": form,
            "said": said,
            "seen": labelling.whom_seen(self.resident),
            "correction": self._correction(),
            "trouble": remark_troubles.trouble_of(self.contact),
            "contact": self.contact,
            "resident": self.resident,
            "nickname": self.contact.identity.nickname or introducing.UNNAMED,
            "came_by": self._came_by(),
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
            "remark": remark,
            "remark_length": remarks.length(remark),
            "remark_max": remarks.MAX_REMARK_CHARS,
            "synced": sum(projecting.is_projected(tag) for tag in chosen),
            "is_waiting": self.contact.labelled_at is None,
            "following": self.following(),
            "left": self._others().count(),
        }
        back = reverse("officer:contacts")
        return phone_page(self.request, "officer/label.html", context, back=back, status=status)

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
        return labelling.preview(typed, self.resident) if typed and typed.name else ""

    def _known(self) -> dict[str, Any]:
        return label_hints.known(self.contact, self.resident, self.grid.places())

    def _clues(self, form: LabelForm) -> Clues | None:
        """None for who is on the roll already: nobody has to be looked for."""
        if self.resident.lifecycle != Resident.Lifecycle.PROVISIONAL:
            return None
        return clues(self.contact, self._typed(form) or self._typed_somewhere(form))

    def _typed_somewhere(self, form: LabelForm) -> Label | None:
        """Before a group is chosen the village is enough to look for the phone and the name."""
        village = next((v for v in form.places.villages if v.code == form.village_code), None)
        if village is None:
            return None
        name, phone = (str(form[field].value() or "") for field in ("name", "phone"))
        return Label(name=name, phone=phone, division=village)

    def _came_by(self) -> str:
        way = way_of(self.contact)
        if way is None:
            return ADD_WAYS.get(self.contact.add_way, "添加")
        if way.household is not None:
            return f"扫 {way.household.address} 的入户码添加"
        if way.officer_id is not None:
            return "扫你的名片添加"
        return f"扫{grid_name(way.beat.name)}海报添加" if way.beat else "扫海报添加"

    def _correction(self) -> dict[str, Any] | None:
        """What the officer changed in WeCom and nobody has decided on."""
        if self.resident.lifecycle == Resident.Lifecycle.PROVISIONAL:
            return None
        proposal = proposals.open_for(self.request.scope).filter(contact=self.contact).first()
        return correction_row(proposal) if proposal else None

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

    def following(self) -> Contact | None:
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
