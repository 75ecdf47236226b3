from django.urls import path

from weijing.web.officer import (
    campaigns,
    consents,
    contacts,
    corrections,
    door,
    grid,
    household,
    labelling,
    me,
    resident,
    today,
)

urlpatterns = [
    path("today/", today.today, name="today"),
    path("campaigns/<str:number>/", campaigns.campaign, name="campaign"),
    path("campaigns/<str:number>/people/", campaigns.people, name="campaign-people"),
    path("campaigns/<str:number>/objections/", campaigns.objections, name="campaign-objections"),
    path("contacts/", contacts.contacts, name="contacts"),
    path("contacts/<int:pk>/label/", labelling.label, name="label"),
    path("corrections/", corrections.corrections, name="corrections"),
    path("corrections/<int:pk>/", corrections.decision, name="correction"),
    path("contacts/<int:pk>/", resident.resident, name="resident"),
    path("contacts/<int:pk>/change/<slug:act>/", resident.change, name="resident-change"),
    path("grid/", grid.grid, name="grid"),
    path("grid/households/", household.households, name="households"),
    path("grid/households/<int:pk>/", household.household, name="household"),
    path("grid/unlinked/", grid.unlinked, name="unlinked"),
    path("contacts/<int:pk>/consents/", consents.consents, name="consents"),
    path("contacts/<int:pk>/consents/<str:scope>/", consents.consent_scope, name="consent"),
    path("contacts/<int:pk>/door/", door.door, name="door"),
    path("contacts/<int:pk>/door/end/", door.end, name="door-end"),
    path("me/", me.me, name="me"),
    path("me/phone/", me.phone, name="me-phone"),
    path("notice/", me.notice, name="notice"),
]
