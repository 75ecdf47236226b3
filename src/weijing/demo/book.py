"""The contact book's part of the day: doors to knock at, doubled records, a resident's own page.

A chief finds the gap and hands out doors, an officer knocks at them, joins two records and takes
it back, a resident reads, withdraws and corrects over HTTP, the desk grants the correction.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q

from weijing.accounts.models import Officer
from weijing.accounts.scope import scope_of
from weijing.core import clock
from weijing.demo import landslide, lost_and_missing, many_at_once, poster, tag_catalogue, walk
from weijing.demo.comparing import Figure
from weijing.demo.landslide import Landslide
from weijing.demo.lost_and_missing import Helped
from weijing.demo.many_at_once import Many
from weijing.demo.poster import Poster
from weijing.demo.stage import Stage
from weijing.demo.tag_catalogue import Kept
from weijing.demo.visiting import Visitor
from weijing.demo.walk import Walk
from weijing.privacy import deciding, executing
from weijing.privacy.models import RightsRequest
from weijing.residents import consent, links
from weijing.residents.adding import walking
from weijing.residents.merges import undoing, uniting
from weijing.residents.models import (
    ConsentRecord,
    Contact,
    Resident,
    WalkingStop,
    WechatIdentity,
)
from weijing.tags.models import TagAssignment
from weijing.territory.models import Division

CHIEF = "mj0001"
DAYS_TO_WALK = 3
NEW_PHONE = "15400009999"  # fits the format; no operator has that range


@dataclass
class Book:
    """What was done, for the comparison."""

    township: Division | None = None
    walk: Walk = field(default_factory=Walk)
    poster: Poster = field(default_factory=Poster)
    helped: Helped = field(default_factory=Helped)
    landslide: Landslide = field(default_factory=Landslide)
    many: Many = field(default_factory=Many)
    tags: Kept = field(default_factory=Kept)
    visitor: int = 0
    before_merge: list[Any] = field(default_factory=list)
    joined: list[Any] = field(default_factory=list)
    after_undo: list[Any] = field(default_factory=list)
    pages: dict[str, int] = field(default_factory=dict)


def play(stage: Stage) -> Book:
    """In order; each act goes the way it goes in earnest."""
    book = Book()
    a_chief_hands_out_doors(stage, book)
    book.walk = walk.play(stage)
    book.poster = poster.play(stage, CHIEF)
    assert book.township is not None
    book.many = many_at_once.play(stage, CHIEF, book.township)
    book.tags = tag_catalogue.play(stage, CHIEF, book.township)
    two_records_become_one_and_part_again(stage, book)
    a_resident_looks_in(stage, book)
    the_desk_grants_the_correction(stage, book)
    book.helped = lost_and_missing.play(stage)
    book.landslide = landslide.play(stage)
    return book


def a_chief_hands_out_doors(stage: Stage, book: Book) -> None:
    """The first township of the station, all its doors without a contact."""
    chief, at = _officer(stage, CHIEF), clock.now()
    scope = scope_of(chief, at=at)
    townships = Division.objects.filter(county=stage.county, level=Division.Level.TOWNSHIP)
    township = next(filter(scope.covers, townships.order_by("lo")))
    planned = walking.plan([township], scope=scope, at=at)
    due_on = clock.local_day(at) + timedelta(days=DAYS_TO_WALK)
    lists = walking.hand_out(
        [township], due_on=due_on, stops_seen=planned.stops, by=chief, scope=scope, at=at
    )
    book.township = township
    stage.say(f"所长派发补联：{township.name} {planned.stops} 户没有联系人，{len(lists)} 张清单")


def two_records_become_one_and_part_again(stage: Stage, book: Book) -> None:
    """A friend nobody has labelled is joined with a person of the roll, by mistake."""
    contact = (
        Contact.objects.filter(
            county=stage.county,
            state=Contact.State.LINKED,
            identity__resident__lifecycle=Resident.Lifecycle.PROVISIONAL,
        )
        .select_related("officer", "identity__resident")
        .order_by("added_at", "pk")[0]
    )
    scope = scope_of(contact.officer, at=clock.now())
    has_friend = WechatIdentity.objects.filter(resident=OuterRef("pk"))
    on_roll = Resident.objects.filter(
        scope.divisions(), ~Q(Exists(has_friend)), lifecycle=Resident.Lifecycle.ROLL
    )
    survivor, stranger = on_roll.order_by("ordinal")[0], contact.identity.resident
    book.before_merge = _state_of(survivor, stranger)
    record = uniting.unite(survivor, stranger, by=contact.officer, scope=scope, at=clock.now())
    book.joined = _state_of(survivor, stranger)
    undoing.undo(record, by=contact.officer, scope=scope, at=clock.now())
    book.after_undo = _state_of(survivor, stranger)
    stage.say("民辅警把一位好友并到了名册上的人，发现弄错，撤销，两份资料各归各位")


def _state_of(*people: Resident) -> list[Any]:
    """Everything the two records say and hold."""
    ids = [person.pk for person in people]
    rows = Resident.objects.filter(county_id=people[0].county_id, pk__in=ids)
    return [
        sorted(rows.values_list("pk", "lifecycle", "name", "phone_index", "consents")),
        *(
            sorted(model.objects.filter(resident__in=ids).values_list("pk", "resident_id"))
            for model in (WechatIdentity, TagAssignment, ConsentRecord)
        ),
    ]


def a_resident_looks_in(stage: Stage, book: Book) -> None:
    """Through the link their officer gave: reads, takes back one consent, asks for a new phone."""
    chief, at = _officer(stage, CHIEF), clock.now()
    person = (
        Resident.objects.filter(
            scope_of(chief, at=at).divisions(),
            lifecycle=Resident.Lifecycle.ROLL,
            consents__contains=[consent.PUBLICITY],
            born_on__lte=clock.today() - timedelta(days=20 * 366),
        )
        .order_by("ordinal")
        .first()
    )
    assert person is not None
    book.visitor = person.pk
    key = links.issue(person, by=chief, at=at)
    visitor = Visitor(stage)
    book.pages = visitor.opened([f"/r/open/{key}/", "/r/me/", "/r/me/seen/", "/r/me/copy/"])
    book.pages = {page.replace(key, "…"): status for page, status in book.pages.items()}
    visitor.post("/r/me/choices/publicity/", given="no")
    visitor.post("/r/me/requests/new/?kind=correct&field=phone", wanted=NEW_PHONE)
    stage.say("一位群众打开自己的专页，看了记录，退订了宣传，申请更正电话")


def the_desk_grants_the_correction(stage: Stage, book: Book) -> None:
    """Who asks is who they are, the new phone stands, the answer can be read on the page."""
    asked = RightsRequest.objects.get(county=stage.county, resident_id=book.visitor)
    desk = _officer(stage, CHIEF)
    scope = scope_of(desk, at=clock.now())
    deciding.check_identity(
        asked, RightsRequest.Check.IN_PERSON, by=desk, scope=scope, at=clock.now()
    )
    asked.refresh_from_db()
    executing.grant_and_execute(asked, by=desk, scope=scope, at=clock.now())
    asked.refresh_from_db()
    deciding.answer(asked, "电话已经更正。", by=desk, scope=scope, at=clock.now())
    stage.say("派出所核对身份后更正了电话，并答复了群众")


def compare(stage: Stage, book: Book) -> list[Figure]:
    """The book's figures beside what the demo knows because it made it."""
    assert book.township is not None
    person = Resident.objects.get(county=stage.county, pk=book.visitor)
    asked = RightsRequest.objects.get(county=stage.county, resident=person)
    stops = WalkingStop.objects.filter(county=stage.county)  # one list has been handed out
    return [
        Figure("补联：清单上的户", stops.count(), _doors_without_a_friend(stage, book.township)),
        *walk.compare(stage, book.walk),
        *poster.compare(stage, book.poster),
        *many_at_once.compare(book.many),
        *tag_catalogue.compare(book.tags),
        *lost_and_missing.compare(stage, book.helped),
        *landslide.compare(stage, book.landslide),
        Figure("合并：好友归到名册上的人", book.joined != book.before_merge, True),
        Figure("合并撤销后：两份资料与原来一样", book.after_undo == book.before_merge, True),
        *[Figure(f"群众专页：{page}", status, 200) for page, status in book.pages.items()],
        Figure("群众专页：退订后仍同意的事项", person.consents, [consent.CONTACT]),
        Figure("更正：现在的电话", person.phone, NEW_PHONE),
        Figure("更正：申请的结果", asked.state, RightsRequest.State.ANSWERED.value),
    ]


def _doors_without_a_friend(stage: Stage, place: Division) -> int:
    """Households of the place in which no grown-up was a friend known by name."""
    today = clock.today()
    strangers = set(
        Contact.objects.filter(
            county=stage.county, identity__resident__lifecycle=Resident.Lifecycle.PROVISIONAL
        ).values_list("identity__external_userid", flat=True)
    )
    reached = {
        stage.friends[external].household
        for _userid, external in stage.linked_pairs
        if external not in strangers and stage.friends[external].age(today) >= 18
    }
    homes = {p.household for p in stage.everyone if p.household.startswith(place.code)}
    return len(homes - reached)


def _officer(stage: Stage, userid: str) -> Officer:
    return Officer.objects.get(county=stage.county, wecom_userid=userid)
