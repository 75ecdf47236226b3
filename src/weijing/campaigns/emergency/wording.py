"""What is said: the fixed sentences of each kind of message, filled in from the event."""

from datetime import datetime

from weijing.campaigns.emergency.models import EmergencyEvent, EmergencyMessage
from weijing.core.clock import COUNTY_TIME

Kind = EmergencyMessage.Kind
DRILL = "【演练】"
DRILL_END = "（这是演练，没有真实险情，请照常生活。）"


def template(event: EmergencyEvent, kind: str, *, at: datetime) -> str:
    """The text to start from: what, where, since when, detour, until when, whom to call.

    What is no longer so is left out: a validity that is over by `at`, a road where there is none.
    """
    where = where_it_is(event)
    what = event.get_kind_display()
    signed = f"——{event.county.bureau_name}"
    is_road = event.road is not None
    if kind == Kind.CLEAR:
        now = "道路恢复通行，请安全驾驶" if is_road else "请继续注意安全"
        return f"{where} {what}险情已解除，{now}。谢谢配合。\n{signed}"
    if kind == Kind.CORRECTION:
        now = "道路可以通行，" if is_road else ""
        return f"更正：此前发布的 {where} {what}消息经核实有误，{now}请见谅。\n{signed}"
    lines = [
        f"{_severity(event)}{where} {_moment(event.happened_at)} 发生{what}，请不要前往，"
        "已在附近的请尽快离开危险地段。",
    ]
    if kind == Kind.UPDATE:
        lines = [f"续报：{where} {what}险情还没有解除，请继续不要前往。"]
    if event.detour:
        lines.append(f"绕行：{event.detour}。")
    if event.valid_until and event.valid_until > at:
        lines.append(f"本提醒有效到 {_moment(event.valid_until)}，有变化再通知。")
    if event.phone:
        lines.append(f"咨询电话：{event.phone}；遇险请打 110。")
    return "\n".join([*lines, signed])


def as_sent(event: EmergencyEvent, body: str) -> str:
    """What people read. A drill says so twice, whatever its author wrote."""
    return f"{DRILL}{body.strip()}\n{DRILL_END}" if event.is_drill else body.strip()


def title(event: EmergencyEvent, kind: str) -> str:
    """What an officer sees first: 紧急：S240 罗洪段 泥石流（续报）"""
    word = "" if kind == Kind.FIRST else f"（{Kind(kind).label}）"
    start = "演练：" if event.is_drill else "紧急："
    return f"{start}{short_where(event)} {event.get_kind_display()}{word}"[:60]


def short_where(event: EmergencyEvent) -> str:
    return event.road.name if event.road is not None else event.place


def where_it_is(event: EmergencyEvent) -> str:
    if event.road is None:
        return event.place
    return f"{event.road.name} {event.place}"


def _severity(event: EmergencyEvent) -> str:
    return f"【{event.get_severity_display()}预警】" if event.severity else ""


def _moment(at: datetime) -> str:
    here = at.astimezone(COUNTY_TIME)
    return f"{here.month} 月 {here.day} 日 {here:%H:%M}"
