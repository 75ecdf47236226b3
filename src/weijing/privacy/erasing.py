"""Deleting what a resident may have deleted, and saying what the law keeps.

Deleted at once: everything that rests on consent. Kept: what the county's roll says (name, place,
date of birth), which the police hold by law and not by consent (PIPL 13 (3), 47), the records of
consent as evidence, and the trail.
"""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.requests import letting_go
from weijing.residents import consent
from weijing.residents.figures.touching import touch_residents
from weijing.residents.models import Contact, Resident, WechatIdentity
from weijing.tags import assigning
from weijing.tags.models import Tag

WHAT = (
    "电话、外出情况、标签、企业微信备注里的描述、报过的失物、线索里的姓名和电话；停止发送一切消息"
)
DELETED = f"已删除{WHAT}。"
KEPT = (
    "依法保留：户籍底册里的姓名、住址和出生日期（履行法定职责所需），以及您作过的选择的记录。"
    f"{letting_go.KEPT}。"
)
NAMELESS = "微信用户"


@transaction.atomic
def erase(resident: Resident, *, by: Officer, at: datetime) -> None:
    """Take back every consent and delete what rests on it. The door stays: the answer lies there.

    Whom we know from WeCom alone keeps no name either. The officer deletes the contact in WeCom;
    nothing is sent in the meantime.
    """
    rows = Resident.objects.select_for_update(of=("self",)).filter(county_id=resident.county_id)
    person = rows.get(pk=resident.pk)
    scopes = sorted({consent.CONTACT, consent.PUBLICITY, *person.consents})
    consent.withdraw(person, scopes, by=by, at=at)
    carried = Tag.objects.filter(county_id=person.county_id, assignments__resident=person)
    assigning.remove(person, list(carried), by=by, at=at)
    _clear(person)
    identities = WechatIdentity.objects.filter(county_id=person.county_id, resident=person)
    Contact.objects.filter(county_id=person.county_id, identity__in=identities).update(
        description="", remark_mobiles_sealed=None, remark_mobile_indexes=[]
    )
    letting_go.let_go(person, by=by, at=at)
    trail.record(by, "resident.erased", person, at=at)
    touch_residents(person.county_id, [person.pk])


def _clear(person: Resident) -> None:
    person.phone = ""
    person.phone_index = person.phone_tail_index = None
    person.reach, person.away_at = Resident.Reach.UNKNOWN, ""
    if person.lifecycle == Resident.Lifecycle.PROVISIONAL:
        person.name, person.pinyin, person.initials, person.grams = NAMELESS, "", "", []
    person.save()
