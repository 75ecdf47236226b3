"""A new message whose audience stands in the address, as a list of people writes it there.

`/desk/campaigns/new/?audience=标签(重型货车)&left=away`: `left` names filters of that list which
no message can be addressed by.
"""

from typing import NamedTuple

from weijing.audiences import text
from weijing.audiences.expression import ANTI_FRAUD_TOPIC, BadExpression, Node, to_json
from weijing.campaigns.models import Campaign
from weijing.web.access import OfficerRequest
from weijing.web.desk.campaigns.audience_form import Tree, empty_tree, with_group_at_the_root
from weijing.web.desk.contacts.as_audience import LEFT_OUT
from weijing.web.desk.showing import asked


class Begun(NamedTuple):
    """`wrong`: why the audience of the address could not be read; the tree is empty then."""

    tree: Tree
    topic: str = Campaign.Topic.OTHER
    left: tuple[str, ...] = ()
    wrong: str = ""


def begun(request: OfficerRequest) -> Begun:
    left = [LEFT_OUT[name] for name in request.GET.getlist("left") if name in LEFT_OUT]
    audience = asked(request, "audience")
    if not audience:
        return Begun(empty_tree(), left=tuple(left))
    try:
        node, topic = _read(audience, request.scope.county_id)
    except BadExpression as bad:
        return Begun(empty_tree(), wrong=f"没读懂网址里的条件，还没有选人：{bad}请在下面重新选。")
    return Begun(with_group_at_the_root(to_json(node)), topic, tuple(left))


def _read(audience: str, county_id: int) -> tuple[Node, str]:
    """Some tags serve only messages against fraud: such an audience makes it one."""
    try:
        return text.read(audience, county_id=county_id), Campaign.Topic.OTHER
    except BadExpression:
        node = text.read(audience, county_id=county_id, topic=ANTI_FRAUD_TOPIC)
        return node, ANTI_FRAUD_TOPIC
