"""A chief misses a tag; the county desk confirms it, finds a better name, and later merges it.

On the pages, with the worker telling WeCom.
"""

from dataclasses import dataclass, field

from weijing.accounts.models import Officer
from weijing.core import clock
from weijing.demo.comparing import Figure
from weijing.demo.morning import until
from weijing.demo.stage import VEHICLES, Stage
from weijing.demo.visiting import Visitor
from weijing.residents.models import Resident
from weijing.tags import assigning, queries
from weijing.tags.models import Tag, TagAssignment, TagProposal
from weijing.territory.models import Division

GROUP, NAME, BETTER = "TRF01", "冷链配送车（演示）", "冷链运输车（演示）"
CARRIERS = 3


@dataclass
class Kept:
    """How each act was answered, and what became of the tag and its people."""

    answers: list[int] = field(default_factory=list)
    ended_as: str = ""
    carriers: int = 0
    before: int = 0
    left: int = 0


def play(stage: Stage, chief_userid: str, township: Division) -> Kept:
    kept = Kept()
    chief, desk = Visitor(stage), Visitor(stage)
    chief.through_wecom(chief_userid)
    desk.by_password("approver", stage.passwords["approver"])
    chief.post(
        "/desk/tags/proposals/new/",
        group=GROUP, name=NAME, definition="本人驾驶冷链配送车", purpose="高温停运时提醒",
        retention_days="365",
    )  # fmt: skip
    proposal = TagProposal.objects.get(county=stage.county, name=NAME)
    kept.answers.append(desk.send(f"/desk/tags/proposals/{proposal.pk}/", {"decision": "confirm"}))
    tag = Tag.objects.get(county=stage.county, name=NAME)
    _give(stage, tag, chief_userid, township)
    named = {"name": BETTER, "seen": NAME}
    kept.answers.append(desk.send(f"/desk/tags/{tag.code}/name/", named))
    mine = Tag.objects.filter(county=stage.county, pk=tag.pk)
    until("WeCom has the new tag", mine.filter(wecom_tag_id__gt="").exists)
    other = next(
        one
        for one in queries.live(stage.county.pk).filter(group__code=GROUP).order_by("code")
        if one.name not in VEHICLES and not one.is_own
    )
    held = TagAssignment.objects.filter(county=stage.county, tag=other)
    kept.before = held.count()
    merge = f"/desk/tags/{tag.code}/merge/?into={other.code}"
    kept.answers.append(desk.send(merge, {"seen": str(CARRIERS)}))
    until("WeCom has deleted the merged tag", mine.filter(wecom_tag_id="").exists)
    tag = mine.select_related("merged_into").get()
    kept.ended_as = f"{tag.name} → {tag.merged_into.name if tag.merged_into else ''}"
    kept.carriers, kept.left = held.count(), TagAssignment.objects.filter(tag=tag).count()
    stage.say(f"县局确认了所长提的新标签，改名，又把它的 {CARRIERS} 人并入「{other.name}」")
    return kept


def _give(stage: Stage, tag: Tag, chief_userid: str, township: Division) -> None:
    """To people who carry no tag of the group."""
    chief = Officer.objects.get(county=stage.county, wecom_userid=chief_userid)
    people = Resident.objects.filter(
        county=stage.county, lifecycle=Resident.Lifecycle.ROLL,
        division__lo__gte=township.lo, division__lo__lte=township.hi,
    )  # fmt: skip
    free = people.exclude(
        pk__in=TagAssignment.objects.filter(county=stage.county, tag__group__code=GROUP).values(
            "resident"
        )
    )
    for person in free.order_by("ordinal")[:CARRIERS]:
        assigning.assign(person, [tag], source="visit", basis="演示", by=chief, at=clock.now())


def compare(kept: Kept) -> list[Figure]:
    return [
        Figure("标签库：确认、改名、合并的答复", kept.answers, [302, 302, 302]),
        Figure("标签库：合并后新标签的名称", kept.ended_as.partition(" → ")[0], BETTER),
        Figure("标签库：合并后带着标签的人", kept.carriers, kept.before + CARRIERS),
        Figure("标签库：还带着旧标签的人", kept.left, 0),
    ]
