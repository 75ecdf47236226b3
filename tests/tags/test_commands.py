"""`weijing tags` answers what somebody at the console would ask."""

import pytest
from click.testing import CliRunner, Result

from tests.builders import give_tag
from tests.tags.catalogue_people import Catalogue
from weijing.tags.catalogue import merging, renaming
from weijing.tags.commands import tags


def run(*words: str) -> Result:
    return CliRunner().invoke(tags, [*words, "--county", "430524"])


@pytest.mark.parametrize("word", ["重型", "trf01001"])
def test_tags_are_searched_as_on_the_page(catalogue: Catalogue, word: str) -> None:
    found = run("search", word)
    assert "重型货车" in found.output and "校车" not in found.output and "1 tags" in found.output


def test_nothing_found_is_said_and_fails(catalogue: Catalogue) -> None:
    for words in (("search", "没有这个"), ("show", "没有这个"), ("list", "XYZ"), ("list", "--own")):
        answer = run(*words)
        assert (answer.exit_code == 1 and "没有这个" in answer.output) or "Nothing" in answer.output


def test_a_tag_is_shown_with_its_rules_people_and_history(catalogue: Catalogue) -> None:
    give_tag(catalogue.person(), catalogue.truck)
    renaming.rename(catalogue.truck, "重型载货车", **catalogue.keeping)  # type: ignore[arg-type]
    shown = run("show", "重型货车").output
    assert "TRF01001  重型载货车" in shown and "带着的人：1" in shown and "改名 重型货车" in shown
    merging.merge(catalogue.truck, catalogue.bus, **catalogue.keeping)  # type: ignore[arg-type]
    assert "已并入 TRF01002 校车" in run("show", "trf01001").output
    assert "校车" in run("show", "重型货车").output, "a name leads to where the tag went"
    assert "重型载货车" in run("list", "--ended").output
    assert "重型载货车" not in run("list", "TRF").output


def test_an_unknown_county_is_named(catalogue: Catalogue) -> None:
    answer = CliRunner().invoke(tags, ["list", "--county", "999999"])
    assert answer.exit_code == 1 and "999999" in answer.output
