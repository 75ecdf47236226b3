"""Which desk must approve a message: a station its own small ones, the county desk the others."""

from dataclasses import dataclass

from weijing.accounts.scope import Scope
from weijing.audiences.expression import BadExpression, HasConsent, Node, leaves, parse
from weijing.audiences.naming_tags import tags_named
from weijing.audiences.standing_on import written_out
from weijing.campaigns.models import Campaign
from weijing.campaigns.ordering.rules import rules_of
from weijing.tags.assigning import needs_consent

# One voice for the whole county: two stations that warn differently are worse than one warning.
COUNTY_TOPICS = (Campaign.Topic.DISASTER,)


@dataclass(frozen=True, slots=True)
class Level:
    """`why`: for the county desk the reasons, for a station the one sentence why it suffices."""

    needs_county: bool
    why: tuple[str, ...]


def level_of(
    campaign: Campaign, author: Scope, *, people: int | None = None, node: Node | None = None
) -> Level:
    """Who must approve it. `people`: of a recount; else as many as its author submitted.

    `node`: its audience, if it has just been read.
    """
    if author.whole_county:
        return Level(True, ("起草人负责全县",))
    number = (campaign.submitted_count or 0) if people is None else people
    most = rules_of(campaign.county_id).station_people
    why = []
    if number > most:
        why.append(f"发给 {number:,} 人，超过派出所能批的 {most:,} 人")
    if campaign.topic in COUNTY_TOPICS:
        why.append(f"{campaign.get_topic_display()}的内容全县要一个口径")
    if sensitive := _sensitive_tags(campaign, node):
        why.append(f"条件里有敏感标签{'、'.join(f'「{name}」' for name in sensitive)}")
    if why:
        return Level(True, tuple(why))
    return Level(False, (f"不超过 {most:,} 人，条件里没有敏感标签",))


def _sensitive_tags(campaign: Campaign, node: Node | None) -> list[str]:
    """Names of the sensitive tags that the audience names, also inside saved audiences.

    Of a group whose tags need a consent of their own, that consent says as much. An expression
    that cannot be read has no such condition: it cannot go out either.
    """
    tags = tags_named(campaign.audience, campaign.county_id)
    names = [tag.name for tag in tags if needs_consent(tag)]
    try:
        node = node or parse(campaign.audience, county_id=campaign.county_id, topic=campaign.topic)
    except BadExpression:
        return names
    consents = {leaf for leaf in leaves(written_out(node)) if isinstance(leaf, HasConsent)}
    return names + sorted(f"{leaf.group}（已同意）" for leaf in consents if leaf.group)
