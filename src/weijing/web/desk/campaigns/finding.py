"""Places and tags for the pickers: by name, pinyin or first letters."""

from dataclasses import dataclass

from weijing.accounts.scope import Scope
from weijing.campaigns.models import Campaign
from weijing.residents.finding.names import sound
from weijing.tags import queries as tags
from weijing.tags.models import TagGroup
from weijing.territory.models import Division
from weijing.territory.queries import path_name, townships

MAX_SHOWN = 12


@dataclass(frozen=True)
class Found:
    """Something one may pick."""

    code: str
    name: str
    is_sensitive: bool = False


def places(text: str, *, scope: Scope) -> list[Found]:
    """Townships, villages and groups of the scope; `桃李 4组` finds the group below the village."""
    words = text.split()
    if not words:
        return [Found(t.code, t.name) for t in townships(scope.county_id) if scope.covers(t)]
    divisions = Division.objects.filter(county_id=scope.county_id).order_by("lo")
    if len(words) > 1:
        groups = divisions.filter(level=Division.Level.GROUP, name__contains=words[-1])
        found = list(groups.filter(parent__name__contains=words[0])[:MAX_SHOWN])
    else:
        rows = divisions.filter(level__in=[Division.Level.TOWNSHIP, Division.Level.VILLAGE])
        found = [row for row in rows if _fits(row.name, words[0])]
    covered = [row for row in found if scope.covers(row)][:MAX_SHOWN]
    whole = Division.objects.filter(
        pk__in=[row.pk for row in covered], county_id=scope.county_id
    ).select_related("parent__parent__parent")
    return [Found(row.code, path_name(row)) for row in whole.order_by("lo")]


def _fits(name: str, text: str) -> bool:
    typed = text.casefold()
    spelt, initials = sound(name)
    return text in name or spelt.startswith(typed) or initials.startswith(typed)


def tag_choices(text: str, *, county_id: int, topic: str) -> list[Found]:
    """Tags that may be a condition of a message on this topic. No text finds none."""
    if not text:
        return []
    allowed = [TagGroup.Audience.YES]
    if topic == Campaign.Topic.ANTI_FRAUD:
        allowed.append(TagGroup.Audience.ANTI_FRAUD)
    rows = tags.search(text, county_id=county_id).filter(group__audience__in=allowed)
    return [Found(tag.code, tag.name, tag.sensitive) for tag in rows[:MAX_SHOWN]]
