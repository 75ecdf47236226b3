from pathlib import Path

import pytest
from click.testing import CliRunner

from weijing.territory.commands import county
from weijing.territory.loading import BadDivisions
from weijing.territory.models import County, Division

pytestmark = pytest.mark.django_db


def test_a_county_is_loaded_by_its_code_and_again_without_harm() -> None:
    first = CliRunner().invoke(county, ["load", "431302", "--short", "娄"])
    again = CliRunner().invoke(county, ["load", "431302"])

    assert first.exit_code == again.exit_code == 0
    assert "247" in first.output
    assert County.objects.get().short_name == "娄"
    assert Division.objects.count() == 247


def test_another_county_comes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("code,name\n430525,洞口县\n430525101,江口镇\n430525101001,大桥村\n")
    done = CliRunner().invoke(county, ["load", "430525", "--file", str(path)])

    assert done.exit_code == 0
    assert Division.objects.get(code="430525101001").source == "mine.csv"


def test_groups_are_added_by_number_or_name() -> None:
    CliRunner().invoke(county, ["load", "431302"])
    village = Division.objects.filter(level="village").order_by("code")[0]
    numbered = CliRunner().invoke(county, ["add-groups", village.code, "3"])
    named = CliRunner().invoke(county, ["add-groups", village.code, "塘边组", "2"])

    assert "1组、2组、3组" in numbered.output
    assert "塘边组、2组" in named.output
    assert Division.objects.filter(parent=village).count() == 4
    assert CliRunner().invoke(county, ["add-groups", "431302999999", "3"]).exit_code == 1


def test_a_county_we_do_not_have_says_which_we_have() -> None:
    done = CliRunner().invoke(county, ["load", "110101"])
    assert isinstance(done.exception, BadDivisions)
    assert "431302" in str(done.exception)
