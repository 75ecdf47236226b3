"""What one seed means: the weather, the county's luck with WeCom, and what people do meanwhile."""

from dataclasses import dataclass, field, replace
from random import Random

from tests.send_simulation.weather import Weather

WITHDRAW, CUT, QUOTA = "takes consent back", "deletes the officer", "has had all messages"
STOP, PAUSE, RESUME = "campaign stopped", "kill switch on", "kill switch off"
LEAVE, RETURN = "officer's account off", "officer's account on"
SNAPSHOT, RESTORE = "backup taken", "backup restored"
REMIND, OUTAGE, TOKENS = "reminded", "workers down", "tokens void"


@dataclass(frozen=True, slots=True, order=True)
class Happening:
    """`who`: a place among the people or officers of the campaign; `much`: as `what` needs it."""

    after_seconds: float
    what: str
    who: int = 0
    much: float = 0.0

    def __str__(self) -> str:
        return f"+{self.after_seconds:.0f}s {self.what} ({self.who}, {self.much:.0f})"


@dataclass(frozen=True, slots=True)
class Plan:
    seed: int
    both_officers: bool = False
    weather: Weather = field(default_factory=Weather)
    list_lag_seconds: float = 0.0
    dispatch_seconds: float = 0.0
    unreachable_in_fail_list: bool = False
    small: int = 50  # so many people are asked for again without a person
    confirm_hours: float = 24.0
    taps_every: tuple[float | None, ...] = (60.0, 60.0)  # per officer; None never confirms
    stride_seconds: float = 1.0  # the worker comes no more often
    carries: bool = False  # a picture, and a variable in the text
    media_seconds: float = 3 * 86_400.0  # until WeCom forgets an upload
    scheduled: bool = False  # goes by itself half a minute later; else it has gone out already
    listed_late: bool = False  # of a scheduled one: its people are written down by a job
    happenings: tuple[Happening, ...] = ()

    def has(self, *kinds: str) -> bool:
        return any(h.what in kinds for h in self.happenings)


def drawn(seed: int) -> Plan:
    random = Random(seed)
    impatient = random.random() < 0.12
    plan = Plan(
        seed=seed,
        both_officers=random.random() < 0.2,
        weather=Weather(
            roughness=random.choice((0.3, 1.0, 1.0, 1.8)),
            dispatching=random.choice((0.0, 0.02, 0.15)),
            killed=random.choice((0.0, 0.02, 0.08)),
            stalled=random.choice((0.0, 0.03, 0.08)),
            database_lost=random.choice((0.0, 0.0, 0.03)),
            longest_stall_seconds=random.choice((30.0, 900.0, 1_800.0)),
            others_every_seconds=random.choice((1e9, 1e9, 1e9, 300.0)),
        ),
        list_lag_seconds=random.choice((0.0, 2.0, 20.0, 90.0, 900.0)),
        dispatch_seconds=random.choice((0.0, 5.0, 5.0, 60.0)),
        unreachable_in_fail_list=random.random() < 0.5,
        small=random.choice((50, 50, 2)),
        confirm_hours=1.0 if impatient else 24.0,
        taps_every=tuple(_taps(random, never=0.5 if impatient else 0.0) for _ in range(2)),
        stride_seconds=random.choice((1.0, 10.0, 60.0, 300.0)),
        happenings=tuple(sorted(_happenings(random))),
    )
    return _with_more(plan, random)


def _with_more(plan: Plan, random: Random) -> Plan:
    """Drawn last, so that all else of a seed stays what it was."""
    scheduled = random.random() < 0.25
    # Not with two officers: each kind of stage costs half a second to set.
    carries = not plan.both_officers and (scheduled or random.random() < 0.15)
    happenings = plan.happenings
    if scheduled and not plan.has(RESTORE) and random.random() < 0.2:
        before, after = random.uniform(0, 20), random.uniform(60, 3_600)
        both = (Happening(before, SNAPSHOT), Happening(after, RESTORE))
        happenings = tuple(sorted((*happenings, *both)))
    forgets = random.choice((0.0, 0.05, 0.2)) if carries else 0.0
    return replace(
        plan,
        scheduled=scheduled,
        listed_late=scheduled and random.random() < 0.5,
        carries=carries,
        media_seconds=random.choice((3 * 86_400.0, 3 * 86_400.0, 600.0)),
        weather=replace(plan.weather, media_forgotten=forgets),
        happenings=happenings,
    )


def _taps(random: Random, *, never: float) -> float | None:
    return None if random.random() < never else random.choice((5.0, 60.0, 900.0))


def _moment(random: Random) -> float:
    return random.choice((random.uniform(-1, 5), random.uniform(5, 90), random.uniform(90, 2_000)))


def _happenings(random: Random) -> list[Happening]:
    found = []

    def maybe(chance: float, what: str, *, who: int = 3, much: float = 0.0) -> float | None:
        if random.random() >= chance:
            return None
        moment = _moment(random)
        found.append(Happening(moment, what, random.randrange(who), much))
        return moment

    for _ in range(2):
        maybe(0.2, WITHDRAW)
    maybe(0.12, CUT, much=random.choice((3, 4)))
    maybe(0.08, QUOTA)
    maybe(0.08, STOP)
    maybe(0.08, REMIND)
    maybe(0.06, OUTAGE, much=random.uniform(600, 4 * 3600))
    maybe(0.05, TOKENS)
    for first, then in ((PAUSE, RESUME), (LEAVE, RETURN), (SNAPSHOT, RESTORE)):
        who = random.randrange(2)
        if (moment := maybe(0.07, first, who=1)) is not None:
            found[-1] = Happening(moment, first, who)
            found.append(Happening(moment + random.uniform(20, 3_600), then, who))
    return found
