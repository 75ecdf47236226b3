"""A village poster is printed and scanned: welcomed in the beat's words, suggested to be who it is.

The chief writes the words and asks for the codes on the pages, the worker has WeCom make them, a
resident scans the poster and another one the code shown at their door.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.db.models import QuerySet

from weijing.accounts.models import Officer
from weijing.accounts.scope import scope_of
from weijing.core import clock
from weijing.demo.comparing import Figure
from weijing.demo.morning import until
from weijing.demo.people import Person
from weijing.demo.stage import Stage
from weijing.demo.visiting import Visitor
from weijing.residents.labels import suggesting
from weijing.residents.labels.clues import clues
from weijing.residents.models import Contact, ContactWay, DoorVisit, Household, WelcomeText
from weijing.residents.ways import leading, welcoming
from weijing.sync.models import Greeting
from weijing.territory.models import Beat, BeatDivision

WORDS = (
    "乡亲好，我是{姓名}，管{网格}。有可疑电话、邻里的事、要帮忙的事，就在这里说一声；急事打 110。"
)


@dataclass
class Poster:
    """What was scanned, by whom, and what they were told."""

    files: dict[str, int] = field(default_factory=dict)
    scanned: dict[str, str] = field(default_factory=dict)  # external_userid → state of the code
    people: dict[str, Person] = field(default_factory=dict)
    welcomed: dict[str, str] = field(default_factory=dict)


def play(stage: Stage, chief_userid: str) -> Poster:
    """One beat of the chief's station, two people without a friend who live there."""
    poster = Poster()
    chief = Officer.objects.get(county=stage.county, wecom_userid=chief_userid)
    beat, village, people = _where(stage, chief)
    desk = Visitor(stage)
    desk.through_wecom(chief_userid)
    desk.post(f"/desk/welcome/{beat.pk}/", text=WORDS, seen="", action="save")
    desk.send("/desk/posters/codes/", {})
    code = _made(lambda: leading.of_beats(stage.county.pk, [beat.pk]).get(beat.pk))
    for kind in ("svg", "pdf"):
        page = f"/desk/posters/{beat.pk}/{village}/{kind}/"
        poster.files[kind] = desk.opened([page])[page]
    _scan(stage, poster, code, people[0])
    _scan(stage, poster, _shown_at_the_door(stage, people[1]), people[1])
    stage.wecom.callbacks_settled()
    until("who scanned comes in", lambda: _contacts(stage, poster).count() == len(people))
    until("who scanned is welcomed", lambda: _greeted(stage, poster) == len(people))
    stage.say(f"{beat.name}的海报印好，一位群众扫海报、一位扫上门的码，都收到这个网格的欢迎语")
    return poster


def _where(stage: Stage, chief: Officer) -> tuple[Beat, str, list[Person]]:
    """The first beat of the station in which two grown-ups have no friend, and its village."""
    taken = set(stage.friends.values())
    visits = DoorVisit.objects.filter(county=stage.county)  # who refused is shown no code
    visited = set(visits.values_list("household__number", flat=True))
    today = clock.today()
    parts = BeatDivision.objects.filter(county=stage.county, beat__station=chief.station)
    for part in parts.select_related("beat", "division").order_by("division__lo"):
        code = part.division.code
        free = [
            person
            for person in stage.everyone
            if person.household.startswith(code)
            and person.age(today) >= 18
            and person not in taken
            and person.household not in visited
        ]
        if len({person.household for person in free}) > 1:
            first = free[0]
            return part.beat, code, [first, next(p for p in free if p.household != first.household)]
    raise LookupError("everybody of the station has a friend")


def _made(find: Callable[[], ContactWay | None]) -> ContactWay:
    """As soon as WeCom has made it and its picture is here."""
    found: list[ContactWay] = []

    def is_there() -> bool:
        way = find()
        if way is not None and way.picture:
            found.append(way)
        return bool(found)

    until("WeCom makes the code", is_there)
    return found[0]


def _shown_at_the_door(stage: Stage, person: Person) -> ContactWay:
    """By the officer of the village, on the phone."""
    home = Household.objects.get(county=stage.county, number=person.household)
    phone = Visitor(stage)
    phone.through_wecom(stage.officer_of[person.household[:12]])
    phone.post(f"/o/grid/households/{home.pk}/code/")
    ways = ContactWay.objects.filter(county=stage.county, household=home)
    return _made(lambda: ways.first())


def _scan(stage: Stage, poster: Poster, way: ContactWay, person: Person) -> None:
    """With WeChat, under the own name."""
    done = stage.wecom.post("acts/scan", config_id=way.config_id, resident={"name": person.name})
    external = done["external_userid"]
    poster.scanned[external], poster.people[external] = way.state, person
    stage.friends[external] = person
    stage.linked_pairs.add((done["userid"], external))
    stage.strangers += 1  # nobody labels them in this demo


def _contacts(stage: Stage, poster: Poster) -> QuerySet[Contact]:
    rows = Contact.objects.filter(
        county=stage.county, identity__external_userid__in=list(poster.scanned)
    )
    return rows.select_related("officer", "identity")


def _greeted(stage: Stage, poster: Poster) -> int:
    rows = Greeting.objects.filter(county=stage.county, state=Greeting.State.SENT)
    return rows.filter(external_userid__in=list(poster.scanned)).count()


def compare(stage: Stage, poster: Poster) -> list[Figure]:
    """What we recorded and suggest beside what the resident's phone shows and the roll says."""
    contacts = {one.identity.external_userid: one for one in _contacts(stage, poster)}
    states = {external: one.way_state for external, one in contacts.items()}
    suggested = {external: _suggested(one) for external, one in contacts.items()}
    truly = {
        external: (person.name, person.household) for external, person in poster.people.items()
    }
    sent = Greeting.objects.filter(external_userid__in=list(poster.scanned))
    version = WelcomeText.objects.filter(county=stage.county).latest("written_at")
    return [
        Figure("海报：SVG 和 PDF 打得开", poster.files, {"svg": 200, "pdf": 200}),
        Figure("扫码：回来的码", states, poster.scanned),
        Figure("扫码：收到的欢迎语开头", _begun(stage, contacts), _expected(contacts)),
        Figure("扫码：记下的欢迎语版本", {one.welcome_id for one in sent}, {version.pk}),
        Figure("扫码：标注时第一个建议的人", suggested, truly),
    ]


def _begun(stage: Stage, contacts: dict[str, Contact]) -> dict[str, str]:
    """As it stands on the residents' phones."""
    begun = {}
    for external in contacts:
        messages = stage.wecom.get(f"truth/residents/{external}")["messages"]
        (text,) = [message["text"] for message in messages if message["kind"] == "welcome"]
        begun[external] = text.partition("\n")[0]
    return begun


def _expected(contacts: dict[str, Contact]) -> dict[str, str]:
    expected = {}
    for external, contact in contacts.items():
        beat = ContactWay.objects.get(county_id=contact.county_id, state=contact.way_state).beat
        assert beat is not None
        named = WORDS.replace(welcoming.NAME, contact.officer.name)
        expected[external] = named.replace(welcoming.BEAT, f"{beat.name}网格")
    return expected


def _suggested(contact: Contact) -> tuple[str, str]:
    """Name and household number of whom the label page shows first."""
    scope = scope_of(contact.officer, at=clock.now())
    found = suggesting.suggestions(contact, clues(contact, None), scope=scope)
    if not found or found[0].resident.household is None:
        return "", ""
    return found[0].resident.name, found[0].resident.household.number
