"""A drill looks like the real thing and never leaves the simulators."""

from weijing.campaigns.emergency.models import EmergencyEvent
from weijing.core.env import environment
from weijing.core.errors import DomainError
from weijing.core.simulated import is_simulator


class DrillWouldLeave(DomainError):
    """This installation speaks to the real WeCom or the real gateway."""

    def __init__(self) -> None:
        super().__init__(
            "这套系统连着真实的企业微信或短信平台，演练没有发出。请在连接模拟器的系统上演练。"
        )


def stays_here() -> bool:
    """Whether WeCom and, if there is one, the SMS gateway are simulators on this machine."""
    settings = environment()
    return is_simulator(settings.wecom_base_url) and (
        not settings.sms_base_url or is_simulator(settings.sms_base_url)
    )


def check(event: EmergencyEvent) -> None:
    """Raises `DrillWouldLeave`."""
    if event.is_drill and not stays_here():
        raise DrillWouldLeave
