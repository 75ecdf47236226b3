from django.urls import path

from weijing.web.officer import campaigns, contacts, corrections, grid, labelling, me, today

urlpatterns = [
    path("today/", today.today, name="today"),
    path("campaigns/<str:number>/", campaigns.campaign, name="campaign"),
    path("campaigns/<str:number>/people/", campaigns.people, name="campaign-people"),
    path("campaigns/<str:number>/objections/", campaigns.objections, name="campaign-objections"),
    path("contacts/", contacts.contacts, name="contacts"),
    path("contacts/<int:pk>/label/", labelling.label, name="label"),
    path("corrections/", corrections.corrections, name="corrections"),
    path("corrections/<int:pk>/", corrections.decision, name="correction"),
    path("grid/", grid.grid, name="grid"),
    path("grid/unlinked/", grid.unlinked, name="unlinked"),
    path("me/", me.me, name="me"),
    path("notice/", me.notice, name="notice"),
]
