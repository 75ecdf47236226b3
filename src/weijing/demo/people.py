"""Synthetic people for a real county: plausible households, seeded, belonging to nobody.

Phones begin with 154 and ID numbers with the area 4305 9x: neither was ever given out, yet both
pass every check of form. Names are drawn from common characters; any likeness is chance.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

SURNAMES = "刘罗阳邹胡周陈王李肖范袁魏马彭谭谢廖钱孙曾贺郑龙唐黄张易戴宁伍"
DOUBLE_SURNAMES = ("欧阳", "司马", "上官")
GIVEN_MALE = "建国志强伟明军华平勇涛杰辉斌鹏飞成林海龙文武德福生安康宏亮"
GIVEN_FEMALE = "芳丽娟秀英霞燕玲桂兰梅红艳琴云凤珍玉洁慧敏静雪萍婷淑菊香"
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECK = "10X98765432"
PHONE_PREFIX = "154"
EIGHT_DIGITS = 10**8
STEP = 38_196_601  # coprime to 10**8, near its golden section: every phone comes once, scattered


@dataclass(frozen=True, slots=True)
class Person:
    household: str
    name: str
    relation: str
    id_number: str
    phone: str
    sex: str
    born_on: date
    township: str
    village: str
    group: str
    door: str

    def age(self, on: date) -> int:
        birthday_to_come = (on.month, on.day) < (self.born_on.month, self.born_on.day)
        return on.year - self.born_on.year - birthday_to_come


@dataclass(frozen=True, slots=True)
class Place:
    """A group of a village, with how many people should live there."""

    township: str
    village: str
    group: str
    code: str
    people: int


def spread(total: int, villages: Sequence[tuple[str, str, str]], *, seed: int) -> list[Place]:
    """Cut `total` people into villages of uneven size and groups of about 120 (at least 4).

    `villages` are (township, village, code). Every village gets someone while there are enough.
    """
    random = Random(seed)  # noqa: S311  seeded on purpose
    weights = [random.lognormvariate(0.0, 0.45) for _ in villages]
    scale = total / sum(weights)
    places: list[Place] = []
    placed, wanted = 0, 0.0
    for (township, village, code), weight in zip(villages, weights, strict=True):
        wanted += weight * scale
        people = max(round(wanted) - placed, 0)
        placed += people
        groups = max(1, min(12, math.ceil(people / max(total / 10_000, 12))))
        for number in range(groups):
            share = people // groups + (number < people % groups)
            places.append(Place(township, village, f"{number + 1}组", code, share))
    return places


def populate(places: Sequence[Place], *, seed: int, today: date) -> Iterator[Person]:
    """Everyone, household by household."""
    random = Random(seed)  # noqa: S311
    drawn = _Numbers(seed)
    for place in places:
        left, door = place.people, 0
        while left > 0:
            door += 1
            size = min(left, random.choices((1, 2, 3, 4, 5, 6), (8, 14, 20, 24, 20, 14))[0])
            yield from _household(random, drawn, place, door, size, today)
            left -= size


def _household(
    random: Random, drawn: "_Numbers", place: Place, door: int, size: int, today: date
) -> Iterator[Person]:
    number = f"{place.code}{place.group[:-1].zfill(2)}{door:04}"
    head_age = random.randint(30, 72)
    surname = random.choice(DOUBLE_SURNAMES) if random.random() < 0.01 else random.choice(SURNAMES)
    head_sex = "男" if random.random() < 0.82 else "女"
    members: list[tuple[str, str, int, str]] = [("户主", head_sex, head_age, surname)]
    if size >= 2:
        spouse = "女" if head_sex == "男" else "男"
        members.append(
            ("配偶", spouse, max(22, head_age + random.randint(-5, 3)), random.choice(SURNAMES))
        )
    while len(members) < size:
        if len(members) >= 4 and head_age < 60 and random.random() < 0.6:
            sex = random.choice("男女")
            own = surname if sex == "男" else random.choice(SURNAMES)
            members.append(("父母", sex, min(head_age + random.randint(21, 30), 97), own))
        else:
            child_age = max(0, head_age - random.randint(22, 34))
            members.append(("子女", random.choice("男女"), child_age, surname))
    names: set[str] = set()
    for relation, sex, age, family in members:
        born_on = today - timedelta(days=age * 365 + age // 4 + random.randint(1, 364))
        name = _name(random, family, sex)
        while name in names:  # nobody calls two of their children the same
            name = _name(random, family, sex)
        names.add(name)
        has_phone = 14 <= age <= 78 and random.random() < (0.95 if age < 65 else 0.7)
        has_id = age >= 3 or random.random() < 0.6
        yield Person(
            household=number,
            name=name,
            relation=relation,
            id_number=drawn.id_number(born_on, sex) if has_id else "",
            phone=drawn.phone() if has_phone else "",
            sex=sex,
            born_on=born_on,
            township=place.township,
            village=place.village,
            group=place.group,
            door=f"{door}号",
        )


def _name(random: Random, family: str, sex: str) -> str:
    given = GIVEN_MALE if sex == "男" else GIVEN_FEMALE
    return family + "".join(random.choices(given, k=1 if random.random() < 0.22 else 2))


class _Numbers:
    """Hands out each phone and each ID number once."""

    def __init__(self, seed: int) -> None:
        self._phone = seed * 7919 % EIGHT_DIGITS
        self._taken: dict[tuple[date, str], int] = {}

    def phone(self) -> str:
        self._phone = (self._phone + STEP) % EIGHT_DIGITS
        return f"{PHONE_PREFIX}{self._phone:08}"

    def id_number(self, born_on: date, sex: str) -> str:
        count = self._taken.get((born_on, sex), 0)
        self._taken[born_on, sex] = count + 1
        area, order = divmod(count, 500)
        serial = order * 2 + (sex == "男")
        body = f"43059{area % 10}{born_on:%Y%m%d}{serial:03}"
        remainder = sum(int(d) * w for d, w in zip(body, ID_WEIGHTS, strict=True)) % 11
        return body + ID_CHECK[remainder]
