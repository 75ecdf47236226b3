"""What residents ask of an officer: a found card goes back to its owner, an old woman is found."""

from dataclasses import dataclass, field
from datetime import timedelta

import httpx

from weijing.accounts.models import Officer
from weijing.accounts.scope import scope_of
from weijing.core import clock
from weijing.core.clock import COUNTY_TIME
from weijing.demo.comparing import Figure
from weijing.demo.stage import Stage
from weijing.demo.visiting import Visitor
from weijing.requests.models import LostItem, LostMatch, MissingPerson
from weijing.residents.models import Resident

OFFICER = "mj0002"
OLD_WOMAN = "周样例"
AGREED = ("name", "looks")


@dataclass
class Helped:
    """Who and what it was about, and what anybody could read of it meanwhile."""

    owner: int = 0
    list_of_found: str = ""
    notice: str = ""
    after: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)


def play(stage: Stage) -> Helped:
    helped = Helped()
    officer = Officer.objects.get(county=stage.county, wecom_userid=OFFICER)
    grown = clock.today() - timedelta(days=20 * 366)
    people = Resident.objects.filter(
        scope_of(officer, at=clock.now()).divisions(),
        lifecycle=Resident.Lifecycle.ROLL,
        id_number_index__isnull=False,
        born_on__lte=grown,
    )
    owner = people.select_related("division__parent").order_by("ordinal")[0]
    phone = Visitor(stage)
    phone.through_wecom(OFFICER)
    a_card_goes_back(stage, phone, owner, helped)
    an_old_woman_is_found(stage, phone, owner, helped)
    return helped


def a_card_goes_back(stage: Stage, phone: Visitor, owner: Resident, helped: Helped) -> None:
    """Handed in, recognised by its number, proved by its last four digits, signed for."""
    number = owner.id_number
    helped.owner, helped.secrets = owner.pk, (owner.name, number, number[-4:])
    phone.post(
        "/o/lost/new/?side=found", kind="id_card", holder=owner.name, number=number, held="on",
        village=_village(owner), happened_on=clock.today().isoformat(),
    )  # fmt: skip
    found = LostItem.objects.get(county=stage.county, side=LostItem.Side.FOUND)
    helped.list_of_found = _anybody(stage, "/r/lost/")
    here = f"/o/lost/{found.number}/"
    phone.post(here, step="book")
    phone.post(here, step="prove", how="tail", tail=number[-4:], looked="on")
    phone.post(here, step="hand-over", receiver="owner", signed=owner.name)
    stage.say("捡到的身份证按证件号对到失主，核实后四位，签收归还")


def an_old_woman_is_found(stage: Stage, phone: Visitor, near: Resident, helped: Helped) -> None:
    """Searched for at once, shown as far as the family agreed, taken down when she is found."""
    seen = clock.now().astimezone(COUNTY_TIME) - timedelta(hours=1)
    phone.post(
        "/o/missing/new/", name=OLD_WOMAN, age="78", sex="f", needs_care="on",
        last_seen_at=f"{seen:%Y-%m-%dT%H:%M}", village=_village(near), place="桥头小卖部",
        looks="蓝布衣，拄竹杖", relation="女儿", family_name="周家人", family_phone="15400009998",
    )  # fmt: skip
    missing = MissingPerson.objects.get(county=stage.county)
    here = f"/o/missing/{missing.number}/"
    phone.post(here, step="confirm", how="call", is_family="on")
    for one in AGREED:
        phone.post(
            here, step="agree", fields=one, given_by="周家人", relation="女儿", channel="paper"
        )
    phone.post(here, step="publish")
    helped.notice = _anybody(stage, f"/r/missing/{missing.number}/")
    phone.post(here, step="find", place="车站候车室", may_tell="yes")
    helped.after = _anybody(stage, f"/r/missing/{missing.number}/")
    phone.post(here, step="bring-home", handed_to="周家人")
    stage.say("走失老人接报就找，家属逐项同意后公开，找到后启事全部撤下")


def compare(stage: Stage, helped: Helped) -> list[Figure]:
    match = LostMatch.objects.get(county=stage.county)
    missing = MissingPerson.objects.get(county=stage.county)
    shown = [secret for secret in helped.secrets if secret in helped.list_of_found]
    agreed = OLD_WOMAN in helped.notice and "蓝布衣" in helped.notice
    kept_back = not any(word in helped.notice for word in ("78 岁", "桥头小卖部", "15400009998"))
    return [
        Figure("失物招领：证件还给名册上的失主", match.lost.resident_id, helped.owner),
        Figure("失物招领：现在的状态", match.found.state, LostItem.State.RETURNED.value),
        Figure("失物招领：公开页上的姓名、证件号", len(shown), 0),
        Figure("寻人：公开的是家属同意的两项", agreed and kept_back, True),
        Figure("寻人：找到以后公开页还有姓名", OLD_WOMAN in helped.after, False),
        Figure("寻人：现在的状态", missing.state, MissingPerson.State.RETURNED.value),
    ]


def _village(resident: Resident) -> str:
    place = resident.division
    assert place is not None
    return str(place.parent.code if place.level == "group" and place.parent else place.code)


def _anybody(stage: Stage, address: str) -> str:
    """The page as somebody reads it who is not known to us."""
    return httpx.get(f"{stage.web}{address}", timeout=30, trust_env=False).text
