"""A whole station's posters or cards as one PDF: ordered on a page, drawn by a job."""

from datetime import datetime, timedelta

from django.db import transaction

from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core import jobs
from weijing.core.errors import PermissionDenied
from weijing.residents.models import PrintOrder
from weijing.residents.printing import card, gathering, poster
from weijing.residents.printing.drawing import Drawing
from weijing.residents.printing.pdf import pdf
from weijing.residents.printing.saying import NothingToPrint
from weijing.territory.models import Station

KEPT = timedelta(days=7)
GIVEN_UP_AFTER = timedelta(hours=1)  # a county's posters take seconds; who drew them is gone
SAID_EVERY = 5  # pages
Kind, State = PrintOrder.Kind, PrintOrder.State
UNFINISHED = (State.WAITING, State.RUNNING)


def can_order(scope: Scope, station: Station) -> bool:
    """The station itself, or a desk of the whole county."""
    if station.county_id != scope.county_id:
        return False
    if scope.whole_county:
        return scope.has(Role.CAMPAIGN_AUTHOR, Role.CAMPAIGN_APPROVER, Role.STATION_COMMAND)
    return scope.has(Role.STATION_COMMAND) and station.pk in scope.station_ids


@transaction.atomic
def order(station: Station, kind: str, *, by: Officer, scope: Scope, at: datetime) -> PrintOrder:
    """Have it drawn; the one that is under way, if there is one.

    Raises `PermissionDenied`.
    """
    if not can_order(scope, station):
        raise PermissionDenied
    Station.objects.select_for_update(no_key=True).get(county_id=station.county_id, pk=station.pk)
    orders = PrintOrder.objects.filter(county_id=station.county_id, station=station, kind=kind)
    waiting = orders.filter(state__in=UNFINISHED)
    waiting.filter(ordered_at__lt=at - GIVEN_UP_AFTER).update(state=State.FAILED, ended_at=at)
    under_way = waiting.defer("pdf").first()
    if under_way is not None:
        return under_way
    fresh = PrintOrder.objects.create(
        county_id=station.county_id, station=station, kind=kind, ordered_at=at, ordered_by=by
    )
    trail.record(by, "print.ordered", fresh, at=at)
    jobs.enqueue("residents.print_order", order_id=fresh.pk)
    return fresh


def draw(county_id: int, order_id: int, *, at: datetime) -> None:
    """Of a worker that is killed another one begins again: nothing but the order is changed."""
    orders = PrintOrder.objects.filter(county_id=county_id, pk=order_id)
    if not orders.filter(state__in=UNFINISHED).update(state=State.RUNNING, done=0):
        return
    one = orders.select_related("station").get()
    drawings, skipped = _drawings(one, at=at)
    orders.update(total=len(drawings), skipped=skipped)
    if not drawings:
        orders.update(state=State.FAILED, ended_at=at)
        return

    def each(done: int) -> None:
        if done % SAID_EVERY == 0:
            orders.update(done=done)

    content = pdf(drawings, title=title(one), each=each)
    orders.update(state=State.DONE, done=len(drawings), pdf=content, ended_at=at)


def content_of(one: PrintOrder) -> bytes:
    """The PDF.

    Raises `NothingToPrint` when it is not drawn yet, or gone after a week.
    """
    if one.pdf is None:
        raise NothingToPrint("这份 PDF 还没做好，或者已过 7 天删除。请再点一次制作。")
    return bytes(one.pdf)


def title(one: PrintOrder) -> str:
    return f"{one.station.name}{one.get_kind_display()}"


def forget_old(county_id: int, *, at: datetime) -> int:
    """Orders older than a week, with their PDFs. Returns how many."""
    old = PrintOrder.objects.filter(county_id=county_id, ordered_at__lt=at - KEPT)
    return old.delete()[0]


def _drawings(one: PrintOrder, *, at: datetime) -> tuple[list[Drawing], int]:
    if one.kind == Kind.CARDS:
        said, skipped = gathering.cards(one.station, at=at)
        return [card.sheet(who) for who in said], skipped
    said, skipped = gathering.posters(one.station, at=at)
    return [poster.poster(where) for where in said], skipped
