"""Building the demo county: real places, synthetic people, officers who come in from WeCom."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random

from weijing.accounts import appointing
from weijing.accounts.models import Officer, Role
from weijing.core import clock
from weijing.demo import people, roll_file
from weijing.demo.people import Person
from weijing.demo.processes import Processes, StepFailed, free_port
from weijing.demo.wecom_side import SimulatedWeCom
from weijing.residents import consent
from weijing.residents.models import Contact, Resident
from weijing.tags import assigning
from weijing.tags.models import Tag, TagAssignment, TagProjection
from weijing.territory.models import Beat, BeatDivision, County, Division, Station

RESIDENTS_PER_OFFICER = 929  # 1.3 M residents, 1,400 officers: the real county
LINKED_SHARE = 0.66  # of those with a phone; with the rest of the county about 57 % of everyone
PHONE_NOTED_SHARE = 0.97  # of the linked: their phone stands in the remark, so they link themselves
MANY_PAIRS = 20_000  # to count them takes the worker's time
CONSENT_SHARE = 0.93
CHATS_PER_RESIDENT_AND_DAY = 353_432 / 30 / 1_300_000
VEHICLES = {"普通摩托车": 0.16, "面包车": 0.05, "重型货车": 0.02, "轻型货车": 0.03, "校车": 0.002}
OTHER_TAGS = {"常住户籍家庭": 0.1, "常住非户籍家庭": 0.01}
STAFF = (
    ("author", "王示范", Role.CAMPAIGN_AUTHOR, "县局宣传"),
    ("approver", "李示例", Role.CAMPAIGN_APPROVER, "县局审批"),
    ("duty", "周值班", Role.DUTY_LEADER, "县局值班领导"),
    ("admin", "赵演示", Role.SYSTEM_ADMIN, "系统管理员"),
    ("auditor", "钱审计", Role.AUDIT_ADMIN, "审计管理员"),
)


@dataclass
class Stage:
    """What the demo has built, and what it knows because it made it."""

    var: Path
    seed: int
    residents: int
    processes: Processes
    wecom: SimulatedWeCom
    say: Callable[[str], None]
    county: County = field(init=False)
    everyone: list[Person] = field(default_factory=list)
    friends: dict[str, Person] = field(default_factory=dict)  # by external_userid
    linked_pairs: set[tuple[str, str]] = field(default_factory=set)
    officer_of: dict[str, str] = field(default_factory=dict)  # village code → userid
    passwords: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)  # where the simulators are
    web_port: int = 0
    ingest_port: int = field(default_factory=free_port)
    roll: Path = field(init=False)
    strangers: int = 0  # friends whose phone the officer never noted

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    def random(self, purpose: str) -> Random:
        return Random(f"{self.seed} {purpose}")  # noqa: S311  the same demo from the same seed

    def run(self, *arguments: str) -> str:
        """Run `weijing ARGUMENTS` as a person would; what it printed.

        Raises `StepFailed`.
        """
        done = subprocess.run(
            [sys.executable, "-m", "weijing", *arguments],
            env={**os.environ, **self.processes.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        with (self.var / "logs" / "commands.log").open("a") as log:
            log.write(f"$ weijing {' '.join(arguments)}\n{done.stdout}{done.stderr}\n")
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-6:]
            raise StepFailed(f"weijing {' '.join(arguments)}:\n" + "\n".join(last))
        return done.stdout


def found_county(stage: Stage) -> None:
    """Divisions, stations, beats; the bureau's address book; who serves where."""
    stage.run("county", "load", os.environ["WEIJING_COUNTY"])
    stage.county = County.objects.get(code=os.environ["WEIJING_COUNTY"])
    stage.run("tags", "load")
    stations = list(Station.objects.filter(county=stage.county).order_by("name"))
    rosters = _rosters(stage, stations)
    stage.wecom.enlist(
        stage.county.bureau_name,
        [station.name for station in stations],
        [(userid, name, station.name) for station in stations for userid, name in rosters[station]]
        + [(username, name, "") for username, name, _role, _title in STAFF],
    )
    stage.run("sync", "departments")
    _post_everyone(stage, rosters)


def _rosters(stage: Stage, stations: list[Station]) -> dict[Station, list[tuple[str, str]]]:
    """Officers by station; at least four each, as many as the real county has per resident."""
    wanted = max(stage.residents // RESIDENTS_PER_OFFICER, 4 * len(stations))
    rosters: dict[Station, list[tuple[str, str]]] = {}
    random, number = stage.random("officers"), 0
    for index, station in enumerate(stations):
        size = wanted // len(stations) + (index < wanted % len(stations))
        rosters[station] = []
        for _ in range(size):
            number += 1
            given = people.GIVEN_MALE if random.random() < 0.7 else people.GIVEN_FEMALE
            name = random.choice(people.SURNAMES) + "".join(random.choices(given, k=2))
            rosters[station].append((f"mj{number:04}", name))
    return rosters


def _post_everyone(stage: Stage, rosters: dict[Station, list[tuple[str, str]]]) -> None:
    at = clock.now() - timedelta(days=400)
    by_userid = {o.wecom_userid: o for o in Officer.objects.filter(county=stage.county)}
    for station, roster in rosters.items():
        beats = list(Beat.objects.filter(county=stage.county, station=station).order_by("pk"))
        for index, beat in enumerate(beats):
            officer = by_userid[roster[index % len(roster)][0]]
            appointing.post(officer, beat=beat, by=None, at=at)
            for village in BeatDivision.objects.filter(county=stage.county, beat=beat):
                stage.officer_of[village.division.code] = officer.wecom_userid
        for userid, _name in roster:
            appointing.give_role(by_userid[userid], Role.VILLAGE_AUXILIARY, by=None, at=at)
        chief = by_userid[roster[0][0]]
        appointing.give_role(chief, Role.STATION_COMMAND, by=None, at=at)
        appointing.post(chief, station=station, by=None, at=at)
    for username, _name, role, _title in STAFF:
        officer = by_userid[username]
        stage.passwords[username] = secrets.token_urlsafe(9)
        appointing.change_password(officer, stage.passwords[username])
        appointing.give_role(officer, role, by=None, at=at)
        appointing.post(officer, by=None, at=at)


def draw_people(stage: Stage) -> None:
    """Everyone who lives here, kept in memory up to a size that a laptop bears."""
    villages = [
        (village.parent.name, village.name, village.code)
        for village in Division.objects.filter(county=stage.county, level="village")
        .select_related("parent")
        .order_by("lo")
        if village.parent
    ]
    places = people.spread(stage.residents, villages, seed=stage.seed)
    today = clock.today()
    stage.everyone = list(people.populate(places, seed=stage.seed, today=today))


def write_roll(stage: Stage) -> Path:
    """The roll as the bureau hands it over, with six rows that must be refused."""
    suffix = ".xlsx" if stage.residents <= roll_file.XLSX_ROWS else ".csv"
    adult = next(person for person in stage.everyone if person.id_number and person.phone)
    path = stage.var / f"花名册{suffix}"
    return roll_file.write(path, stage.everyone, mistakes_from=adult)


def befriend(stage: Stage) -> int:
    """Two years of 加公安微信 交警察朋友, as they lie in WeCom before we read it."""
    random = stage.random("friends")
    start = clock.now() - timedelta(days=700)

    def friendships() -> Iterator[dict[str, object]]:
        for person in stage.everyone:
            if not person.phone or random.random() >= LINKED_SHARE:
                continue
            external_userid = f"wm{secrets_of(random)}"
            userid = stage.officer_of[person.household[:12]]
            stage.friends[external_userid] = person
            stage.linked_pairs.add((userid, external_userid))
            added = start + timedelta(minutes=random.randrange(690 * 24 * 60))
            row = {
                "userid": userid,
                "external_userid": external_userid,
                "nickname": _nickname(random, person),
                "createtime": int(added.timestamp()),
                "add_way": 1,
            }
            if random.random() < PHONE_NOTED_SHARE:
                row |= {"remark": person.name, "remark_mobiles": [person.phone]}
            else:
                stage.strangers += 1
            yield row

    return stage.wecom.befriend(friendships())


def secrets_of(random: Random) -> str:
    return "".join(random.choices("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=30))


def _nickname(random: Random, person: Person) -> str:
    words = ("山里人家", "平安是福", "岁月静好", "向阳花开", "一路顺风", "阳光灿烂", "知足常乐")
    return random.choice(words) if random.random() < 0.5 else person.name[-1] * 2


def note_consent_and_tags(stage: Stage) -> dict[str, int]:
    """What officers noted on their visits: consent to publicity, vehicles, kinds of household.

    Returns how many people carry each tag.
    """
    at = clock.now() - timedelta(days=60)
    random = stage.random("tags")
    linked = list(
        Resident.objects.filter(
            county=stage.county,
            lifecycle=Resident.Lifecycle.ROLL,
            identities__contacts__state=Contact.State.LINKED,
        )
        .distinct()
        .order_by("ordinal")
        .values_list("pk", flat=True)
    )
    willing = [pk for pk in linked if random.random() < CONSENT_SHARE]
    for chunk in _chunks(willing, 5_000):
        consent.give_many(
            stage.county.pk, chunk, [consent.CONTACT, consent.PUBLICITY], by=None, at=at
        )
    shares = {**VEHICLES, **OTHER_TAGS}
    tags = {tag.name: tag for tag in Tag.objects.filter(county=stage.county, name__in=shares)}
    adults = (
        Resident.objects.filter(
            county=stage.county,
            lifecycle=Resident.Lifecycle.ROLL,
            born_on__lte=clock.today() - timedelta(days=18 * 366),
        )
        .order_by("ordinal")
        .values_list("pk", flat=True)
    )
    pairs = [
        (pk, tags[name])
        for pk in adults
        for name, share in shares.items()
        if random.random() < share
    ]
    source = TagAssignment.Source.VISIT
    assigning.assign_many(stage.county.pk, pairs, source=source, basis="走访登记", by=None, at=at)
    return {name: sum(tag.name == name for _, tag in pairs) for name in shares}


def _chunks(rows: list[int], size: int) -> Iterator[list[int]]:
    source = iter(rows)
    while chunk := list(islice(source, size)):
        yield chunk


def start_processes(stage: Stage, facts: dict[str, str]) -> None:
    """Ingest with its callback verified by WeCom, the worker, the pages."""
    stage.processes.start("ingest", "ingest", "--port", str(stage.ingest_port))
    ingest = f"http://127.0.0.1:{stage.ingest_port}"
    stage.processes.wait_until_answers("ingest", f"{ingest}/livez")
    stage.wecom.post(
        f"apps/{facts['agentid']}/callback",
        url=f"{ingest}/wecom/callback",
        token=facts["token"],
        encoding_aes_key=facts["encoding_aes_key"],
    )
    stage.processes.start("worker", "worker", "--concurrency", "6")
    stage.processes.start("web", "web", "--port", str(stage.web_port))
    stage.processes.wait_until_answers("web", f"{stage.web}/readyz")


def a_month_of_conversations(stage: Stage, *, now: datetime) -> Iterator[int]:
    """What the statistics of the last thirty days are made of."""
    # WeCom itself shows yesterday's figures in the morning only; the demo may begin at night.
    stage.wecom.post("settings", behaviour_hour=0)
    chats = max(20, round(stage.residents * CHATS_PER_RESIDENT_AND_DAY))
    yield from stage.wecom.live_a_month(chats_a_day=chats, now=now, seed=stage.seed)


def wait_for_projection(stage: Stage, *, left: Callable[[int], None]) -> None:
    """Until WeCom shows the tags that officers noted; the worker writes them.

    `left` is told how many pairs still wait.
    """
    waiting = TagProjection.objects.filter(county=stage.county, parked_because="")
    while count := waiting.count():
        left(count)
        time.sleep(0.5 if count < MANY_PAIRS else 5.0)
