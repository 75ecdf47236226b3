"""Who of the roll a WeCom contact may be, by evidence, the strongest first.

Nothing here decides: an officer does, with one tap.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from weijing.accounts.scope import Scope
from weijing.core.env import keyring
from weijing.residents.finding.grams import pairs
from weijing.residents.finding.names import possible_initials, sound
from weijing.residents.labels import composing
from weijing.residents.labels.clues import Clues
from weijing.residents.mirror.contacts import live
from weijing.residents.models import Contact, Resident, WechatIdentity
from weijing.residents.queries import visible_to

MAX_SUGGESTIONS = 8
MAX_CANDIDATES = 20  # of each kind of evidence
LOWEST = 15  # less is no reason to show anybody


class Evidence(Enum):
    """Why somebody may be the contact: what it counts for, and how it is said."""

    PHONE = 60, "电话相同"
    HOUSEHOLD_CODE = 45, "扫的是这一户的码"
    NAME = 35, "同名"
    NAME_IN_VILLAGE = 36, "同村同名"
    NOTED_NAME = 34, "备注里是这个姓名"
    PHONE_OF_SEVERAL = 30, "电话相同，底册上不止一人用"
    NICKNAME = 25, "微信名是这个姓名"
    SOUND = 20, "姓名同音"
    HOME = 16, "同一住址"
    GROUP = 10, "同组"
    FAMILY = 10, "家人已是你的好友"
    BEAT_CODE = 5, "在所扫码的网格里"
    HAS_WECHAT = -20, "已对上别的微信号"

    @property
    def points(self) -> int:
        return int(self.value[0])

    @property
    def words(self) -> str:
        return str(self.value[1])


@dataclass(frozen=True)
class Suggestion:
    """Someone on the roll who may be this contact, and why we think so."""

    resident: Resident
    evidence: tuple[Evidence, ...]

    @property
    def score(self) -> int:
        return sum(one.points for one in self.evidence)

    @property
    def reasons(self) -> list[str]:
        """In words, the strongest first."""
        ordered = sorted(self.evidence, key=lambda one: -abs(one.points))
        return [one.words for one in ordered]


def suggestions(contact: Contact, clues: Clues, *, scope: Scope) -> list[Suggestion]:
    """People on the roll whom the officer may see, at most `MAX_SUGGESTIONS`."""
    people = _candidates(clues, scope=scope)
    weighing = _Weighing.of(contact, clues, people)
    found = [Suggestion(person, tuple(weighing.evidence(person))) for person in people]
    shown = [one for one in found if one.score >= LOWEST]
    shown.sort(key=lambda one: (-one.score, one.resident.ordinal))
    return shown[:MAX_SUGGESTIONS]


def _candidates(clues: Clues, *, scope: Scope) -> list[Resident]:
    roll = visible_to(scope).filter(lifecycle=Resident.Lifecycle.ROLL)
    people = roll.select_related("household", "division__parent")
    found: dict[int, Resident] = {}
    for way in _ways(clues):  # one question each: every one has its own index
        found |= {person.pk: person for person in people.filter(way)[:MAX_CANDIDATES]}
    return list(found.values())


def _ways(clues: Clues) -> list[Q]:
    ways = []
    if clues.phones:
        ways.append(Q(phone_index__in=_indexes(clues)))
    if clues.household_id:
        ways.append(Q(household_id=clues.household_id))
    if named := [Q(grams__contains=list(pairs(name)), name=name) for name in clues.names]:
        ways.append(reduce(or_, named))
    if sounding := [Q(initials=initials, pinyin=pinyin) for initials, pinyin in _sounds(clues)]:
        ways.append(reduce(or_, sounding))
    if clues.address and clues.division is not None:
        ways.append(Q(household__division=clues.division, household__address=clues.address))
    return ways


def _sounds(clues: Clues) -> set[tuple[str, str]]:
    """Initials and pinyin of every name, as written or as a Latin nickname may be read."""
    heard = {(initials, pinyin) for pinyin, initials in map(sound, clues.names) if pinyin}
    if clues.latin:
        heard |= {(initials, clues.latin) for initials in possible_initials(clues.latin)}
    return heard


def _indexes(clues: Clues) -> list[object]:
    return [keyring().blind_index(phone, purpose="phone") for phone in clues.phones]


@dataclass(frozen=True)
class _Weighing:
    """What is asked once for all candidates. Ids."""

    clues: Clues
    phone_indexes: Collection[object]
    many_on_one_phone: bool
    homes_of_friends: Collection[int]
    with_wechat: Collection[int]

    @staticmethod
    def of(contact: Contact, clues: Clues, people: list[Resident]) -> "_Weighing":
        indexes = set(_indexes(clues))
        sharers = [person for person in people if person.phone_index in indexes]
        return _Weighing(
            clues,
            indexes,
            len(sharers) > 1,
            set(_homes_of_friends(contact, people)),
            set(_with_wechat(contact, people)),
        )

    def evidence(self, person: Resident) -> list[Evidence]:
        """All that speaks for and against this person."""
        found = [*self._of_phone(person), *self._of_name(person), *self._of_place(person)]
        if person.household_id in self.homes_of_friends:
            found.append(Evidence.FAMILY)
        if person.pk in self.with_wechat:
            found.append(Evidence.HAS_WECHAT)
        return found

    def _of_phone(self, person: Resident) -> list[Evidence]:
        if person.phone_index is None or person.phone_index not in self.phone_indexes:
            return []
        return [Evidence.PHONE_OF_SEVERAL if self.many_on_one_phone else Evidence.PHONE]

    def _of_name(self, person: Resident) -> list[Evidence]:
        clues = self.clues
        if person.name == clues.typed_name:
            village = clues.village
            home = composing.village_of(person.division) if person.division else None
            same = village is not None and home is not None and home.pk == village.pk
            return [Evidence.NAME_IN_VILLAGE if same else Evidence.NAME]
        if person.name == clues.noted.name:
            return [Evidence.NOTED_NAME]
        if person.name == clues.nickname:
            return [Evidence.NICKNAME]
        heard = (person.initials, person.pinyin)
        return [Evidence.SOUND] if person.pinyin and heard in _sounds(clues) else []

    def _of_place(self, person: Resident) -> list[Evidence]:
        clues, found = self.clues, []
        place, home = person.division, person.household
        if clues.household_id and person.household_id == clues.household_id:
            found.append(Evidence.HOUSEHOLD_CODE)
        if home and clues.address and home.address == clues.address and place == clues.division:
            found.append(Evidence.HOME)
        elif place and clues.group and place.name == clues.group:
            found.append(Evidence.GROUP)
        if place and any(lo <= place.lo <= hi for lo, hi in clues.ranges):
            found.append(Evidence.BEAT_CODE)
        return found


def _homes_of_friends(contact: Contact, people: list[Resident]) -> QuerySet[Contact, int]:
    """Households of these people in which somebody else is this officer's contact already."""
    homes = {person.household_id for person in people if person.household_id}
    friends = live(contact.county_id).filter(
        ~Q(identity_id=contact.identity_id),
        officer_id=contact.officer_id,
        identity__resident__household_id__in=homes,
    )
    return friends.values_list("identity__resident__household_id", flat=True)


def _with_wechat(contact: Contact, people: list[Resident]) -> QuerySet[WechatIdentity, int]:
    identities = WechatIdentity.objects.filter(
        county_id=contact.county_id, resident_id__in=[person.pk for person in people]
    )
    return identities.values_list("resident_id", flat=True)
