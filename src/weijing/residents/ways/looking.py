"""After a call whose answer was lost: was the code made? Looked for by its state."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from wecom_api import WeCom, errors
from wecom_api.contact_ways import ContactWay as Made
from weijing.residents.models import ContactWay

CLOCKS_DIFFER = timedelta(minutes=5)
PIECE = 1_000


def made_for(way: ContactWay, *, wecom: WeCom) -> list[Made]:
    """Codes of WeCom that carry this row's state; more than one when a call came late.

    Only those no row knows are asked about. Raises `WeComError`.
    """
    assert way.asked_at is not None
    since = int((way.asked_at - CLOCKS_DIFFER).timestamp())
    return [made for made in unknown_since(way.county_id, since, wecom=wecom)
            if made.state == way.state]  # fmt: skip


def unknown_since(county_id: int, since: int, *, wecom: WeCom) -> Iterator[Made]:
    """Codes made since then (Unix seconds) whose `config_id` stands in no row of ours."""
    listed = iter(wecom.contact_ways.list(start_time=since))
    while piece := set(islice(listed, PIECE)):
        rows = ContactWay.objects.filter(county_id=county_id, config_id__in=piece)
        for config_id in sorted(piece - set(rows.values_list("config_id", flat=True))):
            try:
                yield wecom.contact_ways.get(config_id)
            except errors.ContactWayRefused:  # deleted since
                continue


def is_awaited(county_id: int, made: Made) -> bool:
    """Whether its row has taken it up since, or a worker is about to: it made it this moment."""
    way = ContactWay.objects.filter(county_id=county_id, state=made.state).defer("picture").first()
    return way is not None and (way.asked_at is not None or way.config_id == made.config_id)
