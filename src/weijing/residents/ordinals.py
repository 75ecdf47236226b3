"""Dense numbers of residents within a county; audience bitmaps are over them."""

from django.db import transaction

from weijing.residents.models import OrdinalCounter


def take(county_id: int, count: int) -> int:
    """Reserve `count` numbers and return the first. The county's counter is locked until commit.

    Zero takes none and only waits for the lock. A number is never given twice; a rollback
    returns its numbers.
    """
    with transaction.atomic():
        OrdinalCounter.objects.get_or_create(county_id=county_id)
        counter = OrdinalCounter.objects.select_for_update().get(county_id=county_id)
        first = counter.next_ordinal
        if count:
            counter.next_ordinal = first + count
            counter.save(update_fields=["next_ordinal"])
        return first
