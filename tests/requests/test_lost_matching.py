"""Which found thing is proposed for a lost one, and why."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import division
from tests.requests.conftest import OTHER_CARD, Town
from weijing.requests.lost import matching, taking_in, weighing

FAR = ("金石桥镇", "红星村")


def reasons(town: Town, lost: dict[str, Any], found: dict[str, Any]) -> str | None:
    item = town.lost(**lost)
    town.found(**found)
    candidates = weighing.likely(item)
    return candidates[0].words if candidates else None


def test_the_same_number_is_enough_wherever_it_was_found(town: Town) -> None:
    far = {"division": division(town.county, *FAR)}
    assert reasons(town, {}, far) == "证件号一致、姓名一致、同一类、日期接得上"


def test_a_number_beats_a_name_that_was_misread(town: Town) -> None:
    said = reasons(town, {}, {"holder": "罗祥例"})
    assert said is not None
    assert said.startswith("证件号一致")


def test_the_name_alone_proposes_and_another_number_speaks_against_it(town: Town) -> None:
    assert reasons(town, {"number": ""}, {}) == "姓名一致、同一类、同一个村、日期接得上"
    assert reasons(town, {"number": OTHER_CARD}, {}) is None


def test_a_purse_with_the_name_is_proposed_for_the_card(town: Town) -> None:
    purse = {"kind": "purse", "holder": "罗样例", "words": "黑色钱包，里面有证件"}
    assert "姓名一致" in str(reasons(town, {"number": ""}, purse))


def test_the_last_four_are_enough_for_the_same_kind(town: Town) -> None:
    assert "证件号后四位一致" in str(
        reasons(town, {"number": "0013", "holder": ""} | {"words": "旧"}, {})
    )


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        ("keys", ("小沙江镇", "桃李村"), "同一类、同一个村、日期接得上"),
        ("keys", ("小沙江镇", "桃李村", "2组"), "同一类、同一个村、日期接得上"),
        ("keys", ("小沙江镇", "红星村"), "同一类、同一个乡镇、日期接得上"),
        ("keys", FAR, None),
        ("phone", ("小沙江镇", "桃李村"), None),
    ],
)
def test_things_without_a_name_need_kind_and_place(
    town: Town, kind: str, path: tuple[str, ...], expected: str | None
) -> None:
    found = {"kind": kind, "division": division(town.county, *path)}
    assert reasons(town, {"kind": "keys"}, found) == expected


@pytest.mark.parametrize(
    ("days", "is_proposed"), [(-2, False), (-1, True), (0, True), (60, True), (91, False)]
)
def test_found_before_it_was_lost_is_another_thing(
    town: Town, days: int, is_proposed: bool
) -> None:
    town.lost("keys", happened_on=town.thing().happened_on - timedelta(days=100))
    day = town.thing().happened_on - timedelta(days=100 - days)
    found = taking_in.take_in(
        "found", town.thing("keys", happened_on=day), by=town.officer, at=town.at
    )
    assert bool(weighing.likely(found)) == is_proposed


def test_two_strangers_cards_of_one_village_are_not_proposed(town: Town) -> None:
    assert reasons(town, {"number": "", "holder": "王示例"}, {}) is None
    assert reasons(town, {"number": "", "holder": "", "words": "身份证"}, {}) is None


def test_the_likeliest_comes_first_and_what_is_taken_is_not_proposed(town: Town) -> None:
    near = town.found("keys", division=division(town.county, "小沙江镇", "红星村"))
    here = town.found("keys")
    lost = town.lost("keys")
    assert [one.item for one in weighing.likely(lost)] == [here, near]
    matching.match(town.lost("keys"), here, **town.acting())
    assert [one.item for one in weighing.likely(lost)] == [near]
    here.refresh_from_db()
    assert weighing.counts([lost, here]) == {lost.pk: 1}  # what is matched looks for nothing
