"""A name for a tag: readable, allowed, and never used before."""

import re

from django.db.models import Q

from weijing.core.brackets import are_balanced, spellings
from weijing.core.errors import DomainError
from weijing.tags.catalogue import wording
from weijing.tags.models import Tag, TagChange

MAX_NAME = 30  # add_corp_tag; developer.work.weixin.qq.com/document/path/92117


class NameTaken(DomainError):
    """Names stand for one thing for ever: exports, views and people's memory refer to them."""


def check_name(name: str, *, county_id: int, of: Tag | None = None) -> str:
    """The tidy name; `of` is the tag that gets it, which may take back one of its own.

    It can be typed among others between brackets (`audiences.text`), so it has no comma.

    Raises `NotAWording`, `ForbiddenTopic`, `NameTaken`.
    """
    name = wording.tidy(name, most=MAX_NAME, what="标签名称")
    if re.search("[,，]", name) or not are_balanced(name):
        raise wording.NotAWording("标签名称里不能有逗号，括号要成对；并列的事用顿号。")
    wording.check([name], county_id=county_id)
    own = of.pk if of else None
    holder = Tag.objects.filter(_is_called("name", name), county_id=county_id).first()
    if holder is not None and holder.pk != own:
        ended = "已停用的" if holder.retired_at else ""
        raise NameTaken(
            f"没有保存：「{name}」是{ended}标签 {holder.code} 的名称，请换一个，或直接用那个标签。"
        )
    once = TagChange.objects.filter(_is_called("former_name", name), county_id=county_id)
    former = once.select_related("tag").first()
    if former is not None and former.tag_id != own:
        raise NameTaken(
            f"没有保存：「{name}」曾是标签 {former.tag.code}「{former.tag.name}」的名称，请换一个。"
        )
    return name


def _is_called(field: str, name: str) -> Q:
    """Whatever the width of its brackets and the case of its letters."""
    condition = Q()
    for spelling in spellings(name):
        condition |= Q(**{f"{field}__iexact": spelling})
    return condition
