"""A name for a tag: readable, allowed, and never used before."""

from weijing.core.errors import DomainError
from weijing.tags.catalogue import wording
from weijing.tags.models import Tag, TagChange

MAX_NAME = 30  # add_corp_tag; developer.work.weixin.qq.com/document/path/92117


class NameTaken(DomainError):
    """Names stand for one thing for ever: exports, views and people's memory refer to them."""


def check_name(name: str, *, county_id: int, of: Tag | None = None) -> str:
    """The tidy name; `of` is the tag that gets it, which may take back one of its own.

    Raises `NotAWording`, `ForbiddenTopic`, `NameTaken`.
    """
    name = wording.tidy(name, most=MAX_NAME, what="标签名称")
    wording.check([name], county_id=county_id)
    own = of.pk if of else None
    holder = Tag.objects.filter(county_id=county_id, name__iexact=name).first()
    if holder is not None and holder.pk != own:
        ended = "已停用的" if holder.retired_at else ""
        raise NameTaken(
            f"没有保存：「{name}」是{ended}标签 {holder.code} 的名称，请换一个，或直接用那个标签。"
        )
    once = TagChange.objects.filter(county_id=county_id, former_name__iexact=name)
    former = once.select_related("tag").first()
    if former is not None and former.tag_id != own:
        raise NameTaken(
            f"没有保存：「{name}」曾是标签 {former.tag.code}「{former.tag.name}」的名称，请换一个。"
        )
    return name
