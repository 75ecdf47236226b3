"""An officer walks the doors a chief handed out; the phone sends what it kept, some of it twice."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from django.db.models import Count

from weijing.core import clock
from weijing.demo.comparing import Figure
from weijing.demo.stage import Stage
from weijing.demo.visiting import Visitor
from weijing.residents.adding import walked
from weijing.residents.figures import counting
from weijing.residents.models import DoorVisit, WalkingList, WalkingStop

FOUND = ("absent", "refused", "away", "no_phone")


@dataclass
class Walk:
    """What the phone sent, and how it was answered."""

    walking_list: WalkingList | None = None
    sent: Counter[str] = field(default_factory=Counter)
    again: list[int] = field(default_factory=list)
    in_peace: list[int] = field(default_factory=list)


def play(stage: Stage) -> Walk:
    """The first doors of the longest list, one finding each."""
    walk = Walk()
    lists = WalkingList.objects.filter(county=stage.county).select_related("officer")
    walk.walking_list = lists.annotate(doors=Count("stops")).order_by("-doors", "pk")[0]
    officer = walk.walking_list.officer
    phone = Visitor(stage)
    phone.through_wecom(officer.wecom_userid)
    stops = WalkingStop.objects.filter(county=stage.county, walking_list=walk.walking_list)
    for stop, outcome in zip(stops.order_by("number"), FOUND, strict=False):
        said = _said(outcome, officer.pk)
        address = f"/o/grid/households/{stop.household_id}/visits/new/"
        walk.sent[outcome] += phone.send(address, said) == 200
        if outcome == "absent":
            walk.again.append(phone.send(address, said))
        if outcome == "refused":
            walk.in_peace.append(phone.send(address, _said("absent", officer.pk)))
    stage.say(f"{officer.name} 走访了 {walk.sent.total()} 户，手机有网后上传，一户传了两遍")
    return walk


def _said(outcome: str, officer_id: int) -> Mapping[str, str]:
    return {
        "outcome": outcome, "key": str(uuid4()), "officer": str(officer_id),
        "seconds_ago": "0", "seen": str(int(clock.now().timestamp() * 1000)),
    }  # fmt: skip


def compare(stage: Stage, walk: Walk) -> list[Figure]:
    """What the book says beside what was sent."""
    assert walk.walking_list is not None
    visits = DoorVisit.objects.filter(county=stage.county, officer=walk.walking_list.officer)
    recorded = Counter(visits.values_list("outcome", flat=True))
    (row,) = walked.walks([walk.walking_list], on=clock.today())
    counted = Counter[str]()
    for place in counting.count(stage.county.pk, on=clock.today()):
        counted.update(dict(zip(counting.COUNTED, place.numbers, strict=True)))
    return [
        Figure("走访：各种结果的次数", dict(recorded), dict(walk.sent)),
        Figure("走访：同一次传第二遍", walk.again, [200] * len(walk.again)),
        Figure("走访：不愿意的户不再登记询问", walk.in_peace, [422] * len(walk.in_peace)),
        Figure("走访：清单上走过的户", row.progress.done - row.progress.linked, walk.sent.total()),
        Figure("走访：覆盖里不愿意的户", counted["households_refused"], walk.sent["refused"]),
    ]
