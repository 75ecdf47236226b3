"""A list's filters kept under a name, by and for one officer."""

from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from django.db import transaction
from django.db.models import QuerySet

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.core.errors import DomainError
from weijing.residents.models import SavedView

MAX_VIEWS = 20
MAX_NAME_CHARS = 30
MAX_QUERY_CHARS = 500
MAX_FIELDS = 100
NOT_KEPT = {"page", "view", "who", "picked"}  # the last two: rows ticked, no filter


class NotAView(DomainError):
    """Without a name, without filters, or too many."""


def views_of(officer: Officer, page: str) -> QuerySet[SavedView]:
    views = SavedView.objects.filter(county_id=officer.county_id, officer=officer, page=page)
    return views.order_by("name")


@transaction.atomic
def save(name: str, query: str, *, page: str, by: Officer, at: datetime) -> SavedView:
    """Keep the filters; a name used before takes the new ones. Raises `NotAView`."""
    name = " ".join(name.replace("\x00", "").split())[:MAX_NAME_CHARS]
    kept = kept_of(query)
    if not name:
        raise NotAView("没有保存：请给这个视图起个名字。筛选还在。")
    if not kept or len(kept) > MAX_QUERY_CHARS:
        raise NotAView("没有保存：现在没有筛选条件，或条件太多。请先筛选再保存。")
    officers = Officer.objects.select_for_update(no_key=True).filter(county_id=by.county_id)
    officers.get(pk=by.pk)  # two windows must not save one name twice
    views = views_of(by, page)
    view = views.filter(name=name).first() or SavedView(
        county_id=by.county_id, officer=by, page=page, name=name
    )
    if view._state.adding and views.count() >= MAX_VIEWS:
        raise NotAView(f"没有保存：最多存 {MAX_VIEWS} 个视图。请先删掉不用的。")
    view.query, view.saved_at = kept, at
    view.save()
    trail.record(by, "view.saved", view, at=at)
    return view


@transaction.atomic
def remove(view_id: int, *, by: Officer, at: datetime) -> str:
    """Returns its name; "" when it is gone already or somebody else's."""
    view = SavedView.objects.filter(county_id=by.county_id, officer=by, pk=view_id).first()
    if view is None:
        return ""
    trail.record(by, "view.removed", view, at=at)
    view.delete()
    return view.name


def kept_of(query: str) -> str:
    """The filters of an address, without its page and the rows ticked."""
    try:
        pairs = parse_qsl(query.lstrip("?"), max_num_fields=MAX_FIELDS)
    except ValueError:
        return ""
    return urlencode([(name, value) for name, value in pairs if name not in NOT_KEPT])
