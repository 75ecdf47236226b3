from django.urls import path

from weijing.web.desk import (
    absences,
    audit,
    coverage,
    health,
    jobs,
    labelling,
    lost_items,
    missing_persons,
    overview,
    record,
    rights,
    rights_new,
    visits,
    walks,
    welcome,
)
from weijing.web.desk.campaigns import (
    attachments,
    audiences,
    by_officer,
    composing,
    following_up,
    listing,
    progress,
    results,
    reviewing,
    rules,
    visiting,
)
from weijing.web.desk.contacts import changing_many, keeping
from weijing.web.desk.contacts import listing as contacts
from weijing.web.desk.emergency import listing as emergencies
from weijing.web.desk.emergency import one as emergency
from weijing.web.desk.emergency import setting_up as emergency_setup
from weijing.web.desk.figures import messages as figures
from weijing.web.desk.importing import deciding, uploading, watching
from weijing.web.desk.importing import listing as imports
from weijing.web.desk.library import duty_phones
from weijing.web.desk.library import listing as library
from weijing.web.desk.library import one as library_item
from weijing.web.desk.library import writing as library_writing
from weijing.web.desk.merging import comparing, history, queue, splitting
from weijing.web.desk.posters import listing as posters
from weijing.web.desk.posters import one as poster
from weijing.web.desk.posters import orders
from weijing.web.desk.tags import changing as tag_changes
from weijing.web.desk.tags import listing as tags
from weijing.web.desk.tags import one as tag
from weijing.web.desk.tags import proposals as tag_proposals
from weijing.web.records import favourite

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("coverage/", coverage.coverage, name="coverage"),
    path("grids/<slug:code>/", coverage.grid, name="grid"),
    path("walks/", walks.walks, name="walks"),
    path("walks/new/", walks.new, name="walk-new"),
    path("walks/visits/", visits.visits, name="visits"),
    path("walks/<int:pk>/", walks.walk, name="walk"),
    path("walks/<int:pk>/close/", walks.close, name="walk-close"),
    path("posters/", posters.posters, name="posters"),
    path("posters/codes/", posters.make, name="posters-make"),
    path("posters/orders/", orders.new, name="print-orders"),
    path("posters/orders/<int:pk>/", orders.order, name="print-order"),
    path("posters/orders/<int:pk>/file/", orders.order_file, name="print-order-file"),
    path("posters/<int:pk>/", poster.poster, name="poster"),
    path("posters/<int:pk>/tags/", poster.poster_tags, name="poster-tags"),
    path("posters/<int:pk>/<slug:code>/<slug:kind>/", poster.poster_file, name="poster-file"),
    path("welcome/", welcome.welcome, name="welcome"),
    path("welcome/county/", welcome.county_words, name="welcome-county"),
    path("welcome/<int:pk>/", welcome.beat_words, name="welcome-beat"),
    path("contacts/", contacts.contacts, name="contacts"),
    path("contacts/bulk/", changing_many.bulk, name="contacts-bulk"),
    path("contacts/views/", keeping.save_view, name="contacts-view-new"),
    path("contacts/views/<int:pk>/remove/", keeping.remove_view, name="contacts-view-remove"),
    path("contacts/<int:pk>/favourite/", favourite.favourite, name="favourite"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/<int:pk>/", jobs.job, name="job"),
    path("jobs/<int:pk>/stop/", jobs.act, {"what": "stop"}, name="job-stop"),
    path("jobs/<int:pk>/go-on/", jobs.act, {"what": "go-on"}, name="job-go-on"),
    path("jobs/<int:pk>/undo/", jobs.act, {"what": "undo"}, name="job-undo"),
    path("contacts/<int:pk>/", record.contact, name="contact"),
    path("contacts/<int:pk>/phone/", record.phone, name="contact-phone"),
    path("contacts/<int:pk>/change/<slug:act>/", record.change, name="contact-change"),
    path("contacts/<int:pk>/merge/", comparing.merge, name="contact-merge"),
    path("contacts/<int:pk>/split/", splitting.split, name="contact-split"),
    path("duplicates/", queue.pairs, name="duplicates"),
    path("duplicates/<int:pk>/", comparing.pair, name="duplicate"),
    path("merges/", history.merges, name="merges"),
    path("merges/undo/", history.undo_many, name="merges-undo"),
    path("merges/<int:pk>/", history.merge, name="merge"),
    path("merges/<int:pk>/undo/", history.undo, name="merge-undo"),
    path("contacts/<int:pk>/requests/new/", rights_new.new, name="rights-new"),
    path("requests-of-residents/", rights.requests, name="rights"),
    path("requests-of-residents/<str:number>/", rights.rights_request, name="rights-request"),
    path("labelling/", labelling.labelling, name="labelling"),
    path("labelling/corrections/<int:pk>/", labelling.correction, name="correction"),
    path("labelling/remarks/<int:pk>/", labelling.rewriting, name="remark-rewriting"),
    path("tags/", tags.tags, name="tags"),
    path("tags/proposals/", tag_proposals.proposals, name="tag-proposals"),
    path("tags/proposals/new/", tag_proposals.new, name="tag-proposal-new"),
    path("tags/proposals/<int:pk>/", tag_proposals.decide, name="tag-proposal"),
    path("tags/<slug:code>/", tag.tag, name="tag"),
    path("tags/<slug:code>/name/", tag_changes.rename, name="tag-rename"),
    path("tags/<slug:code>/merge/", tag_changes.merge, name="tag-merge"),
    path("tags/<slug:code>/retire/", tag_changes.retire, name="tag-retire"),
    path("library/", library.library, name="library"),
    path("library/phones/", duty_phones.phones, name="duty-phones"),
    path("library/new/", library_writing.new, name="library-new"),
    path("library/<int:pk>/", library_item.item, name="library-item"),
    path("library/<int:pk>/edit/", library_writing.edit, name="library-edit"),
    path("library/<int:pk>/attachments/", library_writing.attachments, name="library-attachments"),
    path(
        "library/<int:pk>/attachments/<int:attachment_id>/",
        library_item.attachment,
        name="library-attachment",
    ),
    path("campaigns/", listing.campaigns, name="campaigns"),
    path("campaigns/new/", composing.new, name="campaign-new"),
    path("campaigns/rules/", rules.rules, name="campaign-rules"),
    path("absences/", absences.absences, name="absences"),
    path("audiences/", audiences.audiences, name="audiences"),
    path("audiences/<int:pk>/delete/", audiences.delete, name="audience-delete"),
    path("campaigns/<slug:number>/edit/", composing.edit, name="campaign-edit"),
    path(
        "campaigns/<slug:number>/attachments/", attachments.attachments, name="campaign-attachments"
    ),
    path(
        "campaigns/<slug:number>/attachments/<int:pk>/",
        attachments.attachment,
        name="campaign-attachment",
    ),
    path("campaigns/<slug:number>/library/", library.choose, name="campaign-library"),
    path("campaigns/<slug:number>/review/", reviewing.review, name="campaign-review"),
    path("campaigns/<slug:number>/progress/", progress.progress, name="campaign-progress"),
    path("campaigns/<slug:number>/reminders/", progress.remind, name="campaign-remind"),
    path(
        "campaigns/<slug:number>/reminders/later/",
        progress.remind_later,
        name="campaign-remind-later",
    ),
    path("campaigns/<slug:number>/stop/", progress.stop, name="campaign-stop"),
    path("campaigns/<slug:number>/decisions/", progress.decide, name="campaign-decide"),
    path("campaigns/<slug:number>/results/", results.results, name="campaign-results"),
    path(
        "campaigns/<slug:number>/results/file/",
        results.results_file,
        name="campaign-results-file",
    ),
    path("campaigns/<slug:number>/follow-up/", following_up.follow_up, name="campaign-follow-up"),
    path("campaigns/<slug:number>/officers/", by_officer.officers, name="campaign-officers"),
    path("campaigns/<slug:number>/visits/", visiting.visits, name="campaign-visits"),
    path("figures/messages/", figures.published, name="figures-messages"),
    path("emergency/", emergencies.events, name="emergency"),
    path("emergency/new/", emergencies.new, name="emergency-new"),
    path("emergency/setup/", emergency_setup.set_up, name="emergency-setup"),
    path("emergency/<slug:number>/", emergency.event, name="emergency-one"),
    path("emergency/<slug:number>/calls/", emergency.calling_list, name="emergency-calls"),
    path(
        "emergency/<slug:number>/not-reached/",
        emergency.not_reached,
        name="emergency-not-reached",
    ),
    path("emergency/<slug:number>/sheet/", emergency.sheet, name="emergency-sheet"),
    path("lost/", lost_items.items, name="lost-items"),
    path("lost/new/", lost_items.new, name="lost-new"),
    path("lost/<str:number>/", lost_items.item, name="lost-item"),
    path("missing/", missing_persons.searches, name="missing"),
    path("missing/new/", missing_persons.new, name="missing-new"),
    path("missing/<str:number>/", missing_persons.search, name="missing-one"),
    path("missing/<str:number>/photo/", missing_persons.photo, name="missing-photo"),
    path("health/", health.health, name="health"),
    path("audit/", audit.audit, name="audit"),
    path("imports/", imports.imports, name="imports"),
    path("imports/new/", uploading.upload, name="import-new"),
    path("imports/conflicts/", deciding.conflicts, name="import-conflicts"),
    path("imports/absences/", deciding.absences, name="import-absences"),
    path("imports/<int:pk>/", watching.one, name="import"),
    path("imports/<int:pk>/columns/", uploading.columns, name="import-columns"),
    path("imports/<int:pk>/apply/", watching.apply, name="import-apply"),
    path("imports/<int:pk>/stop/", watching.stop, name="import-stop"),
    path("imports/<int:pk>/take-back/", watching.take_back, name="import-take-back"),
    path("imports/<int:pk>/errors/", imports.errors_file, name="import-errors"),
]
