"""What new friends are greeted with: the words of their beat, of the county, or our own.

The privacy sentence and the way to the resident's page are ours to add; nobody can leave them out.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.env import environment
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents.models import WelcomeText
from weijing.territory.models import Beat, County

MAX_BYTES = 4_000  # of the whole message; developer.work.weixin.qq.com/document/path/92137
LINK_CHARS = 60  # `/r/open/`, 43 letters of a key, `/`, and some to spare
BUREAU, NAME, BEAT = "{单位}", "{姓名}", "{网格}"
OURS = (
    f"您好，我是{BUREAU}{NAME}，负责您所在的片区。遇到可疑电话和转账、邻里纠纷、安全隐患或需要帮忙的事，"
    "请直接在这里留言。紧急情况请拨打110。宣传信息只在您同意后才会发送，随时可以告诉我不再接收。"
)
PRIVACY = (
    "您的信息只用来联系您、为您办事，用途、保存期限和谁看过都可以查。查看、更正、退订请点您的专页"
    "（只给您本人用，请不要转发）：\n{url}"
)
PRIVACY_WITHOUT_PAGE = (
    "您的信息只用来联系您、为您办事，想知道记了什么、要更正或者不再联系，随时告诉我。"
)


class TooLong(DomainError):
    """With the privacy sentence it is more than WeCom takes in one message."""


class UnknownBlank(DomainError):
    """Braces that nothing would be filled into would stand in the message."""


class ChangedMeanwhile(DomainError):
    """Somebody saved another text since the page was opened."""


def latest(county_id: int, beat_id: int | None) -> WelcomeText | None:
    """The last version saved for the beat itself; None for the beat: the county's own."""
    rows = WelcomeText.objects.filter(county_id=county_id)
    rows = rows.filter(beat=None) if beat_id is None else rows.filter(beat_id=beat_id)
    return rows.select_related("written_by").order_by("-written_at", "-pk").first()


def latest_of(county_id: int, beat_ids: Collection[int]) -> dict[int, WelcomeText]:
    """The same for many beats, by beat id; those that never had one are missing."""
    rows = WelcomeText.objects.filter(county_id=county_id, beat_id__in=beat_ids)
    rows = rows.select_related("written_by").order_by("beat_id", "-written_at", "-pk")
    return {row.beat_id or 0: row for row in rows.distinct("beat_id")}


def in_force(county_id: int, beat_id: int | None) -> tuple[str, WelcomeText | None]:
    """The text a new friend of the beat gets, and the version it is (None: ours)."""
    for whose in dict.fromkeys((beat_id, None)):
        found = latest(county_id, whose)
        if found is not None and found.text:
            return found.text, found
    return OURS, None


def message(text: str, *, bureau: str, name: str, beat: str, url: str) -> str:
    """The whole greeting. `url` is the resident's page, "" when there is none in time."""
    said = text.replace(BUREAU, bureau).replace(NAME, name).replace(BEAT, beat)
    return f"{said}\n{PRIVACY.format(url=url) if url else PRIVACY_WITHOUT_PAGE}"


def can_write(scope: Scope, beat: Beat | None) -> bool:
    """A station for its beats; the county desk for all, and for the county's own text."""
    if scope.whole_county:
        return scope.has(Role.CAMPAIGN_AUTHOR, Role.CAMPAIGN_APPROVER, Role.STATION_COMMAND)
    return (
        beat is not None
        and beat.county_id == scope.county_id
        and scope.has(Role.STATION_COMMAND)
        and beat.station_id in scope.station_ids
    )


@transaction.atomic
def write(
    county: County,
    beat: Beat | None,
    text: str,
    *,
    seen: str,
    by: Officer,
    scope: Scope,
    at: datetime,
) -> WelcomeText:
    """Keep a new version; from the next greeting on it is sent. "" goes back to the county's.

    `seen` is `version` of what the page showed.

    Raises `PermissionDenied`, `TooLong`, `UnknownBlank`, `ChangedMeanwhile`.
    """
    if not can_write(scope, beat):
        raise PermissionDenied
    text = text.replace("\r\n", "\n").strip()
    _check(county, text)
    County.objects.select_for_update(no_key=True).get(pk=county.pk)  # versions come one by one
    if seen != version(latest(county.pk, beat.pk if beat else None)):
        raise ChangedMeanwhile("没有保存：刚才别人改过这条欢迎语。您写的还在，请看一眼再保存。")
    written = WelcomeText.objects.create(
        county=county, beat=beat, text=text, written_at=at, written_by=by
    )
    trail.record(by, "welcome.written", written, at=at, bytes=len(text.encode()))
    return written


def version(text: WelcomeText | None) -> str:
    return str(text.pk) if text else ""


def size_bytes(county: County, text: str) -> int:
    """Of the message with the longest names there may be, so that it never is too long."""
    url = environment().public_url + "x" * LINK_CHARS
    said = message(text, bureau=county.bureau_name, name="名" * 20, beat="网" * 30, url=url)
    return len(said.encode())


def _check(county: County, text: str) -> None:
    plain = text
    for blank in (BUREAU, NAME, BEAT):
        plain = plain.replace(blank, "")
    if "{" in plain or "}" in plain:
        raise UnknownBlank(
            f"没有保存：只能用 {BUREAU}、{NAME}、{BEAT} 三个空，其他大括号请删掉。您写的还在。"
        )
    size = size_bytes(county, text)
    if size > MAX_BYTES:
        raise TooLong(
            f"没有保存：连同用途说明共 {size:,} 字节，企业微信最多 {MAX_BYTES:,} 字节。"
            f"请删去约 {(size - MAX_BYTES) // 3 + 1} 个字。您写的还在。"
        )
