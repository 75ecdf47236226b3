"""Setting up a county: its divisions, a station per township, a beat per village.

Safe to run again: what is there stays, names follow the file, stations and beats that people
have arranged differently are left alone.
"""

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from weijing.core.errors import DomainError
from weijing.territory import codes
from weijing.territory.models import (
    Beat,
    BeatDivision,
    County,
    Division,
    Station,
    StationTownship,
)
from weijing.territory.naming import short_name

DATA = Path(__file__).parent / "data"
COLUMNS = ("code", "name")
MAX_ROWS = 50_000  # the largest county has under 2,000 villages


class BadDivisions(DomainError):
    """The file is not a list of one county's divisions."""


@dataclass(frozen=True)
class Loaded:
    """What a county has, and what loading it changed. Counts."""

    county: County
    divisions: int
    added: int
    renamed: int
    stations: int
    beats: int


@dataclass(frozen=True)
class Row:
    code: str
    name: str


def shipped_file(code: str) -> Path:
    """The divisions that come with us.

    Raises `BadDivisions`.
    """
    path = DATA / f"divisions-{code}.csv"
    if codes.CODE.fullmatch(code) and path.exists():
        return path
    known = "、".join(sorted(p.stem.removeprefix("divisions-") for p in DATA.glob("*.csv")))
    raise BadDivisions(f"没有 {code} 的区划文件（自带：{known}）。请用 --file 指定一份 CSV。")


def read_divisions(path: Path, code: str) -> list[Row]:
    """The rows of one county: the county first, every parent before its children.

    Columns `code,name` (others are not needed: level and parent follow from the code).

    Raises `BadDivisions`, `BadDivisionCode`.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise BadDivisions(f"区划文件缺少列：{'、'.join(missing)}。")
            rows = [Row(one["code"] or "", (one["name"] or "").strip()) for one in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadDivisions(f"读不了区划文件 {path.name}：应为 UTF-8 编码的 CSV。") from error
    _check(rows, code)
    return sorted(rows, key=lambda row: row.code)


def _check(rows: Sequence[Row], code: str) -> None:
    seen = {row.code for row in rows}
    if code not in seen or codes.level_of(code) != Division.Level.COUNTY:
        raise BadDivisions(f"区划文件里没有县级行 {code}。")
    if len(seen) < len(rows) or len(rows) > MAX_ROWS:
        raise BadDivisions("区划文件里有重复的代码。")
    for row in rows:
        codes.level_of(row.code)
        if not row.name or len(row.name) > 60:
            raise BadDivisions(f"区划 {row.code} 的名称为空或过长。")
        if row.code != code and codes.parent_of(row.code) not in seen:
            raise BadDivisions(f"区划 {row.code} {row.name} 的上级不在文件里。")


@transaction.atomic
def load_county(
    rows: Sequence[Row], *, source: str, bureau_name: str = "", short: str = ""
) -> Loaded:
    """Make the database know this county. `rows` as `read_divisions` returns them."""
    first = rows[0]
    county, _ = County.objects.get_or_create(
        code=first.code,
        defaults={
            "name": first.name,
            "bureau_name": bureau_name or f"{first.name}公安局",
            "short_name": (short or first.name)[:1],
        },
    )
    # Two loads of one county at once would number its beats twice.
    County.objects.select_for_update(no_key=True).get(pk=county.pk)
    added, renamed = _load_divisions(county, rows, source)
    _add_stations(county)
    _add_beats(county)
    return Loaded(
        county=county,
        divisions=Division.objects.filter(county=county).count(),
        added=added,
        renamed=renamed,
        stations=Station.objects.filter(county=county).count(),
        beats=Beat.objects.filter(county=county).count(),
    )


def _load_divisions(county: County, rows: Sequence[Row], source: str) -> tuple[int, int]:
    known = {row.code: row for row in Division.objects.filter(county=county)}
    new: list[Division] = []
    renamed: list[Division] = []
    for row in rows:
        there = known.get(row.code)
        if there is None:
            parent = known.get(codes.parent_of(row.code))
            known[row.code] = _division(county, row, parent, source)
            new.append(known[row.code])
        elif there.name != row.name:
            there.name, there.short_name = row.name, short_name(row.name)
            renamed.append(there)
    Division.objects.bulk_create(new, batch_size=2_000)
    Division.objects.bulk_update(renamed, ["name", "short_name"], batch_size=2_000)
    return len(new), len(renamed)


def _division(county: County, row: Row, parent: Division | None, source: str) -> Division:
    lo, hi = codes.range_of(row.code)
    return Division(
        county=county,
        code=row.code,
        name=row.name,
        short_name=short_name(row.name)[:20],
        level=codes.level_of(row.code),
        parent=parent,
        lo=lo,
        hi=hi,
        source=source[:60],
    )


def _add_stations(county: County) -> None:
    """派出所 for every township that no station answers for yet."""
    answered = StationTownship.objects.filter(county=county).values("township_id")
    townships = Division.objects.filter(county=county, level=Division.Level.TOWNSHIP)
    for township in townships.exclude(pk__in=answered).order_by("code"):
        name = f"{township.short_name}派出所"
        station, _ = Station.objects.get_or_create(county=county, name=name)
        StationTownship.objects.create(county=county, station=station, township=township)


def _add_beats(county: County) -> None:
    """A beat for every village of which no part belongs to one."""
    station_of = dict(
        StationTownship.objects.filter(county=county).values_list("township_id", "station_id")
    )
    covered = list(
        BeatDivision.objects.filter(county=county).values_list("division__lo", "division__hi")
    )
    taken = set(Beat.objects.filter(county=county).values_list("station_id", "name"))
    beats: list[Beat] = []
    parts: list[BeatDivision] = []
    for village in Division.objects.filter(county=county, level="village").order_by("code"):
        if village.parent_id is None or _touches(village, covered):
            continue
        station_id = station_of[village.parent_id]
        name = village.name if (station_id, village.name) not in taken else None
        name = name or f"{village.name}（{village.code[-3:]}）"
        taken.add((station_id, name))
        beats.append(Beat(county=county, name=name, station_id=station_id))
        parts.append(BeatDivision(county=county, beat=beats[-1], division=village))
    Beat.objects.bulk_create(beats, batch_size=2_000)
    BeatDivision.objects.bulk_create(parts, batch_size=2_000)


def _touches(village: Division, covered: Collection[tuple[int, int]]) -> bool:
    return any(lo <= village.hi and village.lo <= hi for lo, hi in covered)
