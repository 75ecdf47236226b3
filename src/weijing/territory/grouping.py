"""Groups below a village. No public list has them; the roll names them."""

from collections.abc import Collection, Iterable

from django.db import transaction

from weijing.core.errors import DomainError
from weijing.territory import codes
from weijing.territory.models import Division
from weijing.territory.naming import group_name, group_number

FIRST_OF_NAMED = 501  # groups with a name instead of a number: 501-999
LAST = 999
MAX_NAME_CHARS = 20


class TooManyGroups(DomainError):
    """A village has 999 numbers for its groups."""


@transaction.atomic
def add_groups(village: Division, names: int | Iterable[str], *, source: str) -> list[Division]:
    """The village's groups of these names, made where missing. `5` means `1组` to `5组`.

    `4组` gets the code `…004` and a named group one from `…501` on; codes are never given twice.

    Raises `TooManyGroups`, `BadDivisionCode` (not a village).
    """
    if codes.level_of(village.code) != Division.Level.VILLAGE:
        raise codes.BadDivisionCode(f"{village.name}不是村或社区，不能在它下面建组。")
    wanted = [f"{n}组" for n in range(1, names + 1)] if isinstance(names, int) else names
    wanted = list(dict.fromkeys(name for one in wanted if (name := group_name(one))))
    # Two rolls may name the same new group at once.
    Division.objects.select_for_update(no_key=True).get(county_id=village.county_id, pk=village.pk)
    known = {
        group.name: group
        for group in Division.objects.filter(county_id=village.county_id, parent=village)
    }
    taken = {int(group.code[-3:]) for group in known.values()}
    new = []
    for name in wanted:
        if name not in known:
            number = _free_number(name, taken)
            taken.add(number)
            known[name] = _group(village, name, number, source)
            new.append(known[name])
    Division.objects.bulk_create(new)
    return [known[name] for name in wanted]


def _free_number(name: str, taken: Collection[int]) -> int:
    number = group_number(name)
    if number and number < FIRST_OF_NAMED and number not in taken:
        return number
    free = (n for n in range(FIRST_OF_NAMED, LAST + 1) if n not in taken)
    if (found := next(free, None)) is None:
        raise TooManyGroups("这个村的组太多，编号用完了。")
    return found


def _group(village: Division, name: str, number: int, source: str) -> Division:
    code = f"{village.code}{number:03}"
    lo, hi = codes.range_of(code)
    return Division(
        county_id=village.county_id,
        code=code,
        name=name[:MAX_NAME_CHARS],
        short_name=name[:MAX_NAME_CHARS],
        level=Division.Level.GROUP,
        parent=village,
        lo=lo,
        hi=hi,
        source=source[:60],
    )
