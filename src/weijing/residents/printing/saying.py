"""What cards and posters say, whichever of them it is."""

from dataclasses import dataclass

from wecom_api import pictures
from weijing.accounts.models import Officer
from weijing.core.env import environment
from weijing.core.errors import DomainError
from weijing.residents.models import ContactWay
from weijing.residents.printing import measuring
from weijing.residents.ways import troubles
from weijing.territory.models import County
from weijing.territory.naming import grid_name

URGENT = "紧急情况先打"
NOT_HERE = "微信不是随时有人看，急事不要在微信里等"
FOR = ("可疑电话、转账，先问一声", "邻里纠纷、家庭矛盾", "安全隐患、走失寻人", "办事咨询、一般求助")
PRIVACY = "您的信息只用来联系您、为您办事；宣传信息经您同意才发，随时可退。"
PRIVACY_MORE = "记了什么、存多久、谁看过，加好友后在您的专页里都能查、能改、能退。"
REAL = "是真民警吗？"
NEVER = "真民警不要验证码、密码，不会让您转账。"
MOST_NAMES = 3


class NothingToPrint(DomainError):
    """There is no picture of the code yet."""


@dataclass(frozen=True)
class Saying:
    """`village` is "" on a card; `names` are those whom a scan may reach, the first first."""

    bureau: str
    station: str
    grid: str
    village: str
    names: tuple[str, ...]
    rank: str
    picture: bytes
    kind: str
    check_at: str  # the page that checks an officer's code; "" when there is no public address

    @property
    def name(self) -> str:
        shown = "、".join(self.names[:MOST_NAMES])
        return f"{shown}等" if len(self.names) > MOST_NAMES else shown

    @property
    def unprintable(self) -> list[str]:
        """Signs that the PDF's font lacks and the SVG has."""
        words = "".join((self.bureau, self.station, self.grid, self.village, *self.names))
        return sorted({letter for letter in words if not measuring.has(letter)})


def saying(
    way: ContactWay, county: County, officers: list[Officer], *, village: str = ""
) -> Saying:
    """For a code that has been made.

    Raises `NothingToPrint`.
    """
    picture = bytes(way.picture or b"")
    if not picture or not officers:
        why = troubles.words(way) or "正在向企业微信要码，请一分钟后再来。"
        raise NothingToPrint(f"二维码还没有做好，没有印。{why}")
    station = officers[0].station
    base = environment().public_url
    return Saying(
        bureau=county.bureau_name,
        station=station.name if station else "",
        grid=grid_name(way.beat.name) if way.beat else "",
        village=village,
        names=tuple(officer.name for officer in officers),
        rank=officers[0].get_rank_kind_display(),
        picture=picture,
        kind=pictures.kind_of(picture),
        check_at=f"{base}/r/verify/" if base else "",
    )


def how_to_check(one: Saying) -> str:
    """Our code of the week is not on paper: it would be good for a week only."""
    if not one.check_at:
        return f"{REAL}让他出示证件，拿不准就打 110。{NEVER}"
    return f"{REAL}让他出示本周核验码，到 {one.check_at.split('//')[-1]} 核对。{NEVER}"
