"""Noting where the coverage has to be counted again, in the transaction of what changed it."""

from collections.abc import Iterable

from weijing.core.ids import new_ids
from weijing.residents.models import CoverageTouched


def touch(county_id: int, division_ids: Iterable[int | None]) -> None:
    """Coverage of these places is no longer as kept. None stands for somebody without a place."""
    places = sorted({place for place in division_ids if place is not None})
    CoverageTouched.objects.bulk_create(
        CoverageTouched(id=id, county_id=county_id, division_id=place)
        for id, place in zip(new_ids(len(places)), places, strict=True)
    )
