"""A chief gives everybody a filter means a tag, watches it done, and takes it back.

On the pages, with the worker doing the work.
"""

from dataclasses import dataclass

from weijing.core import clock
from weijing.demo.comparing import Figure
from weijing.demo.morning import until
from weijing.demo.stage import Stage
from weijing.demo.visiting import Visitor
from weijing.residents.models import BulkWork
from weijing.tags import queries as tags
from weijing.tags.models import TagAssignment
from weijing.territory.models import Division

OLD_FROM = 60


@dataclass
class Many:
    """How many were meant, how many had the tag then, and how many after it was taken back."""

    meant: int = 0
    tagged: int = 0
    left: int = 0


def play(stage: Stage, chief_userid: str, township: Division) -> Many:
    """The old people of the chief's township, and a tag that nobody has."""
    today = clock.today()
    old = [p for p in stage.everyone if p.household.startswith(township.code)]
    many = Many(meant=sum(person.age(today) >= OLD_FROM for person in old))
    used = TagAssignment.objects.filter(county=stage.county).values("tag")
    free = tags.settable_by_officers(stage.county.pk).filter(group__subject="resident")
    tag = next(one for one in free.order_by("code") if not used.filter(tag=one).exists())
    held = TagAssignment.objects.filter(county=stage.county, tag=tag)
    desk = Visitor(stage)
    desk.through_wecom(chief_userid)
    query = f"division={township.code}&age={OLD_FROM}-&life=roll"
    desk.post(
        f"/desk/contacts/bulk/?{query}",
        act="tags.add", put=tag.code, source="visit", step="order",
        seen=str(many.meant), typed=str(many.meant),
        foreseen_act="tags.add", foreseen_put=tag.code, foreseen_to="",
    )  # fmt: skip
    work = _over(stage, undoes=None)
    many.tagged = held.count()
    desk.send(f"/desk/jobs/{work.pk}/undo/", {})
    _over(stage, undoes=work)
    many.left = held.count()
    stage.say(f"所长给{township.name} {many.tagged} 位老人加了标签，发现选错，撤销")
    return many


def _over(stage: Stage, undoes: BulkWork | None) -> BulkWork:
    """The work, when the worker is done with it."""
    works = BulkWork.objects.filter(county=stage.county, undoes=undoes)
    until("many are changed", works.filter(state=BulkWork.State.DONE).exists)
    return works.get()


def compare(many: Many) -> list[Figure]:
    return [
        Figure("批量加标签：符合筛选的老人", many.tagged, many.meant),
        Figure("批量撤销后：还带着标签的人", many.left, 0),
    ]
