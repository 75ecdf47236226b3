from django.urls import path

from weijing.web.desk import contacts, coverage, health, imports, labelling, overview, tags, walks
from weijing.web.desk.campaigns import composing, listing, progress, results, reviewing
from weijing.web.desk.merging import comparing, history, queue, splitting

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("coverage/", coverage.coverage, name="coverage"),
    path("grids/<slug:code>/", coverage.grid, name="grid"),
    path("walks/", walks.walks, name="walks"),
    path("walks/new/", walks.new, name="walk-new"),
    path("walks/<int:pk>/", walks.walk, name="walk"),
    path("walks/<int:pk>/close/", walks.close, name="walk-close"),
    path("contacts/", contacts.contacts, name="contacts"),
    path("contacts/<int:pk>/", contacts.contact, name="contact"),
    path("contacts/<int:pk>/phone/", contacts.phone, name="contact-phone"),
    path("contacts/<int:pk>/merge/", comparing.merge, name="contact-merge"),
    path("contacts/<int:pk>/split/", splitting.split, name="contact-split"),
    path("duplicates/", queue.pairs, name="duplicates"),
    path("duplicates/<int:pk>/", comparing.pair, name="duplicate"),
    path("merges/", history.merges, name="merges"),
    path("merges/undo/", history.undo_many, name="merges-undo"),
    path("merges/<int:pk>/", history.merge, name="merge"),
    path("merges/<int:pk>/undo/", history.undo, name="merge-undo"),
    path("labelling/", labelling.labelling, name="labelling"),
    path("tags/", tags.tags, name="tags"),
    path("campaigns/", listing.campaigns, name="campaigns"),
    path("campaigns/new/", composing.new, name="campaign-new"),
    path("campaigns/<slug:number>/edit/", composing.edit, name="campaign-edit"),
    path("campaigns/<slug:number>/review/", reviewing.review, name="campaign-review"),
    path("campaigns/<slug:number>/progress/", progress.progress, name="campaign-progress"),
    path("campaigns/<slug:number>/reminders/", progress.remind, name="campaign-remind"),
    path("campaigns/<slug:number>/stop/", progress.stop, name="campaign-stop"),
    path("campaigns/<slug:number>/decisions/", progress.decide, name="campaign-decide"),
    path("campaigns/<slug:number>/results/", results.results, name="campaign-results"),
    path("health/", health.health, name="health"),
    path("imports/", imports.imports, name="imports"),
    path("imports/<int:pk>/errors/", imports.errors_file, name="import-errors"),
]
