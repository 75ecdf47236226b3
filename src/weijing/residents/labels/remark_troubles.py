"""Remarks that WeCom did not take: which, why, and who can do something about it."""

from django.db.models import Q, QuerySet

from weijing.accounts.scope import Scope
from weijing.residents.models import Contact, RemarkWrite

GONE = "已不是好友，备注没有写。"
UNFIT = "内容没有被收下，请核对姓名和电话，再保存一次。"
NO_RIGHT = "应用没有写备注的权限，系统管理员开通后会自动再写。"
OUT_OF_SIGHT = "这位民辅警不在应用的可见范围，请系统管理员加上。"

# By WeCom's errcode; 0 is our own check before sending.
WORDS = {
    **dict.fromkeys((84061, 40096), GONE),
    **dict.fromkeys((0, 40058, 40035, 40063), UNFIT),
    **dict.fromkeys((48001, 48002, 48004, 60031, 84074, 84083), NO_RIGHT),
    **dict.fromkeys((50002, 60011, 60021, 60030, 60111, 40003), OUT_OF_SIGHT),
}


def words(code: int) -> str:
    """What happened and what to do; the number only where nothing better is known."""
    return WORDS.get(code, f"企业微信没有收下这条备注，请系统管理员查看（编号 E-{code}）。")


def refused(scope: Scope) -> QuerySet[RemarkWrite]:
    """Live contacts of the scope whose remark was refused, the latest first."""
    rows = RemarkWrite.objects.filter(
        county_id=scope.county_id,
        refused_code__isnull=False,
        contact__state=Contact.State.LINKED,
    )
    if not scope.sees_residents:
        return rows.none()
    if not scope.whole_county:
        mine = Q(contact__officer_id=scope.officer_id)
        rows = rows.filter(mine | Q(contact__officer__station_id__in=scope.station_ids))
    rows = rows.filter(scope.divisions("contact__identity__resident__division"))
    people = rows.select_related("contact__officer__station", "contact__identity__resident")
    return people.order_by("-refused_at", "pk")


def trouble_of(contact: Contact) -> str:
    """In words; "" when the last remark was taken, or none was written yet."""
    code = (
        RemarkWrite.objects.filter(county_id=contact.county_id, contact=contact)
        .values_list("refused_code", flat=True)
        .first()
    )
    return "" if code is None else words(code)
