"""An imported roll changes coverage at once, where people come to and where they leave."""

from datetime import UTC, datetime
from pathlib import Path

from tests.residents.recount import recount
from tests.residents.rolls import as_csv, person, small_county
from tests.residents.test_coverage_kept import read
from weijing.core.clock import local_day
from weijing.residents.figures import keeping
from weijing.residents.importing.roll import import_roll

AT = datetime(2026, 11, 24, 2, tzinfo=UTC)


def test_a_roll_that_moves_a_household_is_counted_on_both_sides(db: None, tmp_path: Path) -> None:
    county, on = small_county(), local_day(AT)
    first = [person(n, 户号=f"H{n // 2}", 地址=f"{n // 2}号") for n in range(2, 8)]
    moved = [{**row, "组": "5组"} if row["户号"] == "H1" else row for row in first]
    gone = [{**row, "村": "红星村", "组": ""} if row["户号"] == "H2" else row for row in moved]
    for rows in (first, moved, gone):
        path = as_csv(tmp_path / "roll.csv", rows)
        import_roll(path, county=county, by=None, at=AT, apply=True)
        assert read(county, on) == recount(county, on)
        keeping.fold(county.pk, at=AT)
        assert read(county, on) == recount(county, on)
        assert keeping.wrong_figures(county.pk, at=AT) == []
    villages = [row for code, row in read(county, on).items() if len(code) == 12]
    assert sorted(row[0] for row in villages) == [0, 0, 1, 2]
