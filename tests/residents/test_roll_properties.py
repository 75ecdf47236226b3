"""Whatever the files say: once more changes nothing, and a file has the last word when it comes."""

import tempfile
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.residents.rolls import DIVISIONS, as_csv, id_number
from weijing.residents.importing.roll import RollReport, import_roll
from weijing.residents.models import Household, Resident, RollAbsence, RollConflict
from weijing.territory.loading import Row, load_county
from weijing.territory.models import County, Division

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
NAMES = ("阳小明", "买买提·艾力", "𬱖𠮷", "欧阳大海", "阳豆豆")
PLACES = (
    ("小沙江镇", "桃李村", "1组"), ("小沙江镇", "红星村", "2组"), ("金石桥镇", "红星村", ""),
    ("虎形山瑶族乡", "桃李村", "塘边组"),
)  # fmt: skip
FIELDS = (
    "household__number", "name", "household_role", "phone_index", "id_number_index", "sex",
    "born_on", "division__code", "household__address",
)  # fmt: skip

people = st.fixed_dictionaries(
    {
        "order": st.integers(0, 5),  # 0: nobody knows the number
        "home": st.integers(1, 3),
        "name": st.sampled_from(NAMES),
        "role": st.sampled_from(["户主", "妻", "长子"]),
        "phone": st.sampled_from(["15400000001", "15400000002"]),  # families share
    }
)


@st.composite
def rolls(draw: st.DrawFn) -> list[dict[str, str]]:
    """Rows without an empty cell but for ID numbers; a household stands in one place."""
    places = draw(st.lists(st.sampled_from(PLACES), min_size=3, max_size=3))
    address = draw(st.sampled_from(["1号", "塘边第二家"]))
    rows = []
    for one in draw(st.lists(people, min_size=1, max_size=6)):
        town, village, group = places[one["home"] - 1]
        rows.append(
            {
                "乡镇": town, "村": village, "组": group, "户号": f"H{one['home']}",
                "姓名": one["name"], "与户主关系": one["role"],
                "身份证号": id_number(one["order"]) if one["order"] else "",
                "手机号": one["phone"], "地址": address,
            }
        )  # fmt: skip
    return rows


@pytest.fixture
def place(db: None) -> County:
    more = [Row("430524201", "虎形山瑶族乡"), Row("430524201001", "桃李村")]
    return load_county([*DIVISIONS, *more], source="test").county


days = count(1)


def take(place: County, rows: list[dict[str, str]]) -> RollReport:
    with tempfile.TemporaryDirectory() as folder:
        path = as_csv(Path(folder) / "roll.csv", rows)
        return import_roll(
            path, county=place, by=None, at=AT + timedelta(days=next(days)), apply=True,
            errors_to=Path(folder) / "errors.xlsx",
        )  # fmt: skip


def state() -> list[tuple[Any, ...]]:
    rows = Resident.objects.order_by("pk").values_list("pk", "lifecycle", "grams", *FIELDS)
    return [tuple(row) for row in rows]


def empty() -> None:
    RollConflict.objects.all().delete()
    RollAbsence.objects.all().delete()
    Resident.objects.all().delete()
    Household.objects.all().delete()
    Division.objects.filter(level="group").delete()


slow = settings(
    max_examples=12, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@slow
@given(roll=rolls())
def test_any_file_twice_is_the_file_once(place: County, roll: list[dict[str, str]]) -> None:
    empty()
    first = take(place, roll)
    before = state()
    second = take(place, roll)

    assert state() == before
    assert (second.created, second.updated, second.conflicts) == (0, 0, 0)
    assert second.unchanged == first.created
    assert second.reasons == first.reasons


@slow
@given(one=rolls(), other=rolls())
def test_one_file_another_and_the_first_again_says_what_the_first_said(
    place: County, one: list[dict[str, str]], other: list[dict[str, str]]
) -> None:
    empty()
    take(place, other)
    take(place, one)
    said = state()
    take(place, other)
    assert len(state()) == len({row[0] for row in state()})
    again = take(place, one)

    assert again.conflicts == 0, "nobody has corrected anything"
    numbers = [row[7] for row in state() if row[7]]
    assert len(numbers) == len(set(numbers))
    assert {row[0] for row in said} <= {row[0] for row in state()}, "nobody is lost"
    assert take(place, one).updated == 0
