"""The rules of a tag as people read them, on pages and on the command line."""

from weijing.tags.assigning import needs_consent
from weijing.tags.models import Tag, TagGroup
from weijing.tags.projecting import is_projected

AUDIENCE = {
    TagGroup.Audience.YES: "可以",
    TagGroup.Audience.ANTI_FRAUD: "仅限反诈",
    TagGroup.Audience.ONE_TO_ONE: "仅限一对一",
    TagGroup.Audience.NEVER: "不得使用",
}
CARRIER = {
    TagGroup.Subject.RESIDENT: "本人",
    TagGroup.Subject.HOUSEHOLD: "户里的人",
    TagGroup.Subject.PREMISES: "场所的联系人",
    TagGroup.Subject.ROAD: "路段，不贴在人身上",
    TagGroup.Subject.CONTACT: "本人",
    TagGroup.Subject.TOPIC: "宣传内容；本人可选作自己感兴趣的",
    TagGroup.Subject.UNIT: "单位的联系人",
}


def rules_of(tag: Tag) -> dict[str, str]:
    """What one may want to know before using a tag, by its label."""
    group: TagGroup = tag.group
    consent = f"要本人单独同意「{group.name}」" if needs_consent(tag) else "随一般同意"
    return {
        "定义": tag.meaning,
        "用途": tag.purpose,
        "类别和组": f"{group.category.name} · {group.name}",
        "贴在谁身上": CARRIER[TagGroup.Subject(group.subject)],
        "谁来设置": group.who_sets,
        "同意": consent if _is_personal(group) else "不涉及个人",
        "作群发条件": AUDIENCE[TagGroup.Audience(group.audience)],
        "保存": f"最后一次确认后 {tag.retention_days:,} 天，到期前 30 天提醒民辅警",
        "负责单位": group.owner,
        "企业微信": _in_wecom(tag),
    }


def _is_personal(group: TagGroup) -> bool:
    return group.subject not in (TagGroup.Subject.ROAD, TagGroup.Subject.TOPIC)


def _in_wecom(tag: Tag) -> str:
    if is_projected(tag):
        return "民辅警看得到" if tag.wecom_tag_id else "正在建，一般几分钟"
    if tag.retired_at:
        return "正在删，一般几分钟" if tag.wecom_tag_id else "已从企业微信删去"
    return "不进企业微信，只在本系统里"
