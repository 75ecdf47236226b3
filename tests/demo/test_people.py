"""Synthetic people are as plausible as a roll is, at the size of the real county too."""

from collections import Counter
from datetime import date

from weijing.demo.people import Place, populate

TODAY = date(2026, 11, 24)


def test_nobody_shares_a_name_with_somebody_of_the_same_household() -> None:
    places = [Place("小沙江镇", "桃李村", f"{n}组", "430524999201", 20_000) for n in range(1, 4)]
    people = list(populate(places, seed=2026, today=TODAY))
    assert len(people) == 60_000
    twice = [key for key, n in Counter((p.household, p.name) for p in people).items() if n > 1]
    assert twice == []


def test_no_number_is_handed_out_twice() -> None:
    places = [Place("小沙江镇", "桃李村", "1组", "430524999201", 30_000)]
    people = list(populate(places, seed=2026, today=TODAY))
    for numbers in ([p.id_number for p in people], [p.phone for p in people]):
        given = [number for number in numbers if number]
        assert len(given) == len(set(given))
