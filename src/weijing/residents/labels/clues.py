"""What is known of a WeCom contact before anyone says who it is."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from json import loads

from weijing.residents import phones
from weijing.residents.finding.grams import plain
from weijing.residents.labels import composing, remark_parsing
from weijing.residents.models import Contact, ContactWay
from weijing.residents.record import filling
from weijing.residents.record.filling import Label
from weijing.territory.models import BeatDivision, Division

MIN_NAME_CHARS = 2
SHORTEST_PINYIN, LONGEST_PINYIN = 4, 24


@dataclass(frozen=True)
class Clues:
    """Names are real ones where the officer typed or noted them, and perhaps one in `nickname`.

    `ranges` are the pre-order numbers of the beat whose code was scanned.
    """

    typed_name: str = ""
    noted: remark_parsing.Parsed = field(default_factory=remark_parsing.Parsed)
    nickname: str = ""
    latin: str = ""  # of a nickname in Latin letters: perhaps pinyin
    phones: tuple[str, ...] = ()
    division: Division | None = None
    address: str = ""
    household_id: int | None = None
    ranges: tuple[tuple[int, int], ...] = ()

    @property
    def names(self) -> list[str]:
        """Each once, the surest first."""
        given = (self.typed_name, self.noted.name, self.nickname)
        return list(dict.fromkeys(name for name in given if len(name) >= MIN_NAME_CHARS))

    @property
    def group(self) -> str:
        """`4组`; of the place chosen, else of the remark."""
        if self.division is not None and self.division.level == Division.Level.GROUP:
            return self.division.name
        return self.noted.group

    @property
    def village(self) -> Division | None:
        return composing.village_of(self.division) if self.division else None


def clues(contact: Contact, typed: Label | None) -> Clues:
    """From the form, from what the officer noted in WeCom, from the code that was scanned."""
    noted = remark_parsing.parsed(contact.remark)
    nickname = contact.identity.nickname
    way = way_of(contact)
    given = [typed.phone if typed else "", noted.phone, *mobiles_of(contact)]
    return Clues(
        typed_name=typed.name.strip() if typed else "",
        noted=noted,
        nickname=remark_parsing.parsed(nickname).name,
        latin=_latin(nickname),
        phones=_phones(given),
        division=typed.division if typed else None,
        address=filling.written_address(typed.house_number) if typed else "",
        household_id=way.household_id if way else None,
        ranges=_ranges(way),
    )


def way_of(contact: Contact) -> ContactWay | None:
    """The code through which the resident came."""
    if not contact.way_state:
        return None
    ways = ContactWay.objects.filter(county_id=contact.county_id, state=contact.way_state)
    return ways.select_related("household__division__parent", "beat").defer("picture").first()


def mobiles_of(contact: Contact) -> list[str]:
    """The phones noted in WeCom, as they stand there."""
    return list(loads(contact.remark_mobiles_text or "[]"))


def _phones(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(phone for text in texts if (phone := phones.normal(text))))


def _latin(nickname: str) -> str:
    letters = plain(nickname)
    is_pinyin = letters.isascii() and letters.isalpha()
    return letters if is_pinyin and SHORTEST_PINYIN <= len(letters) <= LONGEST_PINYIN else ""


def _ranges(way: ContactWay | None) -> tuple[tuple[int, int], ...]:
    if way is None or way.beat_id is None:
        return ()
    rows = BeatDivision.objects.filter(county_id=way.county_id, beat_id=way.beat_id)
    return tuple(rows.values_list("division__lo", "division__hi"))
