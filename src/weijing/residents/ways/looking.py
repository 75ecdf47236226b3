"""After a call whose answer was lost: was the code made? Looked for by its state."""

from datetime import timedelta

from wecom_api import WeCom, errors
from wecom_api.contact_ways import ContactWay as Made
from weijing.residents.models import ContactWay

CLOCKS_DIFFER = timedelta(minutes=5)


def made_for(way: ContactWay, *, wecom: WeCom) -> list[Made]:
    """Codes of WeCom that carry this row's state; more than one when a call came late.

    Only those no row knows are asked about. Raises `WeComError`.
    """
    assert way.asked_at is not None
    since = int((way.asked_at - CLOCKS_DIFFER).timestamp())
    return [made for made in unknown_since(way.county_id, since, wecom=wecom)
            if made.state == way.state]  # fmt: skip


def unknown_since(county_id: int, since: int, *, wecom: WeCom) -> list[Made]:
    """Codes made since then (Unix seconds) whose `config_id` stands in no row of ours."""
    listed = set(wecom.contact_ways.list(start_time=since))
    rows = ContactWay.objects.filter(county_id=county_id, config_id__in=listed)
    strangers = listed - set(rows.values_list("config_id", flat=True))
    found = []
    for config_id in sorted(strangers):
        try:
            found.append(wecom.contact_ways.get(config_id))
        except errors.ContactWayRefused:  # deleted since
            continue
    return found
