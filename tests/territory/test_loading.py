from itertools import pairwise
from pathlib import Path

import pytest

from weijing.accounts.scope import Scope
from weijing.territory import codes, loading, queries
from weijing.territory.grouping import TooManyGroups, add_groups
from weijing.territory.models import Beat, BeatDivision, County, Division, Station

pytestmark = pytest.mark.django_db


def load(code: str = "430524") -> loading.Loaded:
    path = loading.shipped_file(code)
    return loading.load_county(loading.read_divisions(path, code), source=path.name)


def test_longhui_has_every_township_and_village_with_a_station_and_a_beat() -> None:
    loaded = load()

    assert (loaded.divisions, loaded.added) == (598, 598)
    assert (loaded.stations, loaded.beats) == (25, 572)
    assert Station.objects.filter(name="虎形山派出所").exists()
    assert loaded.county.bureau_name == "隆回县公安局"
    assert loaded.county.short_name == "隆"


def test_every_division_lies_inside_its_parent_and_beside_its_siblings() -> None:
    load()
    by_parent: dict[int, list[Division]] = {}
    for division in Division.objects.select_related("parent").order_by("lo"):
        if division.parent is not None:
            assert division.parent.lo < division.lo <= division.hi <= division.parent.hi
            assert division.code.startswith(division.parent.code)
            by_parent.setdefault(division.parent.pk, []).append(division)
    for siblings in by_parent.values():
        pairs = pairwise(siblings)
        assert all(first.hi < second.lo for first, second in pairs)


def test_loading_twice_changes_nothing() -> None:
    load()
    before = sorted(Division.objects.values_list("pk", "code", "lo", "hi", "name"))
    again = load()

    assert (again.added, again.renamed, again.stations, again.beats) == (0, 0, 25, 572)
    assert sorted(Division.objects.values_list("pk", "code", "lo", "hi", "name")) == before


def test_loading_again_leaves_a_beat_that_was_cut_differently() -> None:
    load()
    place = Division.objects.filter(level="village")[0]
    part = BeatDivision.objects.get(division=place)
    first, _second = add_groups(place, 2, source="test")
    BeatDivision.objects.filter(pk=part.pk).update(division=first)

    load()

    assert Beat.objects.count() == 572
    assert not BeatDivision.objects.filter(division=place).exists()


def test_two_counties_live_side_by_side() -> None:
    load()
    louxing = load("431302")

    assert (louxing.divisions, louxing.beats) == (247, 233)
    assert County.objects.count() == 2
    town = queries.townships(louxing.county.pk)[0]
    assert {row.county_id for row in queries.children(town)} == {louxing.county.pk}


def test_new_groups_stay_in_the_village_and_move_nobody() -> None:
    load()
    place = Division.objects.filter(level="village").order_by("code")[7]
    before = dict(Division.objects.values_list("pk", "lo"))

    groups = add_groups(place, ["4组", "第四组", "塘边组", "12", "4组"], source="roll")

    assert [group.name for group in groups] == ["4组", "塘边组", "12组"]
    assert [group.code[-3:] for group in groups] == ["004", "501", "012"]
    assert all(place.lo < group.lo <= place.hi for group in groups)
    assert add_groups(place, ["十二组"], source="roll") == [groups[2]]
    inside = Division.objects.filter(place.inside(prefix="parent"), level="group")
    assert set(inside) == set(groups)
    assert {pk: lo for pk, lo in Division.objects.values_list("pk", "lo") if pk in before} == before


def test_a_village_with_all_numbers_given_says_so() -> None:
    load()
    place = Division.objects.filter(level="village")[0]
    add_groups(place, [f"甲{n}组" for n in range(499)], source="roll")
    with pytest.raises(TooManyGroups, match="编号用完"):
        add_groups(place, ["又一组"], source="roll")


def test_groups_exist_only_below_villages() -> None:
    loaded = load()
    with pytest.raises(codes.BadDivisionCode, match="不是村"):
        add_groups(queries.townships(loaded.county.pk)[0], 3, source="test")


def test_a_repeated_village_name_is_found_once_per_township_and_shown_with_it() -> None:
    loaded = load()
    found = queries.villages_named(loaded.county.pk, "红星村")
    paths = queries.path_names(loaded.county.pk, [row.pk for row in found])

    assert len(found) == 3
    assert len(set(paths.values())) == 3
    township = paths[found[0].pk].split()[0]
    assert queries.villages_named(loaded.county.pk, "红星", township=township) == [found[0]]


def test_the_way_up_starts_at_the_county() -> None:
    loaded = load()
    place = queries.villages_named(loaded.county.pk, "红星村")[0]
    (group,) = add_groups(place, ["3组"], source="test")

    assert [row.level for row in queries.ancestors(group)] == [
        "county", "township", "village", "group",
    ]  # fmt: skip
    assert queries.ancestors(queries.root(loaded.county.pk))[0].code == "430524"


def test_a_township_scope_covers_groups_made_later() -> None:
    loaded = load()
    place = queries.villages_named(loaded.county.pk, "红星村")[0]
    assert place.parent is not None
    scope = Scope(
        loaded.county.pk, 1, frozenset({"station_command"}), False,
        ((place.parent.lo, place.parent.hi),), (), (),
    )  # fmt: skip
    (group,) = add_groups(place, ["3组"], source="test")
    assert scope.covers(group)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("代码,名称\n430524,隆回县\n", "缺少列：code、name"),
        ("code,name\n430525,洞口县\n", "没有县级行 430524"),
        ("code,name\n430524,隆回县\n430524,隆回县\n", "重复"),
        ("code,name\n430524,隆回县\n430524101001,空村\n", "上级不在文件里"),
        ("code,name\n430524,隆回县\n4305241,空村\n", "6、9、12 或 15 位"),
        ("code,name\n430524,隆回县\n430524000,零镇\n", "6、9、12 或 15 位"),
        ("code,name\n430524,\n", "名称为空"),
        ("\x00\x00", "缺少列"),
        ("", "缺少列"),
    ],
)
def test_a_wrong_file_is_refused_in_words(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "divisions.csv"
    path.write_text(text)
    with pytest.raises((loading.BadDivisions, codes.BadDivisionCode), match=says):
        loading.read_divisions(path, "430524")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "divisions.csv"
    path.write_bytes(b"PK\x03\x04\xff\xfe\xfd")
    with pytest.raises(loading.BadDivisions, match="UTF-8"):
        loading.read_divisions(path, "430524")


def test_an_unknown_county_names_those_we_have() -> None:
    with pytest.raises(loading.BadDivisions, match="430524"):
        loading.shipped_file("110101")
    with pytest.raises(loading.BadDivisions):
        loading.shipped_file("../../x")
