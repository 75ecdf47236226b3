"""Named reads of the county's divisions."""

from collections.abc import Collection

from django.db.models import Q, QuerySet

from weijing.territory.models import County, Division

# The one path of every group; joined on the county as well, by the foreign key itself.
_UP = "parent__parent__parent"


def county_by_code(code: str) -> County | None:
    return County.objects.filter(code=code).first()


def root(county_id: int) -> Division:
    """The county's own division.

    Raises `Division.DoesNotExist` before the county is loaded.
    """
    return Division.objects.get(county_id=county_id, level=Division.Level.COUNTY)


def children(division: Division) -> QuerySet[Division]:
    """One level down, in the order of the codes."""
    below = Division.objects.filter(county_id=division.county_id, parent=division)
    return below.order_by("lo")


def townships(county_id: int) -> QuerySet[Division]:
    level = Division.Level.TOWNSHIP
    return Division.objects.filter(county_id=county_id, level=level).order_by("lo")


def ancestors(division: Division) -> list[Division]:
    """From the county down to the division itself."""
    above = Division.objects.filter(
        county_id=division.county_id, lo__lte=division.lo, hi__gte=division.lo
    )
    return list(above.filter(Q(pk=division.pk) | ~Q(level=division.level)).order_by("lo", "-hi"))


def by_code(county_id: int, code: str) -> Division | None:
    return Division.objects.filter(county_id=county_id, code=code).first()


def villages_named(county_id: int, name: str, *, township: str = "") -> list[Division]:
    """Villages of this name or short name; several, because names repeat inside a county.

    `township` narrows by name or short name.
    """
    villages = Division.objects.filter(county_id=county_id, level=Division.Level.VILLAGE)
    villages = villages.filter(Q(name=name) | Q(short_name=name))
    if township:
        villages = villages.filter(Q(parent__name=township) | Q(parent__short_name=township))
    return list(villages.select_related("parent").order_by("lo"))


def path_names(county_id: int, division_ids: Collection[int]) -> dict[int, str]:
    """`小沙江镇 桃李村 1组` by division id: below the county, because village names repeat."""
    rows = Division.objects.filter(county_id=county_id, pk__in=division_ids).select_related(_UP)
    return {row.pk: path_name(row) for row in rows}


def path_name(division: Division) -> str:
    """`小沙江镇 桃李村 1组`; the county's own name for the county."""
    names = [division.name]
    above = division.parent
    while above is not None and above.level != Division.Level.COUNTY:
        names.append(above.name)
        above = above.parent
    return " ".join(reversed(names))
