"""The buttons on a search's page, by the word they send."""

from typing import Any

from django.http import Http404

from weijing.core import clock
from weijing.requests.missing import (
    consenting,
    finding,
    photos,
    publishing,
    searching,
    sightings,
)
from weijing.requests.models import MissingPerson, Sighting
from weijing.web import typed
from weijing.web.access import OfficerRequest
from weijing.web.missing.rows import came_down

Said = dict[str, str]


def take(request: OfficerRequest, missing: MissingPerson) -> str:
    """Take the step of this POST. Returns what was done, in Chinese.

    Raises `DomainError`; 404 for a step that does not exist.
    """
    named = request.POST.get("step", "")
    acting: Any = {"by": request.user, "scope": request.scope, "at": clock.now()}
    if named == "photo":
        data = typed.upload(request.FILES, "photo", most_bytes=photos.MAX_BYTES)
        photos.keep(missing, data, **acting)
        return f"照片已保存，拍摄地点等信息已去掉。{came_down(missing, at=acting['at'])}"
    step = STEPS.get(named)
    if step is None:
        raise Http404
    said = typed.words(request)
    said["fields"] = ",".join(request.POST.getlist("fields"))
    return step(missing, said, acting)


def _confirm(missing: MissingPerson, said: Said, acting: Any) -> str:
    how, is_family = said.get("how", ""), said.get("is_family") == "on"
    if missing.state == MissingPerson.State.SEARCHING:
        searching.confirm_while_searching(missing, how, is_family=is_family, **acting)
        return "已核实。"
    searching.confirm_and_begin(missing, how, is_family=is_family, **acting)
    return "已核实，全县民辅警都看得到，马上去找。"


def _begin(missing: MissingPerson, said: Said, acting: Any) -> str:
    searching.begin(missing, **acting)
    return "已开始查找，全县民辅警都看得到。请接着和家属核实。"


def _take_charge(missing: MissingPerson, said: Said, acting: Any) -> str:
    is_found = missing.state == MissingPerson.State.FOUND
    searching.take_charge(missing, **acting)
    return "由你办结。" if is_found else "由你负责，线索都发给你。"


def _describe(missing: MissingPerson, said: Said, acting: Any) -> str:
    searching.describe(
        missing,
        place=said.get("place", ""),
        looks=said.get("looks", ""),
        help=said.get("help", ""),
        needs_care=said.get("needs_care") == "on",
        **acting,
    )
    return came_down(missing, at=acting["at"]) or "已更新，启事跟着变。"


def _agree(missing: MissingPerson, said: Said, acting: Any) -> str:
    consenting.agree(
        missing,
        [field for field in said["fields"].split(",") if field],
        given_by=said.get("given_by", ""),
        relation=said.get("relation", ""),
        channel=said.get("channel", ""),
        **acting,
    )
    return f"已登记书面同意。{came_down(missing, at=acting['at'])}"


def _withdraw(missing: MissingPerson, said: Said, acting: Any) -> str:
    consenting.withdraw(missing, [said.get("field", "")], **acting)
    return "已撤回，启事上马上没有了。"


def _publish(missing: MissingPerson, said: Said, acting: Any) -> str:
    minors_law, seen = said.get("minors_law") == "on", said.get("seen", "")
    publishing.publish(missing, minors_law=minors_law, seen=seen, **acting)
    return "已公开，24 小时后自动撤下，还没找到可以再续。"


def _take_down(missing: MissingPerson, said: Said, acting: Any) -> str:
    publishing.take_down(missing, **acting)
    return "已撤下，所有人都看不到了。"


def _sighting(missing: MissingPerson, said: Said, acting: Any) -> str:
    at = acting["at"]
    sightings.tell(
        missing,
        said.get("place", ""),
        seen_at=typed.moment(said.get("seen_at", ""), otherwise=at),
        words=said.get("words", ""),
        phone=said.get("phone", ""),
        by=acting["by"],
        at=at,
    )
    return "线索已登记，马上通知负责的民辅警。"


def _verdict(missing: MissingPerson, said: Said, acting: Any) -> str:
    number = said.get("sighting", "")
    rows = Sighting.objects.filter(county_id=missing.county_id, missing=missing)
    sighting = rows.filter(pk=int(number)).first() if number.isdecimal() else None
    if sighting is None:
        raise Http404
    sightings.decide(sighting, said.get("verdict", ""), **acting)
    return "线索已处理。"


def _find(missing: MissingPerson, said: Said, acting: Any) -> str:
    may_tell, is_well = said.get("may_tell") == "yes", said.get("well") == "on"
    place = said.get("place", "")
    finding.find(missing, place, may_tell_family=may_tell, is_well=is_well, **acting)
    return "已找到，启事已全部撤下。"


def _bring_home(missing: MissingPerson, said: Said, acting: Any) -> str:
    finding.bring_home(missing, said.get("handed_to", ""), **acting)
    return "已交给家属。"


def _close(missing: MissingPerson, said: Said, acting: Any) -> str:
    finding.close(missing, said.get("outcome", ""), **acting)
    return "已办结。"


def _turn_down(missing: MissingPerson, said: Said, acting: Any) -> str:
    photos.turn_down(missing, **acting)
    return "新照片已退掉，原来的照片不变。"


STEPS = {
    "confirm": _confirm,
    "begin": _begin,
    "take-charge": _take_charge,
    "describe": _describe,
    "agree": _agree,
    "withdraw": _withdraw,
    "publish": _publish,
    "turn-down": _turn_down,
    "take-down": _take_down,
    "sighting": _sighting,
    "verdict": _verdict,
    "find": _find,
    "bring-home": _bring_home,
    "close": _close,
}
