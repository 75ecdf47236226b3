"""Writing our remark, description and phone onto the pair in WeCom."""

from datetime import datetime
from json import dumps

from wecom_api import errors
from wecom_api.client import WeCom
from weijing.audit import trail
from weijing.core.logs import log
from weijing.residents import labelling, phones
from weijing.residents.models import Contact


def push_remark(contact: Contact, *, wecom: WeCom, at: datetime) -> bool:
    """Make WeCom show what the person's record says now. Writing twice does no harm.

    False when WeCom refused: the pair is gone, say; the code is in the trail, and the next
    reading of the pair tells the rest.

    Raises `errors.Unavailable`, `errors.Misconfigured`.
    """
    if contact.state != Contact.State.LINKED or not (remark := labelling.remark_of(contact)):
        return False
    phone = contact.identity.resident.phone
    mobiles = [phone] if phone else None
    try:
        wecom.customers.remark(
            contact.officer.wecom_userid,
            contact.identity.external_userid,
            remark=remark,
            description=contact.description,
            remark_mobiles=mobiles,
        )
    except errors.Rejected as refusal:
        code = refusal.errcode or 0
        log.warning("residents.remark_refused", errcode=code, contact_id=contact.pk)
        trail.record(None, "contact.remark_refused", contact, at=at, errcode=code)
        return False
    contact.remark = remark
    fields = ["remark"]
    if mobiles:
        contact.remark_mobiles_text = dumps(mobiles)
        contact.remark_mobile_indexes = phones.indexes(mobiles)
        fields += ["remark_mobiles_sealed", "remark_mobile_indexes"]
    contact.save(update_fields=fields)
    return True
